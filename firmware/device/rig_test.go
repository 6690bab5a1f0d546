package device_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/device"
	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// glass is the panel of a rig: it keeps what it was shown.
type glass struct {
	mu     sync.Mutex
	frame  *display.Frame
	names  []string // of all screens so far, repeats left out
	text   []string // everything that ever could be read
	broken error
	shown  func(name string) // told of the screen of each new frame
	alive  func(name string) // told of each target of a new frame that is alive
}

func (g *glass) Show(f *display.Frame) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.broken != nil {
		return g.broken
	}
	g.frame = f
	if n := len(g.names); n == 0 || g.names[n-1] != f.Name {
		g.names = append(g.names, f.Name)
	}
	g.text = append(g.text, f.Text...)
	if g.shown != nil {
		g.shown(f.Name)
	}
	for _, t := range f.Targets {
		if t.Active && g.alive != nil {
			g.alive(t.Name)
		}
	}
	return nil
}

func (g *glass) now() *display.Frame {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.frame
}

func (g *glass) seen(name string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, s := range g.names {
		if s == name {
			n++
		}
	}
	return n
}

// small draws for all tests: one renderer shapes each letter once, and that takes
// longer than many a test.
var small = sync.OnceValues(func() (*display.Renderer, error) { return display.NewRenderer(image.Pt(320, 240)) })

