//go:build linux

package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"onetimechat/hal/cable"
	"onetimechat/hal/link"
	"onetimechat/hostlink"
	"onetimechat/padstore"
)

// dryTime is how often an empty reservoir is looked at.
const dryTime = time.Second

// ports are the board's two openings: the laptop's link, and whatever cable
// another device can be at. They implement device.Ports.
type ports struct {
	link   *link.Link
	store  *padstore.Store
	server *hostlink.Server
	broken chan error // why the link broke by itself

	mu   sync.Mutex
	stop func() error // ends serving the link; nil while it is closed
	met  string       // the interface of the last meeting; "" for none
}

// run serves the link until ctx ends or it breaks.
func (p *ports) run(ctx context.Context) error {
	if err := p.OpenLink(ctx); err != nil {
		return err
	}
	select {
	case err := <-p.broken:
		return err
	case <-ctx.Done():
		return p.CloseLink()
	}
}

// CloseLink implements device.Ports.
func (p *ports) CloseLink() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop == nil {
		return nil
	}
	stop := p.stop
	p.stop = nil
	return stop()
}

// OpenLink implements device.Ports.
func (p *ports) OpenLink(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.met != "" {
		if err := p.link.AwaitUnplugged(ctx, p.met); err != nil {
			return err
		}
		p.met = ""
	}
	listener, err := p.link.Open(ctx)
	if err != nil {
		return err
	}
	serving, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := p.server.Serve(serving, listener)
		if err != nil {
			p.broken <- err
		}
		ended <- err
	}()
	p.stop = func() error {
		cancel()
		err := <-ended
		if halt := p.link.Close(); err == nil {
			err = halt
		}
		return err
	}
	return nil
}

// Find implements device.Ports.
func (p *ports) Find(ctx context.Context) (net.Conn, error) {
	tie, err := p.tieBreaker(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.link.OfferUSB(ctx); err != nil {
		return nil, err
	}
	conn, err := cable.NewLinkLocal(tie, cable.Wired).Find(ctx)
	if err != nil {
		return nil, err
	}
	if addr, ok := conn.LocalAddr().(*net.TCPAddr); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.met = addr.Zone
	}
	return conn, nil
}

// tieBreaker is noise, as soon as there is some.
func (p *ports) tieBreaker(ctx context.Context) (tie cable.TieBreaker, err error) {
	clock := time.NewTicker(dryTime)
	defer clock.Stop()
	for {
		_, err := p.store.Reservoir().Take(tie[:])
		if !errors.Is(err, padstore.ErrDry) {
			return tie, err
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return tie, ctx.Err()
		}
	}
}
