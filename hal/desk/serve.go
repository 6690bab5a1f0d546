package desk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"onetimechat/hostlink"
)

// Bounds of the server as a whole. A page that is seen holds one
// connection, and takes another for a picture or a touch.
const (
	maxConnections = 32
	maxHeader      = 16 << 10 // bytes
	headerTime     = 5 * time.Second
	idleTime       = time.Minute
	stopTime       = 300 * time.Millisecond // for answers under way at the end; those that wait have ended
)

// CheckAddress refuses a panel's address that is not host:port on loopback:
// whoever reaches a panel can tap on it.
func CheckAddress(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not host:port, such as 127.0.0.1:9052", addr)
	}
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%q is not loopback, such as 127.0.0.1:9052; whoever reaches a panel can tap on it", addr)
}

// Listen opens a panel's address, as CheckAddress has it.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	if err := CheckAddress(addr); err != nil {
		return nil, err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("panel: %w; is another device running? --panel takes another address", err)
	}
	return l, nil
}

// Serve serves the touchscreen on l, which it closes, until ctx ends; then it
// returns nil. Its hosts are l's address and localhost.
func (t *Touchscreen) Serve(ctx context.Context, l net.Listener, f Finger) error {
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok || !addr.IP.IsLoopback() {
		l.Close()
		return fmt.Errorf("desk: %v is not loopback", l.Addr())
	}
	server := &http.Server{
		Handler:           t.Handler(f, hostlink.Hosts(addr, "localhost")),
		ReadHeaderTimeout: headerTime,
		// For what waits; answers have writeTime each.
		WriteTimeout:   maxWait + writeTime,
		IdleTimeout:    idleTime,
		MaxHeaderBytes: maxHeader,
		// Those who wait for a newer screen are answered when ctx ends.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		err := server.Shutdown(late)
		if err != nil {
			err = server.Close()
		}
		stopped <- err
	})
	err := server.Serve(hostlink.AtMost(maxConnections, l))
	if stop() {
		// ctx has not ended: the listener failed.
		return errors.Join(fmt.Errorf("panel: %w", err), server.Close())
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("panel: %w", err)
	}
	return nil
}
