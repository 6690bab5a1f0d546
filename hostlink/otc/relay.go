package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"onetimechat/hostlink/host"
	"onetimechat/hostlink/relay"
	"onetimechat/padstore/uid"
)

// relayOptions are the flags of relay.
type relayOptions struct {
	listen, cert, key string
	verbose           bool
	namesGiven        bool // --names, whatever it names
	cfg               relay.Config
}

func (a *app) relayCommand() *cobra.Command {
	var o relayOptions
	cmd := &cobra.Command{
		Use:   "relay",
		Short: "Run a relay: the mailboxes between clients",
		Long: `relay keeps sealed packages for their recipients, fetched or not, for as long
as --retention says. It need not be trusted, and cannot read them; it does see
who writes to whom.

It prints one line, "relay http://ADDR", when it is ready, and ends cleanly on
SIGTERM or Ctrl-C. By default only this computer can reach it.

With --names it takes messages between those users alone, each of whom has room
that nobody else can fill. Without, anybody who reaches it can fill it.`,
		Example: `  otc relay
  otc relay --listen localhost:0 --data relay-data
  otc relay --names alice,bob,carol
  otc relay --listen :9050 --cert relay.pem --key relay.key --retention 168h`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			o.namesGiven = cmd.Flags().Changed("names")
			return a.runRelay(ctx, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.listen, "listen", "l", "localhost:9050", "address to listen on, or a port of this computer; 0 picks a free one")
	flags.StringVar(&o.cfg.DataDir, "data", "", "folder of the database (default: beside otc's own data)")
	flags.DurationVar(&o.cfg.Retention, "retention", 30*24*time.Hour, "how long messages are kept, such as 168h for a week, counted while the relay runs")
	flags.Func("size", "contents kept at most; the database takes up to 1 GB more (default 16GiB)", func(text string) (err error) {
		o.cfg.MaxBytes, err = parseSize(text)
		return err
	})
	flags.StringSliceVar(&o.cfg.Names, "names", nil, "user ids whose messages to each other are taken, with commas (default: everybody's)")
	flags.StringVar(&o.cert, "cert", "", "TLS certificate chain, PEM, read again when it changes; needs --key")
	flags.StringVar(&o.key, "key", "", "TLS key, PEM; needs --cert")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "log every request (user ids, never contents)")
	return cmd
}

// runRelay runs a relay until ctx ends.
func (a *app) runRelay(ctx context.Context, o relayOptions) error {
	level := slog.LevelInfo
	if o.verbose {
		level = slog.LevelDebug
	}
	o.cfg.Log = slog.New(slog.NewTextHandler(a.ui.errs, &slog.HandlerOptions{Level: level}))
	conf, err := certificate(o.cert, o.key, o.cfg.Log)
	if err != nil {
		return err
	}
	if o.cfg.Retention <= 0 {
		return misused("--retention must be more than 0")
	}
	if o.namesGiven && len(o.cfg.Names) == 0 {
		return misused("--names names nobody; leave it out to take everybody's messages")
	}
	for _, name := range o.cfg.Names {
		if err := uid.Check(name); err != nil {
			return misused("--names: %s", err)
		}
	}
	address, err := listenAddress(o.listen)
	if err != nil {
		return err
	}
	if o.cfg.DataDir == "" {
		data := host.Defaults(a.env).Data
		if data == "" {
			return usageError{host.ErrNoData}
		}
		o.cfg.DataDir = filepath.Join(data, "relay")
	}
	r, err := relay.Open(o.cfg)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return errors.Join(fmt.Errorf("%w; is another relay running? --listen takes another address", err), r.Close())
	}
	scheme := "http"
	if conf != nil {
		scheme = "https"
	}
	if err := a.ui.say("relay %s://%s", scheme, listener.Addr()); err != nil {
		return errors.Join(err, listener.Close(), r.Close())
	}
	return r.Serve(ctx, listener, conf)
}

// listenAddress reads where to listen: host:port, or a port of this computer, as
// everywhere that an address is typed.
func listenAddress(text string) (string, error) {
	if _, err := strconv.ParseUint(text, 10, 16); err == nil {
		return "localhost:" + text, nil
	}
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return "", misused("%q is nowhere to listen: write it so: --listen 9050, or --listen 0.0.0.0:9050 for other computers too", text)
	}
	return text, nil
}

// certificate is nil when the relay speaks plain HTTP.
func certificate(cert, key string, log *slog.Logger) (*tls.Config, error) {
	if cert == "" && key == "" {
		return nil, nil
	}
	if cert == "" || key == "" {
		return nil, misused("--cert and --key belong together")
	}
	files := &certFiles{cert: cert, key: key, log: log}
	if _, err := files.current(nil); err != nil {
		return nil, err
	}
	return &tls.Config{GetCertificate: files.current, MinVersion: tls.VersionTLS12}, nil
}

// certFiles reads a certificate again when its files have changed: they are
// renewed every few weeks, and a relay runs for years.
type certFiles struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	changed [2]time.Time // of the files, when they were read
	pair    *tls.Certificate
	told    bool // why the files are not taken up
}

// current keeps to the certificate it has while the files are not to be read,
// or do not belong together yet.
func (c *certFiles) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var changed [2]time.Time
	for i, name := range []string{c.cert, c.key} {
		info, err := os.Stat(name)
		if err != nil {
			return c.kept(err)
		}
		changed[i] = info.ModTime()
	}
	if c.pair != nil && changed == c.changed {
		return c.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return c.kept(err)
	}
	c.pair, c.changed, c.told = &pair, changed, false
	return c.pair, nil
}

func (c *certFiles) kept(err error) (*tls.Certificate, error) {
	if c.pair == nil {
		return nil, err
	}
	if !c.told {
		c.told = true
		c.log.Warn("certificate not taken up, the old one serves on", "error", err)
	}
	return c.pair, nil
}
