package meeting

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"onetimechat/padstore"
)

// introduce has the two devices tell who they are, and refuses those that can
// make no pad together.
func (m *meet) introduce(ctx context.Context) error {
	m.Owner.Wait("the other device")
	if _, err := expect[version](ctx, m); err != nil {
		return err
	}
	if err := m.nameItself(ctx); err != nil {
		return err
	}
	if err := m.wire.send(m.own, nil); err != nil {
		return err
	}
	var err error
	if m.peer, err = expect[hello](ctx, m); err != nil {
		return err
	}
	if err := m.refusePeer(); err != nil {
		return err
	}
	m.pad, err = padID(m.own, m.peer)
	return err
}

// nameItself makes this device's hello. Its nonce comes out of the reservoir,
// and so never comes again.
func (m *meet) nameItself(ctx context.Context) error {
	var nonce [idSize]byte
	err := m.withNoise(ctx, func() error {
		if err := m.Store.MakeDeviceID(); err != nil {
			return err
		}
		_, err := m.Store.Reservoir().Take(nonce[:])
		return err
	})
	m.own = hello{Name: m.Store.Owner(), Device: m.Store.DeviceID(), Nonce: hex.EncodeToString(nonce[:])}
	return err
}

// withNoise does what needs a little of the reservoir, and waits until it has
// it.
func (m *meet) withNoise(ctx context.Context, do func() error) error {
	for {
		grown, failed := m.Filled()
		err := do()
		if !errors.Is(err, padstore.ErrDry) {
			return err
		}
		if failed != nil {
			return fmt.Errorf("%w: %w", ErrNoNoise, failed)
		}
		select {
		case <-grown:
		case w := <-m.Wishes:
			if w == Cancel {
				return ErrCancelled
			}
		case <-m.wire.ended:
			return m.last(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// last is why no message comes any more.
func (m *meet) last(ctx context.Context) error {
	for {
		if _, err := m.next(ctx); err != nil {
			return err
		}
	}
}

func (m *meet) refusePeer() error {
	known := m.Store.Peer(m.peer.Name)
	switch {
	case m.peer.Nonce == m.own.Nonce || m.peer.Device == m.own.Device:
		return ErrMirror
	case m.peer.Name == m.own.Name:
		return ErrSameName
	case known != "" && known != m.peer.Device:
		return fmt.Errorf("%w: %s", ErrOtherOne, m.peer.Name)
	}
	return nil
}

// padID names the pad that two devices can make at this meeting: it is made of
// all that they said, the smaller nonce first. So whatever a bad cable changes
// in it shows at once.
func padID(a, b hello) (string, error) {
	if b.Nonce < a.Nonce {
		a, b = b, a
	}
	text := []byte("otc-meeting pad 1\n")
	for _, h := range []hello{a, b} {
		said, err := encode(h)
		if err != nil {
			return "", err
		}
		text = append(append(text, said...), '\n')
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:idSize]), nil
}
