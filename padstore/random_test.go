package padstore_test

import (
	"bytes"
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

var replay = flag.Uint64("seed", 0, "run TestRandomActions with this seed only")

// life is one random life of a pad. Its ledger is the oracle: an offset is
// certainly burned when it served, maybe burned when a call that could burn it
// did not come to its end, and else never.
type life struct {
	*testing.T
	*ledger
	rng    *rand.Rand
	disk   *durabletest.Disk
	store  *padstore.Store
	sent   []parcel // by the contact, in order
	end    int64    // receive position behind the last of them
	backup []byte   // metadata, to roll back to
}

// parcel is a package of the contact's and what may become of it.
type parcel struct {
	pkg  []byte
	text string
}

func TestRandomActions(t *testing.T) {
	seeds := make([]uint64, 30)
	for i := range seeds {
		seeds[i] = rand.Uint64()
	}
	if *replay != 0 {
		seeds = []uint64{*replay}
	}
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		for _, seed := range seeds {
			live(t, suite, seed)
		}
	})
}

func live(t *testing.T, suite seal.Suite, seed uint64) {
	defer func() {
		if t.Failed() {
			t.Fatalf("go test -run TestRandomActions -seed %d", seed)
		}
	}()
	rng := rand.New(rand.NewPCG(seed, 0))
	owner, contact := "alice", "bob"
	if rng.IntN(2) == 0 {
		owner, contact = contact, owner
	}
	store, disk, l := importedBy(t, suite, 4096+32*rng.IntN(128), owner, contact)
	v := &life{T: t, ledger: l, rng: rng, disk: disk.Clone(seed), end: l.base()}
	mustDo(t, store.Close())
	v.reopen()
	v.backup = v.disk.Bytes(v.file + ".metadata")
	acts := []func(){v.doSeal, v.doSeal, v.doOpen, v.doOpen, v.doOpen, v.doReplay, v.doForge, v.doForge, v.doWork, v.doSettle, v.doCut, v.doCut, v.doReopen, v.doRollBack, v.doDamage, v.doWearOut, v.doBackup}
	for range 50 {
		acts[rng.IntN(len(acts))]()
	}
	v.disk.PowerOff()
	v.disk.PowerOn(durabletest.Lost)
	v.reopen()
	v.check(v, v.disk)
	v.probe(v, v.store)
	v.check(v, v.disk)
}

func (v *life) reopen() {
	v.Helper()
	store, err := padstore.Open(v.disk, v.owner)
	if err != nil {
		v.Fatal(err)
	}
	if damaged(v, store, v.contact) {
		v.Fatal("the pad is at fault")
	}
	v.store = store
}

// allowed fails on errors that no random action may meet with the power on.
func (v *life) allowed(err error, kinds ...error) {
	v.Helper()
	if err == nil || v.disk.Failed() && errors.Is(err, padstore.ErrFault) {
		return
	}
	if !slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) }) {
		v.Fatal(err)
	}
}

func (v *life) text() string {
	return strings.Repeat("é", v.rng.IntN(60))
}

func (v *life) doSeal() {
	v.allowed(v.seal(v, v.store, v.text()), padstore.ErrDepleted)
}

// doOpen has the contact send a few, and opens any of what was sent.
func (v *life) doOpen() {
	for range v.rng.IntN(3) {
		text := v.text()
		size := v.segmentSize(text)
		if v.end+size >= int64(len(v.made))/2 {
			break
		}
		v.sent = append(v.sent, parcel{v.incoming(v, v.end, text), text})
		v.end += size
	}
	if len(v.sent) == 0 {
		return
	}
	p := v.sent[v.rng.IntN(len(v.sent))]
	fresh, harmed := true, v.touchesHarm(v, v.contact, p.pkg)
	for _, o := range v.where(v, v.contact, p.pkg) {
		fresh = fresh && !v.tried[o] && !harmed // never burned, wholly
	}
	got, err := v.open(v, v.store, p.pkg)
	if harmed && v.suite == seal.Paper && (err == nil || errors.Is(err, padstore.ErrMalformed)) {
		return // the MAC does not cover p_text, and less than 16 zeros tell nothing
	}
	v.allowed(err, padstore.ErrAlreadyOpened, padstore.ErrNotVerified)
	if err == nil && got.Text != p.text {
		v.Fatalf("%q instead of %q", got.Text, p.text)
	}
	// In paper a pad's own zeros behind a destroyed run are given up with it.
	if err != nil && fresh && !v.disk.Failed() && v.suite == seal.Unconditional {
		v.Fatalf("pad that was never burned is refused: %v", err)
	}
}

func (v *life) doReplay() {
	if len(v.opened) == 0 {
		return
	}
	_, err := v.open(v, v.store, v.opened[v.rng.IntN(len(v.opened))])
	if err == nil {
		v.Fatal("opened twice")
	}
	v.allowed(err, padstore.ErrAlreadyOpened, padstore.ErrNotVerified)
}

