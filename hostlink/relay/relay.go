// Package relay is the mailbox server: HTTP on top of one SQLite table of
// messages. Nobody has to trust it; it sees who writes to whom, when, and
// sealed packages.
//
// Start at [Open] and [Relay.Serve]. A request goes http.go (what is asked, is
// it allowed) → writer.go (many senders, one synced commit) → store.go (the
// database), or http.go → answer.go (read a mailbox, perhaps wait in bells.go).
//
// What holds: a message is answered only after its commit is synced; a ref is
// never given twice, also after deletions and restarts; every number of bytes,
// messages, mailboxes, connections and waiting requests has a limit, and one
// address a share of it; contents are never logged, user ids only at debug
// level, and addresses never written down. A failed sync ends the
// relay, because nothing is known any more about what it keeps.
//
// What it refuses to do: authenticate, delete on request, or list mailboxes.
package relay

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/uid"
)

// Config says how a relay runs. Zero values mean the defaults.
type Config struct {
	DataDir   string        // holds the database; made when missing
	Retention time.Duration // how long messages are kept, counted while the relay runs; default 30 days
	Names     []string      // user ids, between whom alone messages are taken, see room; default: between all

	MaxPackage         int   // bytes of one package before base64; default and most 1 MiB
	MaxMailboxBytes    int64 // contents kept for one recipient; default 256 MiB
	MaxMailboxMessages int64 // messages kept for one recipient; default 1 000 000
	MaxSenderBytes     int64 // contents kept for one recipient from one sender's name; default 64 MiB
	MaxSenderMessages  int64 // messages likewise; default 250 000
	MaxMailboxes       int   // recipients with messages; default 100 000
	MaxMessages        int64 // messages kept in all; default 4 000 000
	MaxBytes           int64 // contents kept in all; default 16 GiB
	MaxAddressBytes    int64 // what one address may spend within a retention, see allowance.go; default 64 MiB
	MaxConns           int   // open connections; default 16 384
	MaxPolls           int   // requests that wait for a message; default 12 288

	Log *slog.Logger // default: none

	now        func() time.Time // tests set the clock
	sweepEvery time.Duration    // how often old messages are looked for
	sweepNow   chan struct{}    // tests have them looked for
}

func (c Config) withDefaults() Config {
	c.Retention = cmp.Or(c.Retention, 30*24*time.Hour)
	c.MaxPackage = cmp.Or(c.MaxPackage, mailbox.MaxPackage)
	c.MaxMailboxBytes = cmp.Or(c.MaxMailboxBytes, 256<<20)
	c.MaxMailboxMessages = cmp.Or(c.MaxMailboxMessages, 1_000_000)
	c.MaxSenderBytes = cmp.Or(c.MaxSenderBytes, 64<<20)
	c.MaxSenderMessages = cmp.Or(c.MaxSenderMessages, 250_000)
	c.MaxMailboxes = cmp.Or(c.MaxMailboxes, 100_000)
	c.MaxMessages = cmp.Or(c.MaxMessages, 4_000_000)
	c.MaxBytes = cmp.Or(c.MaxBytes, 16<<30)
	c.MaxAddressBytes = cmp.Or(c.MaxAddressBytes, 64<<20)
	c.room()
	c.MaxConns = cmp.Or(c.MaxConns, 16_384)
	c.MaxPolls = cmp.Or(c.MaxPolls, 12_288)
	c.sweepEvery = cmp.Or(c.sweepEvery, min(time.Hour, max(c.Retention/10, time.Second)))
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c
}

// room gives each name, and whoever writes to it in each other name, a share that
// nobody else can fill, so that strangers who come from ever so many addresses take
// room from those only in whose names they write.
func (c *Config) room() {
	names := int64(len(c.Names))
	if names == 0 {
		return
	}
	c.MaxMailboxes = max(c.MaxMailboxes, len(c.Names))
	c.MaxMailboxBytes = min(c.MaxMailboxBytes, c.MaxBytes/names)
	c.MaxMailboxMessages = min(c.MaxMailboxMessages, c.MaxMessages/names)
	c.MaxSenderBytes = min(c.MaxSenderBytes, c.MaxMailboxBytes/names)
	c.MaxSenderMessages = min(c.MaxSenderMessages, c.MaxMailboxMessages/names)
}

