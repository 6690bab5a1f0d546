package padstore

import (
	"errors"
	"slices"

	"onetimechat/padstore/seal"
)

// of returns a contact's pads in the given states, newest first.
func (s *Store) of(contact string, states ...State) []*pad {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []*pad
	for _, p := range s.pads {
		if p.contact == contact && slices.Contains(states, p.now().state) {
			list = append(list, p)
		}
	}
	return list
}

// sending is the pad that texts to a contact are sealed with.
func (s *Store) sending(contact string, textLen int) (*pad, error) {
	if err := s.Fault(); err != nil {
		return nil, err
	}
	if textLen > seal.MaxText {
		return nil, ErrTooLong
	}
	p := s.newest(contact)
	if p == nil || p.now().state != InUse {
		return nil, ErrNoPad // a prepared pad takes over before it seals
	}
	return p, nil
}

// Room says what sealing text for contact would cost. It changes nothing.
func (s *Store) Room(contact, text string) (Cost, error) {
	p, err := s.sending(contact, len(text))
	if err != nil {
		return Cost{}, err
	}
	return p.room(text)
}

// Seal burns a segment of the contact's pad and answers the package made with
// it. The segment is durably marked used and overwritten before Seal returns.
func (s *Store) Seal(contact, text string) (Sealed, error) {
	p, err := s.sending(contact, len(text))
	if err != nil {
		return Sealed{}, err
	}
	pkg, err := p.seal(text)
	if err != nil {
		return Sealed{}, err
	}
	return Sealed{Package: pkg, Pad: p.publicNumber()}, nil
}

// Verify tells whether pkg is what contact sealed, and not opened before. It
// changes nothing but the count of forgeries.
func (s *Store) Verify(contact string, pkg []byte) (Verified, error) {
	var v Verified
	err := s.try(contact, func(p *pad) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		plain, at, err := p.verify(pkg)
		clear(plain)
		if err == nil {
			v = Verified{Pad: p.publicNumber(), Start: at.from, End: at.to, Skip: at.from > p.meta.maximum}
		}
		return err
	})
	return v, err
}

// Unseal verifies pkg again, burns its segment and answers its text. The
// segment is durably marked used and overwritten before Unseal returns.
func (s *Store) Unseal(contact string, pkg []byte) (Opened, error) {
	var o Opened
	err := s.try(contact, func(p *pad) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		plain, skip, err := p.open(pkg)
		if err != nil {
			return err
		}
		defer clear(plain)
		text, err := p.meta.suite.Decode(plain, p.meta.bucket)
		if err != nil {
			s.note(Entry{Kind: KindMalformed, Contact: contact, Text: "a message verified, but holds no text"})
			return ErrMalformed
		}
		o = Opened{Text: text, Skip: skip}
		return nil
	})
	return o, err
}

// try runs f on the contact's pads, newest first, until one takes the package.
// Only when none does and one says that it lies in burned lane, it was opened
// before, as far as anybody can tell.
func (s *Store) try(contact string, f func(*pad) error) error {
	if err := s.Fault(); err != nil {
		return err
	}
	pads := s.of(contact, InUse, Prepared, Retired)
	if len(pads) == 0 {
		return ErrNoPad
	}
	burned, unreadable := false, false
	var fault error
	for _, p := range pads {
		err := f(p)
		switch {
		case err == nil || errors.Is(err, ErrMalformed):
			return err
		case errors.Is(err, ErrFault):
			fault = err
		case errors.Is(err, ErrUnreadable):
			unreadable = true
		case errors.Is(err, errBurned):
			burned = true
		}
	}
	switch {
	case fault != nil:
		return fault
	case unreadable:
		return ErrUnreadable
	case burned:
		s.note(Entry{Kind: KindReuse, Contact: contact, Text: "packages came whose pad is burned: replayed or forged. None was opened"})
		return ErrAlreadyOpened
	}
	s.note(Entry{Kind: KindForgery, Contact: contact, Text: "packages came that this contact did not seal: forged, or damaged on the way. None was opened"})
	return ErrNotVerified
}

// Settle says that the last message to or from contact has arrived, so that a
// power cut need not be told about it any more.
func (s *Store) Settle(contact string) error {
	for _, p := range s.of(contact, InUse, Prepared, Retired) {
		if err := p.settle(); err != nil {
			return err
		}
	}
	return s.Fault()
}