// doForge presents a package that the contact did not make.
func (v *life) doForge() {
	pkg := make([]byte, v.suite.PackageSize(32*(1+v.rng.IntN(3))))
	if len(v.sent) > 0 {
		pkg = slices.Clone(v.sent[v.rng.IntN(len(v.sent))].pkg)
	}
	for range 1 + v.rng.IntN(3) {
		pkg[v.rng.IntN(len(pkg))] ^= 1 << v.rng.IntN(8)
	}
	if slices.ContainsFunc(v.sent, func(p parcel) bool { return slices.Equal(p.pkg, pkg) }) {
		return
	}
	meta, pad := v.disk.Bytes(v.file+".metadata"), v.disk.Bytes(v.file+".store")
	got, err := v.store.Unseal(v.contact, pkg)
	if err == nil {
		v.Fatalf("a forgery opened: %q", got.Text)
	}
	v.allowed(err, padstore.ErrAlreadyOpened, padstore.ErrNotVerified)
	if !bytes.Equal(meta, v.disk.Bytes(v.file+".metadata")) || !bytes.Equal(pad, v.disk.Bytes(v.file+".store")) {
		v.Fatal("a forgery changed something")
	}
}

func (v *life) doWork() {
	_, err := v.store.Work()
	v.allowed(err)
}

func (v *life) doSettle() { v.allowed(v.store.Settle(v.contact)) }

// doCut plans a power cut, does something until it has come, and starts again.
func (v *life) doCut() {
	v.disk.CutAt(1 + v.rng.IntN(12))
	acts := []func(){v.doSeal, v.doOpen, v.doWork, v.doSettle}
	for range 4 {
		acts[v.rng.IntN(len(acts))]()
	}
	v.powerCycle()
}

func (v *life) powerCycle() {
	v.disk.PowerOff()
	v.disk.PowerOn(durabletest.Unsynced(v.rng.IntN(3)))
	if v.rng.IntN(2) == 0 {
		v.disk.CutAt(1 + v.rng.IntN(recoveryOps))
		if _, err := padstore.Open(v.disk, v.owner); err != nil && !v.disk.Failed() {
			v.Fatal(err)
		}
		v.disk.PowerOff()
		v.disk.PowerOn(durabletest.Unsynced(v.rng.IntN(3)))
	}
	v.reopen()
	v.check(v, v.disk)
}

func (v *life) doReopen() {
	mustDo(v, v.store.Close())
	v.reopen()
	v.check(v, v.disk)
}

func (v *life) doBackup() { v.backup = v.disk.Bytes(v.file + ".metadata") }

// doRollBack brings back old metadata while the device is off.
func (v *life) doRollBack() {
	v.disk.PowerOff()
	v.disk.PowerOn(durabletest.Kept)
	v.disk.Put(v.file+".metadata", v.backup)
	v.reopen()
	v.check(v, v.disk)
}

// doDamage breaks a sector of the metadata, or a cell of unused pad, while the
// device is off. Both slots are whole again after two changes.
func (v *life) doDamage() {
	v.powerCycle()
	v.allowed(v.store.Settle(v.contact))
	v.reopen()
	v.reopen()
	if v.rng.IntN(2) == 0 {
		v.disk.FlipSector(v.file+".metadata", v.rng.IntN(32))
	} else {
		cell := int64(1+v.rng.IntN(len(v.made)/16-2)) * 16
		destroy(v.disk, v.ledger, cell, cell+16)
	}
	v.reopen()
	v.check(v, v.disk)
}

// doWearOut has the card keep nothing until the device is off.
func (v *life) doWearOut() {
	v.disk.WornOut(true)
	acts := []func(){v.doSeal, v.doOpen, v.doWork, v.doSettle}
	for range 3 {
		acts[v.rng.IntN(len(acts))]()
	}
	v.disk.PowerOff()
	v.disk.PowerOn(durabletest.Lost)
	v.disk.WornOut(false)
	v.reopen()
	v.check(v, v.disk)
}

// register is a ledger for many goroutines.
type register struct {
	sync.Mutex
	*ledger
	seen map[string]int // texts
}

func TestConcurrentCallersNeverShareAPad(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		store, disk, l := imported(t, suite, 64<<10)
		r := &register{ledger: l, seen: map[string]int{}}
		var packages [][]byte
		for k := range int64(60) {
			packages = append(packages, l.incoming(t, l.base()+k*l.segmentSize("in"), "in"))
		}
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for range 20 {
					sealed, err := store.Seal("bob", "out")
					r.Lock()
					if err != nil {
						t.Error(err)
					} else {
						r.sealed(t, sealed.Package, "out")
					}
					r.Unlock()
				}
			})
			wg.Go(func() {
				for _, i := range rand.New(rand.NewPCG(uint64(g), 1)).Perm(len(packages)) {
					got, err := store.Unseal("bob", packages[i])
					r.Lock()
					switch {
					case err == nil && got.Text == "in":
						r.serve(t, "bob", packages[i])
						r.opened = append(r.opened, packages[i])
					case !errors.Is(err, padstore.ErrAlreadyOpened):
						t.Errorf("%q, %v", got.Text, err)
					}
					r.Unlock()
				}
			})
			wg.Go(func() {
				for i := range 60 {
					_, _ = store.Verify("bob", packages[i])
					_, _ = store.Room("bob", "x")
					store.Pads()
					store.Log()
					store.Unread()
					store.Unfinished()
					_, _ = store.NextRef(relay)
				}
			})
			wg.Go(func() {
				for i := range 20 {
					_, err1 := store.Work()
					err := errors.Join(err1, store.Settle("bob"), store.SaveNextRef(relay, int64(i)), store.MarkRead(1),
						store.Record(padstore.Entry{Kind: padstore.KindDenied, Text: "x"}))
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if len(r.opened) != len(packages) {
			t.Errorf("%d of %d packages opened", len(r.opened), len(packages))
		}
		l.check(t, disk)
		l.probe(t, open(t, disk, "alice"))
	})
}
