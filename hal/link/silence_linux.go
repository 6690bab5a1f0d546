package link

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"
)

// silence is how long a laptop at the USB socket may say nothing at all: each asks
// for an address, or for neighbours, within a second.
const silence = 5 * time.Second

// mostPatience bounds how much longer one is waited for that stays silent, and may
// have its end of the cable switched off: 160 s.
const mostPatience = 5

// quiet is a laptop at the USB socket that has said nothing yet.
type quiet struct {
	since time.Time // that it has been there, or was roused; zero: it is not there
	last  time.Time // that it was roused
	times int       // that it was
}

// rouse rouses a laptop that has said nothing yet, by turns in two ways, and less
// often each time.
//
// The gadget's interface is set down and up: Linux
// (drivers/usb/gadget/function/f_ncm.c) tells a laptop once that the cable is in, and
// that is lost if the interface comes up while the laptop still sorts out what was
// plugged in; it waits for the word then, for ever.
//
// And the cable is pulled out and put in again, as far as the laptop can tell: the
// controller of a Pi is seen to take no packet of a laptop's before that
// (https://github.com/raspberrypi/linux/issues/4181).
func (k *keeper) rouse(ctx context.Context, now state) error {
	gadget, q := k.link.gadget, &k.quiet
	switch {
	case gadget.pulled: // and could not be put in again
		return gadget.replug(ctx)
	case !gadget.unheard(k.session.name):
		*q = quiet{}
	case !now.carrier:
		q.since = time.Time{}
		if time.Since(q.last) > silence { // what comes next may be another laptop
			q.times = 0
		}
	case q.since.IsZero():
		q.since = time.Now()
	case time.Since(q.since) > silence<<min(q.times, mostPatience):
		*q = quiet{last: time.Now(), times: q.times + 1}
		if q.times%2 == 0 {
			return gadget.replug(ctx)
		}
		return errors.Join(setDown(now.index), setUp(now.index))
	}
	return nil
}

// unheard tells whether the interface is the gadget's, and nothing has come there.
func (g *gadget) unheard(name string) bool {
	if !g.at(name) {
		return false
	}
	packets, err := os.ReadFile(g.roots.class("net", name, "statistics/rx_packets"))
	return err == nil && strings.TrimSpace(string(packets)) == "0"
}