func (c Config) check() error {
	switch {
	case c.DataDir == "":
		return errors.New("relay: no data directory")
	case c.Retention < 0 || c.MaxPackage < 0 || c.MaxMailboxBytes < 0 || c.MaxMailboxMessages < 0 || c.MaxSenderBytes < 0 || c.MaxSenderMessages < 0 ||
		c.MaxMailboxes < 0 || c.MaxMessages < 0 || c.MaxBytes < 0 || c.MaxAddressBytes < 0 || c.MaxConns < 0 || c.MaxPolls < 0:
		return errors.New("relay: a limit is negative")
	case c.MaxPackage > mailbox.MaxPackage:
		return fmt.Errorf("relay: packages are at most %d bytes", mailbox.MaxPackage)
	case len(c.Names) > 0 && (c.MaxSenderMessages == 0 || c.MaxSenderBytes < maxContents(c.MaxPackage)):
		return fmt.Errorf("relay: too little room for %d names", len(c.Names))
	}
	for _, name := range c.Names {
		if err := uid.Check(name); err != nil {
			return fmt.Errorf("relay: %w", err)
		}
	}
	return nil
}

// maxContents is the length of a package in base64.
func maxContents(size int) int64 { return (int64(size) + 2) / 3 * 4 }

// Times a connection may take. The reading time covers a whole request and,
// because net/http keeps reading beside a handler, its long poll.
const (
	headerTime   = 10 * time.Second
	readTime     = mailbox.MaxWait*time.Second + 30*time.Second
	writeTime    = mailbox.MaxWait*time.Second + 120*time.Second
	idleTime     = 2 * time.Minute
	shutdownTime = 10 * time.Second
	maxHeader    = 8 << 10
)

// Relay is an open mailbox server.
type Relay struct {
	cfg   Config
	store *store
	write *writer
	bells *bells

	stopping chan struct{} // closed at the beginning of a shutdown: long polls end
	answers  *budget       // bytes of answers that are being written
	bodies   *budget       // bytes of forms that are being read
	polls    *budget       // requests that wait
	requests *budget       // requests under way: behind a proxy connections tell nobody apart
	close    func() error
}

// Open opens the relay's database, or makes it, and begins to delete what is
// too old. One process at a time can have it open.
func Open(cfg Config) (*Relay, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	store, err := openStore(cfg.DataDir)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", advised(err))
	}
	store.leaveGap(cfg.now())
	r := &Relay{
		cfg:      cfg,
		store:    store,
		bells:    newBells(),
		stopping: make(chan struct{}),
		answers:  newBudget(256 << 20),
		bodies:   newBudget(128 << 20),
		polls:    newBudget(int64(cfg.MaxPolls)),
		requests: newBudget(int64(cfg.MaxConns)),
	}
	r.write = startWriter(cfg, store, r.bells)
	r.close = sync.OnceValue(func() error {
		r.write.stop()
		return store.close()
	})
	cfg.Log.Info("relay open", "data", cfg.DataDir, "mailboxes", store.mailboxes(), "next_ref", store.nextRef)
	return r, nil
}

// Close closes the database. Serve does it too; a relay that was never served
// needs it.
func (r *Relay) Close() error { return r.close() }

// Serve answers on listener until ctx ends, over TLS when conf is not nil. Then
// long polls end at once with what they have, requests under way finish, and
// the database is closed; a clean shutdown returns nil. An error of the
// listener or of the database ends it too. A Relay serves once.
func (r *Relay) Serve(ctx context.Context, listener net.Listener, conf *tls.Config) error {
	server := r.server()
	counted := newCountedListener(listener, r.cfg.MaxConns)
	listener = counted
	if conf != nil {
		listener = tls.NewListener(counted, conf)
	}
	var listening error
	served := make(chan struct{})
	go func() {
		defer close(served)
		listening = server.Serve(listener)
	}()
	r.cfg.Log.Info("relay serving", "address", listener.Addr().String(), "tls", conf != nil)

	var err error
	select {
	case <-ctx.Done():
	case <-served:
		err = listening
	case <-r.write.failed:
		err = r.write.err
	}
	close(r.stopping)
	err = errors.Join(err, shutdown(server))
	<-served
	err = errors.Join(err, r.Close())
	r.cfg.Log.Info("relay closed")
	return err
}

func (r *Relay) server() *http.Server {
	// HTTP/1.1 only: one connection is one request, which the limits count.
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	return &http.Server{
		Handler:           r.handler(),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		Protocols:         http1,
		ConnContext:       markCrowded,
		ErrorLog:          slog.NewLogLogger(r.cfg.Log.Handler(), slog.LevelDebug),
	}
}

func shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("relay: some requests did not finish: %w", err), server.Close())
	}
	return nil
}
