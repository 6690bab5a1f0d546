package link

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// onUSB is a pad device with a fake gadget, whose interface the cable's is.
func onUSB(t *testing.T, port Port, r Roots) (*Link, chan bool) {
	t.Helper()
	ups := make(chan bool, 100)
	p, err := New(&Opts{Port: port, Net: 3, Roots: r, Changed: func(up bool) { ups <- up }})
	if err != nil {
		t.Fatal(err)
	}
	fake := fakeGadget(t, r)
	p.gadget = fake.gadget
	return p, ups
}

func TestTheLinkOnUSB(t *testing.T) {
	noWait(t)
	l := newLaptop(t)
	l.plug("usb0")
	r := fakeRoots(t)
	suspended := r.class("udc", "3f980000.usb", "device/gadget.0/suspended")
	put(t, suspended, "0\n")
	p, ups := onUSB(t, USB, r)
	requests, err := p.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	on := &pad{Link: p, requests: requests, ups: ups}
	on.turns(t, true)
	l.take(l.ask())
	l.reaches(on, third().device)
	put(t, suspended, "1\n") // the laptop sleeps
	on.turns(t, false)
	if err := p.AwaitUnplugged(t.Context(), "usb0"); err != nil {
		t.Error(err)
	}
	put(t, suspended, "0\n")
	on.turns(t, true)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if p.gadget.controller == "" {
		t.Error("the gadget is gone for the meeting")
	}
	if err := p.OfferUSB(t.Context()); err != nil {
		t.Error(err)
	}
	if err := p.Halt(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(r.gadget()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end there is a gadget: %v", err)
	}
}

// A laptop that says nothing may wait for the word that the cable is in, or not be
// heard: by turns the interface is set down and up for it, and its cable pulled out and
// put in, less often each time, until something comes.
func TestALaptopThatSaysNothingIsRoused(t *testing.T) {
	noWait(t)
	l := newLaptop(t)
	l.plug("usb0")
	r := fakeRoots(t)
	heard := r.class("net", "usb0", "statistics/rx_packets")
	put(t, heard, "0\n")
	p, _ := onUSB(t, USB, r)
	if err := p.gadget.setUp(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	controller := writesTo(t, r.gadget("UDC"))
	news, err := watch()
	if err != nil {
		t.Fatal(err)
	}
	defer news.Close()
	k := &keeper{link: p, find: p.finder(), requests: newListener(&net.TCPAddr{})}
	roused := func(waited time.Duration) string {
		t.Helper()
		until(t, "somebody at the cable", func() bool {
			k.mind(t.Context())
			return !k.quiet.since.IsZero()
		})
		k.quiet.since = time.Now().Add(-waited)
		k.mind(t.Context())
		how := strings.ReplaceAll(controller(), "\n", "out ")
		if wentDown(t, news) {
			how += "down"
		}
		return how
	}
	for i, want := range []string{"down", "out 3f980000.usb", "down", "out 3f980000.usb"} {
		if got := roused(silence<<i - time.Second); got != "" {
			t.Errorf("turn %d: %q too soon", i, got)
		}
		if got := roused(silence << i); got != want {
			t.Errorf("turn %d: %q, want %q", i, got, want)
		}
	}
	if k.quiet.times = 100; roused(silence<<mostPatience) == "" {
		t.Error("a laptop that was roused often is not any more")
	}
	l.take(l.ask()) // and the link goes on
	put(t, heard, "2\n")
	k.mind(t.Context())
	if k.quiet != (quiet{}) {
		t.Errorf("a laptop that was heard: %+v", k.quiet)
	}
	if err := k.end(); err != nil {
		t.Error(err)
	}
}

// A cable that could not be put in again is put in at the next look, or by the next
// Open.
func TestACablePulledOutIsPutInAgain(t *testing.T) {
	r := fakeRoots(t)
	g := fakeGadget(t, r)
	if err := g.setUp(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.replug(ended); err != nil || !g.pulled || read(t, r.gadget("UDC")) != "\n" {
		t.Errorf("cut short: %v, %q", err, read(t, r.gadget("UDC")))
	}
	if err := g.setUp(t.Context(), 0); err != nil || g.pulled || read(t, r.gadget("UDC")) != g.controller {
		t.Errorf("again: %v, %q", err, read(t, r.gadget("UDC")))
	}
}

// writesTo has a file be one that remembers what is written to it, and returns what
// gives that since it was last asked.
func writesTo(t *testing.T, path string) (written func() string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pipe.Close() })
	return func() string {
		t.Helper()
		b := make([]byte, 1024)
		if err := pipe.SetReadDeadline(time.Now().Add(pause)); err != nil {
			t.Fatal(err)
		}
		n, err := pipe.Read(b)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		return string(b[:n])
	}
}

// wentDown tells whether the kernel has told of an interface that is down, which it
// does before a call returns.
func wentDown(t *testing.T, news *os.File) (down bool) {
	t.Helper()
	b := make([]byte, os.Getpagesize())
	for {
		if err := news.SetReadDeadline(time.Now().Add(pause)); err != nil {
			t.Fatal(err)
		}
		n, err := news.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return down
		}
		messages, parsed := syscall.ParseNetlinkMessage(b[:n])
		if err = errors.Join(err, parsed); err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			// struct ifinfomsg: the flags are at 8.
			if m.Header.Type == unix.RTM_NEWLINK && binary.NativeEndian.Uint32(m.Data[8:])&unix.IFF_UP == 0 {
				down = true
			}
		}
	}
}