func renderer(t testing.TB) *display.Renderer {
	t.Helper()
	r, err := small()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// rig is a pad device with a person's finger: only panel, finger and disk are
// fakes.
type rig struct {
	*device.Device
	t     testing.TB
	glass *glass
	store *padstore.Store
	disk  *durabletest.Disk
	off   func() error // ends Run and returns what it returned
}

// start switches a device on. Its clock runs until the test ends or off.
func start(t testing.TB, disk *durabletest.Disk, owner string) *rig {
	t.Helper()
	store, err := padstore.Open(disk, owner)
	if err != nil {
		t.Fatal(err)
	}
	return startWith(t, disk, store)
}

func startWith(t testing.TB, disk *durabletest.Disk, store *padstore.Store) *rig {
	t.Helper()
	return startStore(t, disk, store, func(*config) {})
}

// config is short for what a device is made of.
type config = device.Config

// startRig switches a device on that has more than a laptop.
func startRig(t testing.TB, disk *durabletest.Disk, owner string, more func(*config)) *rig {
	t.Helper()
	store, err := padstore.Open(disk, owner)
	if err != nil {
		t.Fatal(err)
	}
	return startStore(t, disk, store, more)
}

func startStore(t testing.TB, disk *durabletest.Disk, store *padstore.Store, more func(*config)) *rig {
	t.Helper()
	// Only tests of the idle screen want it: they choose it on the screen.
	if s := store.Settings(); s == padstore.DefaultSettings() {
		s.Idle = 0
		if err := store.Choose(s); err != nil {
			t.Fatal(err)
		}
	}
	r := &rig{t: t, glass: &glass{}, store: store, disk: disk}
	c := device.Config{Store: store, Renderer: renderer(t), Panel: r.glass, Link: "10.0.0.1:9051"}
	more(&c)
	r.Device = device.New(c)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.off = sync.OnceValue(func() error {
		cancel()
		err := <-ended
		store.Close()
		return err
	})
	t.Cleanup(func() { r.off() })
	return r
}

// screen is the name of what the glass shows, once nothing moves any more.
func (r *rig) screen() string {
	synctest.Wait()
	return r.glass.now().Name
}

// text is all that can be read on the glass, in one line.
func (r *rig) text() string {
	synctest.Wait()
	return strings.Join(r.glass.now().Text, " ")
}

func (r *rig) wantScreen(name string) {
	r.t.Helper()
	if got := r.screen(); got != name {
		r.t.Fatalf("the screen is %q, want %q: %q", got, name, r.text())
	}
}

func (r *rig) wantText(parts ...string) {
	r.t.Helper()
	for _, part := range parts {
		if text := r.text(); !strings.Contains(text, part) {
			r.t.Fatalf("the screen says %q, want %q in it", text, part)
		}
	}
}

func (r *rig) target(name string) (t display.Target) {
	r.t.Helper()
	synctest.Wait()
	f := r.glass.now()
	i := slices.IndexFunc(f.Targets, func(t display.Target) bool { return t.Name == name })
	if i < 0 {
		r.t.Fatalf("%s has no target %s", f.Name, name)
	}
	return f.Targets[i]
}

func middle(t display.Target) image.Point { return t.Rect.Min.Add(t.Rect.Max).Div(2) }

// tap puts a finger on the drawn button and lifts it, once it can have been read.
func (r *rig) tap(name string) {
	r.t.Helper()
	if !r.target(name).Active {
		time.Sleep(500 * time.Millisecond)
	}
	p := middle(r.target(name))
	r.Press(p)
	if got, active := r.Release(p); got != name || !active {
		r.t.Fatalf("tapping %s on %s: %q, %v", name, r.screen(), got, active)
	}
}

// tapNow taps name as it is drawn now, outside a bubble.
func (r *rig) tapNow(name string) {
	f := r.glass.now()
	i := slices.IndexFunc(f.Targets, func(t display.Target) bool { return t.Name == name })
	if i < 0 {
		return
	}
	p := middle(f.Targets[i])
	r.Press(p)
	r.Release(p)
}

// approve waits out the guard time, turns all pages, and taps name.
func (r *rig) approve(name string) {
	r.t.Helper()
	synctest.Wait()
	time.Sleep(500 * time.Millisecond)
	synctest.Wait()
	for !r.glass.now().LastPage() {
		r.tap("next")
	}
	r.tap(name)
}

type sent struct {
	sealed []hostlink.Sealed
	err    error
}

type opened struct {
	opened []hostlink.Opened
	err    error
}

func send(ctx context.Context, r *rig, id, text string, to ...string) <-chan sent {
	c := make(chan sent, 1)
	go func() {
		s, err := r.Package(ctx, hostlink.PackageRequest{ID: id, From: r.store.Owner(), To: to, Text: text})
		c <- sent{s, err}
	}()
	return c
}

func open(ctx context.Context, r *rig, id string, in ...hostlink.Incoming) <-chan opened {
	c := make(chan opened, 1)
	go func() {
		o, err := r.Unpackage(ctx, hostlink.UnpackageRequest{ID: id, To: r.store.Owner(), Packages: in})
		c <- opened{o, err}
	}()
	return c
}

// pending tells that no answer has come yet.
func pending[T any](c <-chan T) bool {
	synctest.Wait()
	return len(c) == 0
}

// cards makes the disks of some people, each with a pad with every other one.
func cards(t testing.TB, suite seal.Suite, nBytes int64, people ...string) map[string]*durabletest.Disk {
	t.Helper()
	disks := map[string]*durabletest.Disk{}
	stores := map[string]*padstore.Store{}
	for _, p := range people {
		disks[p] = durabletest.New(1)
		store, err := padstore.Open(disks[p], p)
		if err != nil {
			t.Fatal(err)
		}
		stores[p] = store
	}
	for i, a := range people {
		for _, b := range people[i+1:] {
			folder := durabletest.New(1)
			g := padstore.Generation{A: a, B: b, Bytes: nBytes, Suite: suite, Source: "random"}
			if suite == seal.Unconditional {
				g.Bucket = seal.DefaultBucket
			}
			if err := padstore.Generate(folder, g, padtest.Stream(a+b+t.Name()), func(int64) {}); err != nil {
				t.Fatal(err)
			}
			for _, p := range []string{a, b} {
				if _, err := stores[p].Import(durabletest.From(folder.Image(), 1), a+b, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, store := range stores {
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return disks
}

// pair is alice's device, and bob's store.
func pair(t testing.TB) (alice *rig, bob *padstore.Store) {
	t.Helper()
	disks := cards(t, seal.Unconditional, 64<<10, "alice", "bob")
	return start(t, disks["alice"], "alice"), storeOf(t, disks["bob"], "bob")
}

func storeOf(t testing.TB, disk *durabletest.Disk, owner string) *padstore.Store {
	t.Helper()
	store, err := padstore.Open(disk, owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// from is a package that a contact's store seals.
func from(t testing.TB, contact *padstore.Store, to, text string) hostlink.Incoming {
	t.Helper()
	s, err := contact.Seal(to, text)
	if err != nil {
		t.Fatal(err)
	}
	return hostlink.Incoming{From: contact.Owner(), Package: s.Package}
}

// read is what a contact's store makes of a package.
func read(t testing.TB, contact *padstore.Store, sender string, pkg []byte) string {
	t.Helper()
	o, err := contact.Unseal(sender, pkg)
	if err != nil {
		t.Fatal(err)
	}
	return o.Text
}

// left is how much pad a rig has with its first contact, each way.
func (r *rig) left() [2]int64 {
	p := r.store.Pads()[0]
	return [2]int64{p.SendLeft, p.ReceiveLeft}
}

// logged counts the log's entries of a kind.
func (r *rig) logged(kind string) int {
	n := 0
	for _, e := range r.store.Log() {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func wantErr(t testing.TB, got error, want hostlink.Refusal) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("refused with %v, want %v", got, want)
	}
}

// bubble runs f where time passes only when everybody waits.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// numbered is a text that differs for each n.
func numbered(n int) string { return fmt.Sprintf("text %d", n) }
