// Package cable finds the pad device at the other end of a meeting cable.
package cable

import (
	"context"
	"net"
)

// Finder finds the other device. It is declared here for documentation of what
// both kinds, Rendezvous and LinkLocal, do.
type Finder interface {
	// Find waits until the other device is there, and returns a connection to
	// it: to one device at most, and never to itself.
	Find(ctx context.Context) (net.Conn, error)
}
