package device_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"onetimechat/firmware/entropy/entropytest"
	"onetimechat/hal/cable"
	"onetimechat/hal/noise"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
)

// heard is an end of the wire at which something else arrives than was sent.
type heard struct {
	net.Conn
	change func(b []byte)
}

func (h heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.change(p[:n])
	return n, err
}

// hears has a rig hear things otherwise than they were said.
func (m *meeter) hears(change func(b []byte)) {
	m.sockets.through = func(conn net.Conn) net.Conn { return heard{conn, change} }
}

// finds has a rig find a stranger, or nobody, when it looks for another one.
func (m *meeter) finds(stranger func(far net.Conn), err error) {
	m.sockets.instead = func(context.Context) (net.Conn, error) {
		if err != nil {
			return nil, err
		}
		here, far := net.Pipe()
		go stranger(far)
		return here, nil
	}
	m.tap("new-contact")
	time.Sleep(time.Minute)
}

// says is a stranger who says something, and listens.
func says(what string) func(far net.Conn) {
	return func(far net.Conn) {
		go io.Copy(io.Discard, far)
		_, _ = far.Write([]byte(what))
	}
}

// goOn has two devices meet whose meeting broke off, and finish their pad.
func goOn(alice, bob *meeter) {
	for _, m := range []*meeter{alice, bob} {
		m.t.Helper()
		m.noise.Heal()
		m.tap("new-contact")
		if m.has("retry") {
			m.tap("retry")
		}
	}
	time.Sleep(time.Minute)
	alice.wantText("Go on")
	alice.tap("size-1")
	bob.approve("confirm")
	time.Sleep(10 * time.Minute)
	alice.approve("same")
	bob.approve("same")
	alice.wantScreen("paired")
	bob.wantScreen("paired")
}

// endsOn checks that a meeting's end is on the glass, or that home is if title
// is empty; after a tap home is, without a pad, and the laptop's link is open. Home
// tells of what is kept.
func (m *meeter) endsOn(title string, kept bool) {
	m.t.Helper()
	if title != "" {
		m.wantScreen("warning")
		m.wantText(title)
		m.tap("ok")
		m.wantScreen("home")
		if last := m.sockets.noted[len(m.sockets.noted)-1]; last != "link open" {
			m.t.Errorf("the last of %s's link is %q", m.store.Owner(), last)
		}
	}
	m.wantScreen("home")
	if n := len(m.store.Pads()); n > 0 || (m.store.Draft() != nil) != kept {
		m.t.Errorf("%s has %d pads, and a draft: %v", m.store.Owner(), n, m.store.Draft() != nil)
	}
	if text := m.allText(); strings.Contains(text, "is unfinished, at ") != kept {
		m.t.Errorf("%s's home says %q, with something kept: %v", m.store.Owner(), text, kept)
	}
}

