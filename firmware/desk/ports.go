package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"onetimechat/hal/cable"
	"onetimechat/hostlink"
)

// ports are the desk's two openings: the laptop's link, which is a listener,
// and the meeting cable, which is an address that both devices know. They
// implement device.Ports.
type ports struct {
	cable  *cable.Rendezvous
	server *hostlink.Server
	broken chan error // why the link broke by itself

	mu       sync.Mutex
	listener net.Listener // perhaps not served yet
	closed   bool         // the listener is, for a meeting
	stop     func() error // ends serving it; nil while it is not served
}

// reopenTime is how long OpenLink tries to get the link's address back.
const reopenTime = 5 * time.Second

func newPorts(link net.Listener, meet string) *ports {
	return &ports{listener: link, cable: cable.NewRendezvous(meet), broken: make(chan error, 1)}
}

// run serves the link until ctx ends or it breaks.
func (p *ports) run(ctx context.Context) error {
	p.serve()
	select {
	case err := <-p.broken:
		return err
	case <-ctx.Done():
		return p.CloseLink()
	}
}

func (p *ports) serve() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed { // a meeting has begun before
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	listener := p.listener
	go func() {
		err := p.server.Serve(ctx, listener)
		if err != nil {
			p.broken <- err
		}
		ended <- err
	}()
	p.stop = func() error {
		cancel()
		return <-ended
	}
}

// CloseLink implements device.Ports.
func (p *ports) CloseLink() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	if p.stop == nil {
		return p.listener.Close()
	}
	stop := p.stop
	p.stop = nil
	return stop()
}

// OpenLink implements device.Ports. Another program may have taken the address
// meanwhile; that is told after a while.
func (p *ports) OpenLink(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reopenTime)
	defer cancel()
	addr := p.listener.Addr().String()
	for {
		link, err := listenLink(ctx, addr)
		if err == nil {
			p.mu.Lock()
			p.listener, p.closed = link, false
			p.mu.Unlock()
			p.serve()
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// Find implements device.Ports.
func (p *ports) Find(ctx context.Context) (net.Conn, error) { return p.cable.Find(ctx) }
