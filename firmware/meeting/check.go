package meeting

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

const (
	tellEvery = time.Second     // "prepared", until it is answered
	thankFor  = 5 * time.Second // waiting for the other one to say that it uses the pad, too
)

// comparison is what the owner is told to wait for while the pads are compared.
const comparison = "the comparison of the two pads"

// compareTags computes the tag of the pad as it is on the card, under the key
// that both devices made, and compares it with the other one's.
func (m *meet) compareTags(ctx context.Context, key *[keySize]byte) error {
	m.Owner.Wait(comparison)
	var err error
	m.tag, err = m.readBack(ctx, key)
	clear(key[:])
	if err != nil {
		return err
	}
	if err := m.wire.send(tag{hex.EncodeToString(m.tag[:])}, nil); err != nil {
		return err
	}
	theirs, err := expect[tag](ctx, m)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(theirs.Tag), []byte(hex.EncodeToString(m.tag[:]))) != 1 {
		return ErrTheirs
	}
	return m.draft.Confirm(padstore.Checked, m.tag)
}

// readBack computes the tag of the pad on the card. Of a large one that takes
// minutes: it tells how far it is, and ends when the owner wants to cancel.
func (m *meet) readBack(ctx context.Context, key *[keySize]byte) ([16]byte, error) {
	shown, size := int64(0), m.draft.Done()
	tag, err := m.draft.Tag(key, func(done int64) error {
		if percent := 100 * done / size; percent > shown && done < size {
			shown = percent
			m.Owner.Wait(fmt.Sprintf("%s: %d %%", comparison, percent))
		}
		if m.cancelled() {
			return ErrCancelled
		}
		return ctx.Err()
	})
	switch {
	case errors.Is(err, seal.ErrHashKey): // nobody's noise makes such a pad: it was chosen
		err = lie("what it gave leaves a lane without a hash key")
	case err == nil && shown > 0:
		m.Owner.Wait(comparison) // the other one's card may be slower
	}
	return tag, err
}

// compareWords asks the owner to compare the words, and waits for the other
// one's answer. Both have said "same" when it returns nil.
func (m *meet) compareWords(ctx context.Context) error {
	theySame := false
	listen := func(msg message) (bool, error) {
		if s, ok := msg.(same); !ok || s.Pad != m.about || theySame {
			return false, outOfTurn(msg)
		}
		theySame = true
		return false, nil
	}
	yes, _, err := ask(ctx, m, func(ctx context.Context) (bool, error) {
		return m.Owner.Compare(ctx, m.peer.Name, Words(m.tag))
	}, listen)
	switch {
	case err != nil:
		return err
	case !yes:
		return ErrDifferent
	}
	if m.draft != nil && m.draft.Stage() != padstore.Agreed {
		if err := m.draft.Confirm(padstore.Agreed, m.tag); err != nil {
			return err
		}
	}
	m.toldSame = true
	if err := m.wire.send(same{m.about}, nil); err != nil {
		return err
	}
	m.Owner.Wait(m.peer.Name + "’s answer")
	for !theySame {
		msg, err := m.next(ctx)
		if err == nil {
			_, err = listen(msg)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the draft a pad, unless it is one already.
func (m *meet) prepare() error {
	if m.draft == nil {
		p, ok := m.Store.PadByID(m.about)
		if !ok {
			return padstore.ErrNoPad
		}
		m.made = m.resultOf(p)
		return nil
	}
	size := m.draft.Done()
	number, err := m.draft.Prepare()
	if err != nil {
		return refused(err)
	}
	m.made = Result{Contact: m.peer.Name, Number: number, Bytes: size}
	return nil
}

// pair tells that the pad is prepared until the other device says so too, and
// puts it to use then.
func (m *meet) pair(ctx context.Context) error {
	m.Owner.Wait(m.peer.Name + "’s device")
	again := time.NewTicker(tellEvery)
	defer again.Stop()
	for {
		if err := m.wire.send(prepared{m.about}, nil); err != nil {
			return err
		}
		msg, err := m.nextUntil(ctx, again.C)
		if err != nil {
			return err
		}
		switch msg := msg.(type) {
		case nil:
		case prepared:
			return m.use(ctx, msg.Pad, false)
		case used:
			return m.use(ctx, msg.Pad, true)
		default:
			return outOfTurn(msg)
		}
	}
}

// use puts the pad to use, and says so. The other device may still be about to.
func (m *meet) use(ctx context.Context, pad string, thanked bool) error {
	if pad != m.about {
		return lie("it has prepared another pad")
	}
	if err := m.Store.Use(m.made.Number); err != nil {
		return err
	}
	m.made.InUse = true
	if err := m.wire.send(used{pad}, nil); err != nil {
		return err
	}
	enough := time.After(thankFor)
	for !thanked {
		msg, err := m.nextUntil(ctx, enough)
		if _, again := msg.(prepared); err != nil || !again {
			return err
		}
	}
	return nil
}
