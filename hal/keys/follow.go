package keys

// Limits.
const (
	// steady is how many polls in a row have to say the same before it is
	// believed: 50 ms. Contacts bounce for a few ms, worn ones for 20.
	steady = 5
	// longest is how many polls a press may take: 3 s. Whoever presses a key means
	// less, and what lies on it means nothing.
	longest = 300
	// restless is how much unrest a line may have. Each change adds unrest, and each
	// poll without one takes 1 away: a press with its bouncing adds up to half of it, and
	// a loose contact soon more.
	restless = 32
	unrest   = 4
)

// contact is what one line has said.
type contact struct {
	down   bool // as believed
	last   bool // as said by the last poll
	agreed int  // polls in a row that said last, up to steady
	unrest int
}

// take takes a poll.
func (c *contact) take(pressed bool) {
	if pressed == c.last {
		c.agreed, c.unrest = min(c.agreed+1, steady), max(c.unrest-1, 0)
	} else {
		c.last, c.agreed, c.unrest = pressed, 1, min(c.unrest+unrest, 2*restless)
	}
	if c.agreed == steady {
		c.down = pressed
	}
}

// free tells whether the key is up, and has been for a while.
func (c *contact) free() bool { return !c.down && c.agreed == steady && c.unrest == 0 }

// none is no key.
const none = -1

// follower makes events of what the lines say poll after poll.
type follower struct {
	contacts []contact
	wait     bool // for all keys to be up
	key      int  // that is down, or none
	held     int  // polls that it has been
}

func newFollower(n int) *follower {
	return &follower{contacts: make([]contact, n), wait: true, key: none}
}

// take takes which keys are pressed, nil if that is not known. ok tells that
// something has changed.
func (f *follower) take(pressed []bool) (e Event, ok bool) {
	if pressed == nil {
		clear(f.contacts)
		return f.lose()
	}
	down, free, loose := none, 0, false
	for i := range f.contacts {
		c := &f.contacts[i]
		c.take(pressed[i])
		switch {
		case c.free():
			free++
		case c.down && down == none:
			down = i
		case c.down:
			return f.lose() // two keys at once
		}
		loose = loose || c.unrest > restless
	}
	switch {
	case loose:
		return f.lose()
	case f.wait:
		f.wait = free < len(f.contacts)
		return Event{}, false
	case f.key == none && down != none:
		f.key, f.held = down, 0
		return Event{Key: down, Down: true}, true
	case f.key != none && down == none:
		e = Event{Key: f.key}
		f.key = none
		return e, true
	case f.key != down:
		return f.lose()
	case f.key == none:
		return Event{}, false
	}
	if f.held++; f.held > longest {
		return f.lose()
	}
	return Event{}, false
}

// lose lifts a key that is down nowhere, and waits for all to be up.
func (f *follower) lose() (e Event, ok bool) {
	e, ok = Event{Key: f.key, Lost: true}, f.key != none
	f.key, f.wait = none, true
	return e, ok
}
