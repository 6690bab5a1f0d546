package meeting

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// How long the two devices wait for each other.
const (
	aliveEvery = 3 * time.Second  // something is sent at least so often
	silence    = 15 * time.Second // without a byte, or without one taken
	linger     = time.Second      // for the other one to read our last words
)

const (
	waiting   = 32      // messages that may wait to be heard
	outgoing  = 64      // frames that may wait to be sent
	sliceSize = 1 << 16 // bytes written at a time, each within silence: a slow device takes that
)

// wire is the connection: one goroutine reads from it, one writes to it.
// Reading never waits for anything but the other device, so that two devices
// that both write never wait for each other.
type wire struct {
	conn net.Conn
	room func(size int) []byte // for pieces that come

	in    chan message // what came; closed at the end, then err says why
	err   error
	ended chan struct{} // closed with in
	gone  chan struct{} // closed when nothing is read any more

	out     chan letter
	written chan struct{} // closed when nothing is written any more
}

// letter is a frame to be sent. sent is told when bulk has been written.
type letter struct {
	head, bulk []byte
	sent       chan<- struct{}
}

// connect begins to talk. room is memory for a piece of the other's, nil if
// there is to be none.
func connect(conn net.Conn, room func(size int) []byte) *wire {
	w := &wire{
		conn: conn, room: room,
		in: make(chan message, waiting), ended: make(chan struct{}), gone: make(chan struct{}),
		out: make(chan letter, outgoing), written: make(chan struct{}),
	}
	go w.read()
	go w.write()
	return w
}

// Read implements io.Reader with patience for each bit that comes.
func (w *wire) Read(p []byte) (int, error) {
	if err := w.conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return w.conn.Read(p)
}

func (w *wire) read() {
	defer close(w.gone)
	w.err = broken(w.hear())
	close(w.in)
	close(w.ended)
	_, _ = io.Copy(io.Discard, w) // or what we say last would be lost with what we did not read
}

// hear passes on all that comes until it makes no sense, or ends.
func (w *wire) hear() error {
	m, err := readPreamble(w)
	for err == nil {
		if m != nil {
			select {
			case w.in <- m:
			default:
				return fmt.Errorf("%w: it sends more than was asked for", ErrGarbled)
			}
		}
		if _, last := m.(bye); last {
			return io.EOF
		}
		m, err = readFrame(w, w.room)
	}
	return err
}

// broken names what an error of the connection means.
func broken(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrStalled
	case errors.Is(err, ErrGarbled), errors.Is(err, ErrVersion):
		return err
	}
	return fmt.Errorf("%w: %w", ErrCable, err)
}

func (w *wire) write() {
	defer close(w.written)
	err := w.put(ourPreamble())
	for idle := time.NewTimer(aliveEvery); err == nil; idle.Reset(aliveEvery) {
		var l letter
		select {
		case next, more := <-w.out:
			if !more {
				return
			}
			l = next
		case <-idle.C:
			l = letter{head: []byte{byte(kindAlive), 0, 0, 0, 0}}
		}
		if err = w.put(l.head); err == nil {
			err = w.put(l.bulk)
		}
		clear(l.head)
		if l.sent != nil && err == nil {
			l.sent <- struct{}{}
		}
	}
	// What came before this shows why, and then that it has ended.
	end := time.AfterFunc(linger, func() { w.conn.Close() })
	defer end.Stop()
	for l := range w.out {
		clear(l.head)
	}
	w.conn.Close()
}

func (w *wire) put(b []byte) error {
	for len(b) > 0 {
		part := b[:min(len(b), sliceSize)]
		if err := w.conn.SetWriteDeadline(time.Now().Add(silence)); err != nil {
			return err
		}
		n, err := w.conn.Write(part)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// send says m. sent, which may be nil, is told when it has been written. It never
// waits: as much as the rules allow has room, and while it waited nobody would hear
// the owner cancel.
func (w *wire) send(m message, sent chan<- struct{}) error {
	head, err := frame(m)
	if err != nil {
		return err
	}
	l := letter{head: head, sent: sent}
	if c, ok := m.(chunk); ok {
		l.bulk = c.bytes
	}
	select {
	case w.out <- l:
		return nil
	default:
		return fmt.Errorf("%w: it asks for more than it takes", ErrGarbled)
	}
}

// close ends the connection and waits until nobody uses it or its memory. If
// it should linger, the other device has a moment to read what was said last.
func (w *wire) close(lingering bool) {
	close(w.out)
	end := time.AfterFunc(linger, func() { w.conn.Close() })
	defer end.Stop()
	<-w.written
	if lingering {
		if c, ok := w.conn.(interface{ CloseWrite() error }); ok {
			_ = c.CloseWrite()
		}
		<-w.gone
	}
	w.conn.Close()
	<-w.gone
	for m := range w.in { // that nobody heard
		if k, ok := m.(key); ok {
			clear(k.bytes[:])
		}
	}
}
