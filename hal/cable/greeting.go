package cable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// greeting is what the end that listened sends to the one it has taken.
const greeting = "OTC pad\n"

// greetTime is how long a greeting may take. The other end is as near as a
// cable, and takes a connection as soon as it comes.
const greetTime = 2 * time.Second

// errNotTaken: what was dialled did not greet.
var errNotTaken = errors.New("who answers there does not greet as a pad device does")

// greet tells the other end that it is taken.
func greet(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(greetTime)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, greeting); err != nil {
		return err
	}
	return conn.SetDeadline(time.Time{})
}

// dial connects to where a device listens, and returns when that has taken
// the connection. from may be nil.
func dial(ctx context.Context, from *net.TCPAddr, to string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, greetTime)
	defer cancel()
	dialer := net.Dialer{}
	if from != nil {
		dialer.LocalAddr = from
	}
	conn, err := dialer.DialContext(ctx, "tcp", to)
	if err != nil {
		return nil, err
	}
	if err := awaitGreeting(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// awaitGreeting returns nil if the other end greets before ctx ends.
func awaitGreeting(ctx context.Context, conn net.Conn) error {
	if toItself(conn) {
		return errors.New("the connection leads back to itself")
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	var b [len(greeting)]byte
	_, err := io.ReadFull(conn, b[:])
	switch {
	case !stop():
		return fmt.Errorf("%w: %w", errNotTaken, ctx.Err())
	case err != nil:
		return fmt.Errorf("%w: %w", errNotTaken, err)
	case string(b[:]) != greeting:
		return errNotTaken
	}
	return nil
}

// toItself finds the connection that a kernel can make of one socket, when it
// picks for it the very port that it dials.
func toItself(conn net.Conn) bool {
	return conn.LocalAddr().String() == conn.RemoteAddr().String()
}
