package meeting

import (
	"errors"
	"fmt"

	"onetimechat/padstore"
)

// reason is how an end on one device is told to the other one.
type reason struct {
	why     string
	ours    error  // here
	theirs  error  // there
	text    string // there, unless theirs says it all
	discard bool   // the pad in the making is thrown away on both
}

// reasons are all that bye can say. Whatever is in none of them is the last.
func reasons() []reason {
	return []reason{
		{"cancel", ErrCancelled, ErrTheyCancel, "", true},
		{"different", ErrDifferent, ErrDifferent, "", true},
		{"unequal", ErrTheirs, ErrTheirs, "", true},
		{"mirror", ErrMirror, ErrMirror, "", true},
		{"garbled", ErrGarbled, ErrTheyFail, "it could not make sense of what came from this one", true},
		{"same-name", ErrSameName, ErrSameName, "", false},
		{"other-one", ErrOtherOne, ErrTheyFail, "it knows another device by this name", false},
		{"known-pad", ErrKnownPad, ErrKnownPad, "", false},
		{"no-noise", ErrNoNoise, ErrTheyFail, "it has no randomness to give", false},
		{"full", padstore.ErrFull, ErrTheyFail, "its card is full", false},
		{"fault", padstore.ErrFault, ErrTheyFail, "its card has failed", false},
		{"stalled", ErrStalled, ErrStalled, "", false},
		{"stopped", nil, ErrTheyFail, "", false},
	}
}

// told is the other device's bye.
type told struct{ reason }

func (t told) Error() string {
	if t.text == "" {
		return t.theirs.Error()
	}
	return fmt.Sprintf("%v: %s", t.theirs, t.text)
}

func (t told) Unwrap() error { return t.theirs }

// heard is the error that a bye means here.
func heard(b bye) error {
	list := reasons()
	for _, r := range list {
		if r.why == b.Why {
			return told{r}
		}
	}
	return told{list[len(list)-1]}
}

// reasonOf is what an error of this device is told as.
func reasonOf(err error) reason {
	list := reasons()
	for _, r := range list {
		if r.ours != nil && errors.Is(err, r.ours) {
			return r
		}
	}
	return list[len(list)-1]
}

// end closes the connection, keeps or throws away the pad in the making, and
// says how the meeting ended.
func (m *meet) end(err error) (Result, error) {
	if fault := m.Store.Fault(); err != nil && fault != nil {
		err = fault // whatever else came of it
	}
	var they told
	theyEnded := errors.As(err, &they)
	farewell := err != nil && !theyEnded && !errors.Is(err, ErrCable) && !errors.Is(err, ErrVersion)
	if farewell {
		_ = m.wire.send(bye{reasonOf(err).why}, nil)
	}
	m.wire.close(farewell || errors.Is(err, ErrVersion))
	m.ourRoom.wipe()
	m.theirRoom.wipe()
	switch {
	case err == nil, m.made.Number != "" && m.Store.Fault() == nil:
		return m.made, nil
	case theyEnded:
		err = m.discard(they.reason, err)
	case !m.toldSame:
		err = m.discard(reasonOf(err), err)
	}
	if m.draft == nil && m.paired.Number != "" && (errors.Is(err, ErrCancelled) || errors.Is(err, ErrTheyCancel)) {
		return m.paired, nil // nobody wanted another one
	}
	return Result{}, err
}

// discard throws the pad of this meeting away if both devices do so for this
// reason. Once the other device was told "same" it may have prepared the pad at
// any moment: from then on this end of it goes only if the other device says
// that it has not, and never if it is known to have, unless an owner said that
// the words differ.
func (m *meet) discard(why reason, err error) error {
	differ := errors.Is(err, ErrDifferent)
	switch {
	case !why.discard || m.half && !differ || m.Store.Fault() != nil:
		return err
	case m.draft != nil:
		m.Owner.Discard()
		return errors.Join(err, m.draft.Discard())
	case m.half:
		if p, ok := m.Store.PadByID(m.about); ok && p.State == padstore.Prepared {
			m.Owner.Discard()
			return errors.Join(err, m.Store.Discard(p.Number, nil))
		}
	}
	return err
}