// Whatever ends a meeting, its owners read why; no pad of it is in use, and the
// next meeting makes one.
func TestEveryEndOfAMeetingIsSaid(t *testing.T) {
	const preamble = "otc-meeting\x00\x00\x00\x00"
	const mirror, version, garbled, silent, out, stopped = "This is the same device", "The versions differ",
		"The other device is not understood", "No answer", "The cable is out", "The other device stopped"
	alone := func(stranger func(far net.Conn), err error) func(alice, bob *meeter) {
		return func(alice, _ *meeter) { alice.finds(stranger, err) }
	}
	reflects := func(far net.Conn) {
		_, _ = io.Copy(far, far)
		far.Close()
	}
	for _, c := range []struct {
		name       string
		do         func(alice, bob *meeter)
		alice, bob string // titles that they read
		kept       bool   // what was filled can be gone on with
	}{
		{"the cable leads back", alone(reflects, nil), mirror, "", false},
		{"another version", alone(says(preamble+"\x02"), nil), version, "", false},
		{"another version, as it is found", alone(nil, cable.ErrVersion), version, "", false},
		{"several devices", alone(nil, cable.ErrSeveral), "Several devices", "", false},
		{"garbage", alone(says("GET / HTTP/1.1\r\n\r\n"), nil), garbled, "", false},
		{"garbage after a good beginning", alone(says(preamble+"\x01ZZZZZ"), nil), garbled, "", false},
		{"silence", alone(says(""), nil), silent, "", false},
		{"silence in the middle of a word", alone(says(preamble+"\x01H\x00"), nil), silent, "", false},
		{"a peer that hangs up", alone(func(far net.Conn) { far.Close() }, nil), out, "", false},
		{"a lie about the size", func(alice, bob *meeter) {
			alice.hears(func(b []byte) { copy(b, bytes.Replace(b, []byte(`"propose":64512,`), []byte(`"propose":64513,`), 1)) })
			for _, m := range []*meeter{alice, bob} {
				m.tap("new-contact")
			}
			bob.tap("size-1")
		}, garbled, stopped, false},
		{"bytes that change on their way", func(alice, bob *meeter) {
			alice.hears(func(b []byte) {
				if len(b) > 4096 { // a piece of pad
					b[1000] ^= 1
				}
			})
			for _, m := range []*meeter{alice, bob} {
				m.tap("new-contact")
			}
			bob.tap("size-1")
			alice.approve("confirm")
			time.Sleep(time.Minute)
		}, "The pads differ", "The pads differ", false},
		{"the cable is pulled", func(alice, bob *meeter) {
			upToFilling(alice, bob)
			alice.sockets.cut()
		}, out, out, true},
		{"alice's card is full", func(alice, bob *meeter) {
			upToFilling(alice, bob)
			alice.disk.Capacity(alice.disk.Used())
			time.Sleep(time.Minute)
			alice.disk.Capacity(1 << 40)
		}, "The card is full", stopped, true},
		{"alice's noise fails", func(alice, bob *meeter) {
			upToFilling(alice, bob)
			alice.noise.Fail(noise.ErrMissing)
			time.Sleep(time.Minute)
		}, "No randomness", stopped, true},
		{"alice's noise repeats itself", func(alice, bob *meeter) {
			upToFilling(alice, bob)
			alice.noise.Stick()
			time.Sleep(time.Minute)
		}, "No randomness", stopped, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				alice, bob := newSlowPair(t)
				alice.wantScreen("home")
				bob.wantScreen("home")
				c.do(alice, bob)
				alice.endsOn(c.alice, c.kept)
				bob.endsOn(c.bob, c.kept)
				alice.sockets.instead, alice.sockets.through = nil, nil
				if c.kept {
					goOn(alice, bob)
				} else {
					time.Sleep(10 * time.Minute)
					pairUp(alice, bob)
				}
			})
		})
	}
}

// The power of one of them is cut while they fill a pad: the other one says that
// the cable is out, and both can go on.
func TestAPowerCutInAMeetingIsGoneOnFrom(t *testing.T) {
	for _, owner := range []string{"alice", "bob"} {
		for _, fate := range []durabletest.Unsynced{durabletest.Lost, durabletest.Kept, durabletest.PartlyKept} {
			bubble(t, func(t *testing.T) {
				alice, bob := newSlowPair(t)
				upToFilling(alice, bob)
				dark, other := &alice, bob
				if owner == "bob" {
					dark, other = &bob, alice
				}
				(*dark).disk.PowerOff()
				(*dark).sockets.cut()
				(*dark).off()
				other.endsOn("The cable is out", true)
				(*dark).disk.PowerOn(fate)
				*dark = startMeeter(t, (*dark).disk, owner, other.sockets.wire)
				(*dark).endsOn("", true)
				goOn(alice, bob)
			})
		}
	}
}

// Two owners of one name, and another person of a known name, are told so.
func TestNamesThatAreTakenAreSaid(t *testing.T) {
	const advice = "needs another name"
	const again = "first remove the contact"
	bubble(t, func(t *testing.T) {
		alice, bob := newPair(t)
		second := startMeeterOf(t, durabletest.New(3), "alice", alice.sockets.wire, entropytest.Good(76))
		for _, m := range []*meeter{alice, second} {
			m.wantScreen("home")
			m.tap("new-contact")
		}
		time.Sleep(time.Minute)
		for _, m := range []*meeter{alice, second} {
			m.wantText(advice)
			m.endsOn("You have the same name", false)
		}

		pairUp(alice, bob)
		other := startMeeterOf(t, durabletest.New(4), "bob", alice.sockets.wire, entropytest.Good(77))
		time.Sleep(time.Hour)
		for _, m := range []*meeter{alice, other} {
			m.tap("new-contact")
		}
		time.Sleep(time.Minute)
		alice.wantScreen("warning")
		alice.wantText("Another device has this name", advice, again)
		alice.tap("ok")
		other.endsOn("The other device stopped", false)
		alice.wantScreen("home")
		if pads := alice.store.Pads(); len(pads) != 1 || pads[0].State != padstore.InUse {
			t.Errorf("alice's pads are %+v", pads)
		}
		talkTo := from(t, bob.store, "alice", "it is still me")
		if got := read(t, alice.store, "bob", talkTo.Package); got != "it is still me" {
			t.Errorf("alice reads %q", got)
		}

		alice.choose("remove") // as the advice says for the same person
		alice.tap("contact-1")
		alice.approve("yes")
		alice.approve("yes")
		alice.tap("ok")
		pairUp(alice, other)
	})
}
