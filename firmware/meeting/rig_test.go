package meeting_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// Sizes of the meetings below, in bytes.
const (
	padSize   = 4096
	pieceSize = 512
	laidUp    = 32 << 10
)

// device is a pad device as far as a meeting knows it.
type device struct {
	t     testing.TB
	owner string
	disk  *durabletest.Disk
	store *padstore.Store
	*person
	noise
	wishes chan meeting.Wish
	stock  map[[16]byte]bool // what was ever laid up; true once it has left the reservoir
	chunk  int
	bucket int
}

// noise is what fills the reservoir.
type noise struct {
	mu     sync.Mutex
	grown  chan struct{}
	failed error
	rate   float64
	stream io.Reader
}

var errNoMore = errors.New("there is no more")

// newDevice is a device with so much noise laid up, and none to come.
func newDevice(t testing.TB, owner string, ready int64) *device {
	return newDeviceOf(t, owner, "noise of "+owner, ready)
}

// newDeviceOf is one whose noise is as the seed says.
func newDeviceOf(t testing.TB, owner, seed string, ready int64) *device {
	d := &device{t: t, owner: owner, disk: durabletest.New(uint64(len(owner))), stock: map[[16]byte]bool{}, chunk: pieceSize}
	d.person = &person{d: d, size: padSize}
	d.noise = noise{grown: make(chan struct{}), failed: errNoMore, stream: padtest.Stream(seed)}
	d.open()
	must(t, d.store.Reservoir().Resize(max(ready, laidUp)))
	d.layUp(ready)
	must(t, d.store.MakeDeviceID())
	id, _ := hex.DecodeString(d.store.DeviceID())
	d.leaves(id)
	return d
}

