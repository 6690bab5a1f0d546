// Package relay is the mailbox server.
package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"
)

// Config says how a relay runs. Zero values mean the defaults.
type Config struct {
	DataDir   string        // holds the database; made when missing
	Retention time.Duration // messages older than this are deleted; default 30 days

	MaxPackage         int   // bytes of one package before base64; default 1 MiB
	MaxMailboxBytes    int64 // contents kept for one recipient; default 256 MiB
	MaxMailboxMessages int64 // messages kept for one recipient; default 1 000 000
	MaxMailboxes       int   // recipients ever seen; default 100 000
	MaxBytes           int64 // contents kept in all; default 16 GiB
	MaxConns           int   // open connections; default 16 384
	MaxPolls           int   // requests that wait for a message; default 12 288

	Log *slog.Logger // default: none
}

// Relay is an open mailbox server.
type Relay struct{}

// Open opens the relay's database, or makes it.
func Open(cfg Config) (*Relay, error) { return nil, errors.ErrUnsupported }

// Serve answers on listener until ctx ends, then shuts down cleanly.
func (r *Relay) Serve(ctx context.Context, listener net.Listener, conf *tls.Config) error {
	return errors.ErrUnsupported
}

// Close closes a relay that was never served.
func (r *Relay) Close() error { return nil }
