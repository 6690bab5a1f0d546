package padstore_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

var togetherSeed = flag.Uint64("together", 0, "run TestEverythingAtOnce with this seed only")

// crowd is all that a device may be asked for at once. Its oracle: of no pad a byte
// leaves in two packages, and no package opens twice.
type crowd struct {
	*testing.T
	store *padstore.Store

	mu     sync.Mutex
	used   map[string]bool // number of a pad, and offset of a sealed cell
	opened map[string]bool
	lives  []*padLife
}

func TestEverythingAtOnce(t *testing.T) {
	seed := rand.Uint64()
	if *togetherSeed != 0 {
		seed = *togetherSeed
	}
	defer func() {
		if t.Failed() {
			t.Logf("go test -run TestEverythingAtOnce -together %d", seed)
		}
	}()
	disk := durabletest.New(seed)
	c := &crowd{T: t, store: open(t, disk, "alice"), used: map[string]bool{}, opened: map[string]bool{}}
	mustDo(t, c.store.Reservoir().Resize(4096))
	for i := range 4 {
		c.comes(rand.New(rand.NewPCG(seed, uint64(100+i))))
	}
	acts := []func(*rand.Rand){c.seals, c.seals, c.seals, c.opens, c.opens, c.opens, c.comes, c.goes, c.looks, c.works, c.noise}
	var wg sync.WaitGroup
	for g := range 6 {
		rng := rand.New(rand.NewPCG(seed, uint64(g)))
		wg.Go(func() {
			for range 150 {
				acts[rng.IntN(len(acts))](rng)
			}
		})
	}
	wg.Wait()
	mustDo(t, c.store.Fault())
	for _, p := range open(t, disk.Clone(seed), "alice").Pads() {
		if p.Fault {
			t.Errorf("pad %s is damaged", p.Number)
		}
	}
	// Who comes while everything is erased gets nothing, and leaves nothing behind.
	for g := range 6 {
		rng := rand.New(rand.NewPCG(seed, uint64(200+g)))
		wg.Go(func() {
			for c.store.Fault() == nil {
				acts[rng.IntN(len(acts))](rng)
			}
		})
	}
	mustDo(t, c.store.Erase(nil))
	wg.Wait()
	mustDo(t, c.store.Close())
	if names := disk.Names(); len(names) > 0 {
		t.Errorf("left are %q", names)
	}
}

// allowed passes over what may be said to somebody who comes too late.
func (c *crowd) allowed(err error, kinds ...error) {
	c.Helper()
	kinds = append(kinds, padstore.ErrNoPad, padstore.ErrFault)
	if err != nil && !slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) }) {
		c.Error(err)
	}
}

func (c *crowd) contact(rng *rand.Rand) string { return []string{"bob", "aaron"}[rng.IntN(2)] }

// life is one of the pads that ever were.
func (c *crowd) life(rng *rand.Rand) *padLife {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lives[rng.IntN(len(c.lives))]
}

func (c *crowd) seals(rng *rand.Rand) {
	contact, text := c.contact(rng), strings.Repeat("x", rng.IntN(80))
	sealed, err := c.store.Seal(contact, text)
	c.allowed(err, padstore.ErrDepleted)
	if err != nil {
		return
	}
	from, _ := seal.Index(sealed.Package)
	c.mu.Lock()
	defer c.mu.Unlock()
	size := seal.Unconditional.SegmentSize(len(sealed.Package) - seal.Unconditional.PackageSize(0))
	for at := int64(0); at < size; at += seal.CellSize {
		offset := from + at
		if contact < "alice" {
			offset = from - at
		}
		cell := fmt.Sprint(sealed.Pad, " ", offset)
		if c.used[cell] {
			c.Errorf("pad and offset %s left twice", cell)
		}
		c.used[cell] = true
	}
}

func (c *crowd) opens(rng *rand.Rand) {
	l := c.life(rng)
	pkg := l.incoming(c, 16+48*int64(rng.IntN(20)), "in")
	got, err := c.store.Unseal(l.contact, pkg)
	c.allowed(err, padstore.ErrAlreadyOpened, padstore.ErrNotVerified)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opened[string(pkg)] || got.Text != "in" {
		c.Errorf("%q was opened a second time, or is another text", got.Text)
	}
	c.opened[string(pkg)] = true
}

// comes moves a pad in.
func (c *crowd) comes(rng *rand.Rand) {
	contact, name := c.contact(rng), fmt.Sprint(rng.Uint64())
	made := padBytes(c, name, 4096)
	_, err := c.store.Import(folderOf(c, contact, made), name, nil)
	if err != nil && strings.Contains(err.Error(), "takes no more") {
		return
	}
	c.allowed(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lives = append(c.lives, &padLife{ledger: newLedger(seal.Unconditional, "alice", contact, made)})
}

func (c *crowd) goes(rng *rand.Rand) {
	if rng.IntN(8) == 0 {
		c.allowed(c.store.Remove(c.contact(rng), nil))
		return
	}
	if pads := c.store.Pads(); len(pads) > 0 {
		c.allowed(c.store.Discard(pads[rng.IntN(len(pads))].Number, nil), padstore.ErrState)
	}
}

func (c *crowd) looks(rng *rand.Rand) {
	for _, p := range c.store.Pads() {
		_, _, err := c.store.Certificate(p.Number)
		c.allowed(err)
		c.allowed(c.store.Use(p.Number), padstore.ErrState)
	}
	_, err := c.store.Room(c.contact(rng), "x")
	c.allowed(err, padstore.ErrDepleted)
	c.store.Log()
	c.store.Unfinished()
}

func (c *crowd) works(rng *rand.Rand) {
	_, err1 := c.store.Work()
	_, err2 := c.store.Check()
	c.allowed(errors.Join(err1, err2, c.store.Settle(c.contact(rng)), c.store.SaveNextRef(relay, int64(rng.IntN(99)))))
}

func (c *crowd) noise(rng *rand.Rand) {
	r := c.store.Reservoir()
	c.allowed(r.Add(padBytes(c, "noise", 256), origins("hw")), padstore.ErrFull)
	_, err := r.Take(make([]byte, rng.IntN(300)))
	c.allowed(err, padstore.ErrDry)
}
