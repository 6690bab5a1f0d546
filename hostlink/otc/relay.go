package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"onetimechat/hostlink/host"
	"onetimechat/hostlink/relay"
)

func (a *app) relayCommand() *cobra.Command {
	var listen, cert, key string
	var verbose bool
	var cfg relay.Config
	cmd := &cobra.Command{
		Use:   "relay",
		Short: "Run a relay: the mailboxes between clients",
		Long: `relay keeps sealed packages for their recipients, fetched or not, for as long as
--retention says. It need not be trusted, and cannot read them; it does see who
writes to whom.

It prints one line, "relay http://ADDR", when it is ready, and ends cleanly on
SIGTERM or Ctrl-C. By default only this computer can reach it.`,
		Example: `  otc relay
  otc relay --listen localhost:0 --data relay-data
  otc relay --listen :9050 --cert relay.pem --key relay.key --retention 168h`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			conf, err := certificate(cert, key)
			if err != nil {
				return err
			}
			if cfg.DataDir == "" {
				cfg.DataDir = filepath.Join(host.Defaults(a.env).Data, "relay")
			}
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			cfg.Log = slog.New(slog.NewTextHandler(a.ui.errs, &slog.HandlerOptions{Level: level}))
			r, err := relay.Open(cfg)
			if err != nil {
				return err
			}
			listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
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
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&listen, "listen", "l", "localhost:9050", "address to listen on; port 0 picks a free one")
	flags.StringVar(&cfg.DataDir, "data", "", "folder of the database (default: beside otc's own data)")
	flags.DurationVar(&cfg.Retention, "retention", 30*24*time.Hour, "how long messages are kept")
	flags.StringVar(&cert, "cert", "", "TLS certificate chain, PEM; needs --key")
	flags.StringVar(&key, "key", "", "TLS key, PEM; needs --cert")
	flags.BoolVarP(&verbose, "verbose", "v", false, "log every request (user ids, never contents)")
	return cmd
}

// certificate is nil when the relay speaks plain HTTP.
func certificate(cert, key string) (*tls.Config, error) {
	if cert == "" && key == "" {
		return nil, nil
	}
	if cert == "" || key == "" {
		return nil, misused("--cert and --key belong together")
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}