// clone is the same device in another world. It is switched off.
func (d *device) clone(t testing.TB, seed uint64) *device {
	c := &device{t: t, owner: d.owner, disk: d.disk.Clone(seed), stock: maps.Clone(d.stock), chunk: d.chunk}
	c.person = &person{d: c, size: padSize}
	c.noise = noise{grown: make(chan struct{}), failed: errNoMore, stream: padtest.Stream("more noise of " + d.owner)}
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open switches a device on.
func (d *device) open() {
	d.t.Helper()
	var err error
	d.store, err = padstore.Open(d.disk, d.owner)
	must(d.t, err)
}

// layUp fills the reservoir.
func (d *device) layUp(n int64) {
	d.t.Helper()
	d.layUpOf("noise of "+d.owner, n)
}

// layUpOf fills the reservoir with what a source of this name made.
func (d *device) layUpOf(source string, n int64) {
	d.t.Helper()
	b := make([]byte, n)
	_, _ = io.ReadFull(d.stream, b)
	for at := 0; at+16 <= len(b); at += 16 {
		d.stock[[16]byte(b[at:])] = false
	}
	must(d.t, d.store.Reservoir().Add(b, []padstore.Origin{{Name: source, Raw: true, Credit: 32}}))
	d.noise.mu.Lock()
	defer d.noise.mu.Unlock()
	close(d.grown)
	d.grown = make(chan struct{})
}

// flows says whether more noise may come.
func (d *device) flows(failed error) {
	d.noise.mu.Lock()
	defer d.noise.mu.Unlock()
	d.failed = failed
	close(d.grown)
	d.grown = make(chan struct{})
}

// leaves notes that bytes have left the reservoir, each cell once.
func (d *device) leaves(b []byte) {
	for at := 0; at+16 <= len(b); at += 16 {
		cell := [16]byte(b[at:])
		if gone, ours := d.stock[cell]; gone || !ours {
			d.t.Errorf("%s sends %x: of its own %v, sent before %v", d.owner, cell, ours, gone)
		}
		d.stock[cell] = true
	}
}

func (d *device) config() meeting.Config {
	d.wishes = make(chan meeting.Wish, 1)
	return meeting.Config{
		Store: d.store, Owner: d.person, Wishes: d.wishes, Chunk: d.chunk, Bucket: d.bucket,
		Rate: func() float64 { return d.rate },
		Filled: func() (<-chan struct{}, error) {
			d.noise.mu.Lock()
			defer d.noise.mu.Unlock()
			return d.grown, d.failed
		},
	}
}

// person is an owner who follows a script: by default one who goes on with what
// there is, or wants size bytes, or waits for the other one if that is 0.
type person struct {
	d       *device
	size    int64
	choose  func(ctx context.Context, o meeting.Offer) (int64, error)
	confirm func(ctx context.Context, o meeting.Offer, bytes int64) error
	compare func(ctx context.Context, words [4]string) (bool, error)
	waits   func(what string)
	shows   func(p meeting.Progress)

	busy    atomic.Bool
	mu      sync.Mutex
	did     []string
	offered meeting.Offer
	words   [4]string
	shown   []meeting.Progress
}

// one notes what the owner is asked or told, one at a time.
func (p *person) one(what string) (end func()) {
	if p.busy.Swap(true) {
		p.d.t.Errorf("%s is asked two things at once: %s", p.d.owner, what)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.did = append(p.did, what)
	return func() { p.busy.Store(false) }
}

func (p *person) Choose(ctx context.Context, o meeting.Offer) (int64, error) {
	defer p.one("choose")()
	p.offered = o
	switch {
	case p.choose != nil:
		return p.choose(ctx, o)
	case p.size == 0:
		<-ctx.Done()
		return 0, ctx.Err()
	case o.Resume.Bytes > 0:
		return o.Resume.Bytes, nil
	}
	return p.size, nil
}

func (p *person) Confirm(ctx context.Context, o meeting.Offer, bytes int64) error {
	defer p.one(fmt.Sprintf("confirm %d", bytes))()
	p.offered = o
	if p.confirm != nil {
		return p.confirm(ctx, o, bytes)
	}
	return nil
}

func (p *person) Show(is meeting.Progress) {
	defer p.one("show")()
	p.shown = append(p.shown, is)
	if p.shows != nil {
		p.shows(is)
	}
}

func (p *person) Compare(ctx context.Context, _ string, words [4]string) (bool, error) {
	defer p.one("compare")()
	p.words = words
	if p.compare != nil {
		return p.compare(ctx, words)
	}
	return true, nil
}

func (p *person) Wait(what string) {
	defer p.one("wait for " + what)()
	if p.waits != nil {
		p.waits(what)
	}
}

func (p *person) Discard() { p.one("discard")() }

// ended is how a meeting ended for one of them.
type ended struct {
	meeting.Result
	err error
}

func (e ended) String() string {
	return fmt.Sprintf("pad %q with %q of %d bytes, in use: %v; error: %v", e.Number, e.Contact, e.Bytes, e.InUse, e.err)
}

// meetOver has two devices meet over a cable.
func meetOver(ctx context.Context, a, b *device, c *cable) (ended, ended) {
	return meetAs(ctx, a.config(), b.config(), c)
}

func meetAs(ctx context.Context, a, b meeting.Config, c *cable) (ended, ended) {
	var ends [2]chan ended
	for i, conf := range []meeting.Config{a, b} {
		ends[i] = make(chan ended, 1)
		go func() {
			r, err := meeting.Run(ctx, c.ends[i], conf)
			ends[i] <- ended{r, err}
		}()
	}
	one, other := <-ends[0], <-ends[1]
	c.wait()
	return one, other
}

// parcel is one frame on the cable, or the preamble. Those that say nothing are
// not counted.
type parcel struct {
	from  int // which end
	index int // of those from there, from 0
	raw   []byte
}

func (p parcel) kind() byte {
	if p.index == 0 {
		return 0
	}
	return p.raw[0]
}

// cable is a cable with somebody on it who sees every frame.
type cable struct {
	ends   [2]net.Conn // for the devices
	inner  [2]net.Conn
	mu     sync.Mutex                               // one frame at a time is looked at
	tamper func(p parcel) (pass [][]byte, cut bool) // nil: all as it is
	seen   func(p parcel)
	slow   [2]time.Duration // that each frame from an end takes
	dead   [2]bool          // nothing from that end arrives any more
	done   sync.WaitGroup
}

func newCable() *cable {
	c := &cable{}
	for i := range c.ends {
		c.ends[i], c.inner[i] = net.Pipe()
	}
	return c
}

// run begins to pass on what comes.
func (c *cable) run() *cable {
	for i := range c.inner {
		c.done.Go(func() {
			c.carry(i)
			c.cut()
		})
	}
	return c
}

func (c *cable) cut() {
	for _, conn := range c.inner {
		if conn != nil {
			conn.Close()
		}
	}
}

func (c *cable) wait() {
	c.cut()
	c.done.Wait()
}

// carry passes on frames from one end.
func (c *cable) carry(from int) {
	in, out := c.inner[from], c.inner[1-from]
	head := make([]byte, 16)
	for index := 0; ; {
		if _, err := io.ReadFull(in, head); err != nil {
			return
		}
		p := parcel{from: from, index: index, raw: bytes.Clone(head)}
		if index > 0 {
			body := make([]byte, binary.BigEndian.Uint32(head[1:]))
			if _, err := io.ReadFull(in, body); err != nil {
				return
			}
			p.raw = append(p.raw, body...)
		}
		head = head[:5]
		time.Sleep(c.slow[from])
		pass, cut := c.look(p)
		if p.kind() != 'A' {
			index++
		}
		for _, raw := range pass {
			if _, err := out.Write(raw); err != nil {
				return
			}
		}
		if cut {
			return
		}
	}
}

// look tells what becomes of a frame.
func (c *cable) look(p parcel) (pass [][]byte, cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	pass = [][]byte{p.raw}
	if p.kind() != 'A' {
		if c.seen != nil {
			c.seen(p)
		}
		if c.tamper != nil {
			pass, cut = c.tamper(p)
		}
	}
	if c.dead[p.from] {
		pass = nil
	}
	return pass, cut
}

// contribution reads a chunk's offset and bytes.
func contribution(raw []byte) (at int64, b []byte) {
	body := raw[5:]
	return int64(binary.BigEndian.Uint64(body)), body[12+binary.BigEndian.Uint32(body[8:]):]
}

// watch holds what each device sends against its stock, and keeps the latest
// contribution to each byte of pad.
type watch struct {
	devices [2]*device
	streams [2][padSize]byte
	whole   [2]bool // streams were seen from their beginning
}

func (w *watch) see(p parcel) {
	d := w.devices[p.from]
	switch p.kind() {
	case 'C':
		at, b := contribution(p.raw)
		d.leaves(b)
		copy(w.streams[p.from][at:], b)
		w.whole[p.from] = w.whole[p.from] || at == 0
	case 'K':
		d.leaves(p.raw[5:])
	case 'H':
		var h struct{ Nonce string }
		must(d.t, json.Unmarshal(p.raw[5:], &h))
		nonce, err := hex.DecodeString(h.Nonce)
		must(d.t, err)
		d.leaves(nonce)
	}
}

// wellPaired checks that two devices have the same pads in use, that the newest
// is what the two sent, that they can talk, and that nothing is left over.
func wellPaired(t testing.TB, a, b *device) {
	t.Helper()
	for _, side := range [][2]*device{{a, b}, {b, a}} {
		d, other := side[0], side[1]
		if d.store.Draft() != nil {
			t.Errorf("%s has a draft left", d.owner)
		}
		for _, p := range d.store.Pads() {
			q, ok := other.store.PadByID(p.PadID)
			if !ok || p.State == padstore.Prepared {
				t.Errorf("%s's pad %s is %s, and there is %v on the other device: %s", d.owner, p.PadID, p.State, ok, q.State)
			}
		}
		// What has left the reservoir is not in it any more.
		file := d.disk.Bytes("reservoir.store")
		for at := 0; at+16 <= len(file); at += 16 {
			if d.stock[[16]byte(file[at:])] {
				t.Errorf("%s still has what it sent, at %d", d.owner, at)
			}
		}
	}
	if t.Failed() {
		return
	}
	if x, y := a.padBytes(), b.padBytes(); !bytes.Equal(x, y) || len(x) == 0 {
		t.Errorf("the newest pads differ: %d bytes, %d bytes", len(x), len(y))
	}
	// Each seals on its own side of the split.
	split := int64(len(a.padBytes()) / 2)
	ahead, back := talk(t, a, b), talk(t, b, a)
	if a.owner > b.owner {
		ahead, back = back, ahead
	}
	if ahead >= split || back < split {
		t.Errorf("of a pad split at %d the smaller name seals at %d, the larger one at %d", split, ahead, back)
	}
}

// talk has a say something to b, and answers where in the pad that was sealed.
func talk(t testing.TB, a, b *device) (index int64) {
	t.Helper()
	sealed, err := a.store.Seal(b.owner, "hello "+b.owner)
	must(t, err)
	if o, err := b.store.Unseal(a.owner, sealed.Package); err != nil || o.Text != "hello "+b.owner || o.Skip {
		t.Errorf("%s reads %q, %v", b.owner, o.Text, err)
	}
	return int64(binary.LittleEndian.Uint64(append(sealed.Package[:6:6], 0, 0)))
}

// padBytes is the file of a device's newest pad.
func (d *device) padBytes() []byte {
	pads := d.store.Pads()
	if len(pads) == 0 {
		return nil
	}
	name := d.owner + "." + pads[0].Contact + ".random.store"
	if last := pads[len(pads)-1]; last.Number != pads[0].Number {
		name = d.owner + "." + pads[0].Contact + "." + pads[0].Number + ".random.store"
	}
	return d.disk.Bytes(name)
}

// soon ends what hangs: after a while both owners want to cancel.
func soon(patience time.Duration, devices ...*device) (stop func()) {
	timer := time.AfterFunc(patience, func() {
		for _, d := range devices {
			select {
			case d.wishes <- meeting.Cancel:
			default:
			}
		}
	})
	return func() { timer.Stop() }
}

// drain takes all out of the reservoir.
func (d *device) drain() error {
	b := make([]byte, d.store.Reservoir().Level().Ready)
	_, err := d.store.Reservoir().Take(b)
	d.leaves(b)
	return err
}

// asked counts what the owner was asked that begins so.
func (p *person) asked(what string) (n int) {
	for _, did := range p.did {
		if strings.HasPrefix(did, what) {
			n++
		}
	}
	return n
}

// imports moves a pad with somebody, made elsewhere, to a device.
func (d *device) imports(contact *device) {
	d.t.Helper()
	stick := durabletest.New(1)
	g := padstore.Generation{A: d.owner, B: contact.owner, Bytes: padSize, Suite: seal.Unconditional, Bucket: seal.DefaultBucket, Source: "random"}
	must(d.t, padstore.Generate(stick, g, padtest.Stream("stick"), nil))
	_, err := d.store.Import(stick, "stick", nil)
	must(d.t, err)
}