// On a board with one USB socket, an adapter in it is the link while it is
// there.
func TestEither(t *testing.T) {
	noWait(t)
	l, other := newLaptop(t), newLaptop(t)
	l.plug("usb0")
	r := fakeRoots(t)
	put(t, r.class("net", "usb0/type"), "1") // the gadget's own interface is no adapter
	put(t, r.class("net", "usb0/device/uevent"), "")
	put(t, r.class("net", "usb1/type"), "1")
	put(t, r.class("net", "usb1/device/uevent"), "")
	hidden := filepath.Join(t.TempDir(), "usb1")
	move := func(from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	move(r.class("net", "usb1"), hidden)
	p, ups := onUSB(t, Either, r)
	requests, err := p.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	on := &pad{Link: p, requests: requests, ups: ups}
	on.turns(t, true)
	l.take(l.ask())
	l.reaches(on, third().device)

	move(hidden, r.class("net", "usb1"))
	unplug := other.plug("usb1")
	until(t, "the address at the adapter", func() bool { return hasAddress(t, "usb1") })
	if hasAddress(t, "usb0") {
		t.Error("the address is at both")
	}
	other.take(other.ask())
	other.reaches(on, third().device)
	move(r.class("net", "usb1"), hidden)
	unplug()
	until(t, "the address at the socket again", func() bool { return hasAddress(t, "usb0") })
	if err := p.Halt(); err != nil {
		t.Fatal(err)
	}
}

func hasAddress(t *testing.T, name string) bool {
	t.Helper()
	addrs, err := interfaceOf(t, name).Addrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if strings.HasPrefix(a.String(), third().device.String()+"/") {
			return true
		}
	}
	return false
}

// Where the link is on Ethernet, the USB socket is for meetings only.
func TestUSBForAMeeting(t *testing.T) {
	noWait(t)
	l := newLaptop(t)
	l.plug("pad0")
	r := fakeRoots(t)
	put(t, r.class("net", "pad0/type"), "1")
	put(t, r.class("net", "pad0/device/uevent"), "")
	p, _ := onUSB(t, Ethernet, r)
	offered := func() bool { _, err := os.Stat(r.gadget()); return err == nil }
	for range 2 {
		if _, err := p.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if offered() {
			t.Error("there is a gadget while the link is open")
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if err := p.OfferUSB(t.Context()); err != nil || !offered() {
			t.Errorf("no gadget for the meeting: %v", err)
		}
	}
	if err := p.Halt(); err != nil || offered() {
		t.Errorf("after the end there is a gadget, %v", err)
	}
	if err := os.RemoveAll(r.class("udc")); err != nil {
		t.Fatal(err)
	}
	if err := p.OfferUSB(t.Context()); err != nil || offered() {
		t.Errorf("without a controller: %v", err)
	}
}
