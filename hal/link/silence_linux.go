package link

import (
	"errors"
	"os"
	"strings"
	"time"
)

// silence is how long a laptop at the USB socket may say nothing at all: each asks
// for an address, or for neighbours, within a second.
const silence = 5 * time.Second

// rouse sets the gadget's interface down and up when the laptop has said nothing
// yet. Linux (drivers/usb/gadget/function/f_ncm.c) tells a laptop once that the
// cable is in, and that is lost if the interface comes up while the laptop still
// sorts out what was plugged in; it waits for the word then, for ever.
func (k *keeper) rouse(now state) error {
	switch {
	case !now.carrier || !k.link.gadget.unheard(k.session.name):
		k.silent = time.Time{}
	case k.silent.IsZero():
		k.silent = time.Now()
	case time.Since(k.silent) > silence:
		k.silent = time.Time{}
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
