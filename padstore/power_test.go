package padstore_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// recoveryOps is about how many operations opening a store takes; cuts are
// chained at random ones of them.
const recoveryOps = 100

// fates of what was not synced.
var fates = [...]durabletest.Unsynced{durabletest.Lost, durabletest.Kept, durabletest.PartlyKept}

func TestPowerCutAtEveryOperationOfEveryAction(t *testing.T) {
	eachAction(t, func(t *testing.T, sc *scene, a action) {
		ops := operations(t, sc, a)
		for _, fate := range fates {
			for k, op := range append(ops, "end") {
				if isRead(op) {
					continue // as a cut at the next operation, its data lost
				}
				cutOnce(t, sc, a, k+1, fate, uint64(k))
				if fate != durabletest.Kept && strings.HasPrefix(op, "sync ") {
					cutOnce(t, sc, a, k+1, fate, uint64(k)^1) // two files in the other order
				}
			}
		}
	})
}

// eachAction tries every action of each suite, beside the scene that it begins in.
func eachAction(t *testing.T, try func(t *testing.T, sc *scene, a action)) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		for _, a := range allActions(suite) {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { try(t, a.scene(t, suite), a) })
			})
		}
	})
}

// operations lists what an action does to the disk.
func operations(t *testing.T, sc *scene, a action) (ops []string) {
	tr := begin(t, sc, a, 0)
	tr.disk.Trace(func(op string) { ops = append(ops, op) })
	if err := a.do(tr); err != nil {
		t.Fatal(err)
	}
	tr.disk.Trace(nil)
	tr.check(tr, tr.disk)
	return ops
}

// begin sets an action's stage.
func begin(t *testing.T, sc *scene, a action, seed uint64) *trial {
	tr := &trial{T: t}
	tr.start(sc, seed)
	if !a.closed {
		if err := tr.open(); err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

// cutOnce cuts the power at the k-th operation of the action, and sometimes
// again at a random one of the recovery that follows.
func cutOnce(t *testing.T, sc *scene, a action, k int, fate durabletest.Unsynced, seed uint64) {
	defer func() {
		if t.Failed() {
			t.Fatalf("cut at %d, unsynced %v, seed %d", k, fate, seed)
		}
	}()
	tr := begin(t, sc, a, seed)
	tr.disk.CutAt(k)
	done := a.do(tr) == nil
	if !done && !tr.disk.Failed() {
		t.Fatal("failed without a power cut")
	}
	tr.disk.PowerOn(fate)
	if fate == durabletest.PartlyKept {
		tr.disk.CutAt(1 + rand.New(rand.NewPCG(seed, uint64(k))).IntN(recoveryOps))
		if tr.open() == nil {
			// Recovered before the second cut: its turn is after this.
			tr.check(tr, tr.disk)
			if done {
				tr.promised(tr.store)
			}
			tr.disk.PowerOff()
		}
		tr.disk.PowerOn(fate)
	}
	if err := tr.open(); err != nil {
		t.Fatalf("reopening: %v", err)
	}
	tr.finish(done)
}

// A segment of paper is not made of cells: a sector that tears at its end can
// leave a few zeros that no search would find.
func TestASegmentThatEndsALittleIntoASectorTears(t *testing.T) {
	seals := action{"seal", lived, false, func(tr *trial) error {
		cursor := tr.metadata(tr, tr.disk).EncryptIndex
		return tr.seal(tr, tr.store, string(make([]byte, (512+10-48-cursor)/2)))
	}}
	sc := lived(t, seal.Paper)
	for k := range operations(t, sc, seals) {
		for seed := range uint64(16) {
			cutOnce(t, sc, seals, k+1, durabletest.PartlyKept, seed)
		}
	}
}

// finish is what every trial ends with.
func (tr *trial) finish(done bool) {
	tr.Helper()
	tr.check(tr, tr.disk)
	if done {
		tr.promised(tr.store)
	}
	for _, p := range tr.store.Pads() {
		if p.Fault {
			tr.Fatal("a power cut has damaged a pad")
		}
	}
	tr.probe(tr, tr.store)
	tr.stock.probe(tr, tr.store)
	tr.check(tr, tr.disk)
}

func TestAFreshStoreSurvivesAPowerCutAtEveryOperation(t *testing.T) {
	for seed, fate := range fates {
		for k := 1; ; k++ {
			disk := durabletest.New(uint64(seed))
			disk.CutAt(k)
			_, err := padstore.Open(disk, "alice")
			reached := disk.Failed()
			if err != nil && !errors.Is(err, padstore.ErrFault) {
				t.Fatal(err)
			}
			disk.PowerOn(fate)
			store, err := padstore.Open(disk, "alice")
			if err != nil {
				t.Fatalf("cut at %d, unsynced %v: %v", k, fate, err)
			}
			if err := store.SaveNextRef(relay, 7); err != nil {
				t.Fatal(err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			if !reached {
				break
			}
		}
	}
}

func TestEveryFailingOperationLatchesTheStoreAndReleasesNothing(t *testing.T) {
	eachAction(t, func(t *testing.T, sc *scene, a action) {
		for k := 1; failOnce(t, sc, a, k, fates[k%2]); k++ {
		}
	})
}

// failOnce fails the k-th operation of the action, reads as well as writes.
func failOnce(t *testing.T, sc *scene, a action, k int, fate durabletest.Unsynced) bool {
	tr := begin(t, sc, a, 1)
	op := ""
	defer func() {
		if t.Failed() {
			t.Fatalf("operation %d failed: %s", k, op)
		}
	}()
	n := 0
	tr.disk.Trace(func(next string) {
		if n++; n == k {
			op = next
		}
	})
	tr.disk.FailAt(k)
	err := a.do(tr)
	tr.disk.Trace(nil)
	reached := tr.disk.Failed()
	switch {
	case !reached:
		if err != nil {
			t.Fatalf("failed without a failing operation: %v", err)
		}
	case isRead(op):
		// A sector that cannot be read once is read again, or taken for
		// destroyed; no promise about the disk is broken.
		if err != nil && !errors.Is(err, padstore.ErrFault) {
			t.Fatal(err)
		}
		tr.stock.least, tr.stock.old = 0, true // records may have gone back by a slot
		if tr.stock.draft != nil {
			tr.stock.draft.least = 0
		}
	default:
		mustBeLatched(tr, a, err)
	}
	tr.disk.PowerOn(fate)
	if err := tr.open(); err != nil {
		t.Fatalf("reopening: %v", err)
	}
	tr.finish(reached && err == nil && !isRead(op))
	return reached
}

func isRead(op string) bool { return len(op) > 5 && op[:5] == "read " }

func mustBeLatched(tr *trial, a action, err error) {
	tr.Helper()
	if err != nil && !errors.Is(err, padstore.ErrFault) {
		tr.Fatalf("not a fault: %v", err)
	}
	if a.closed {
		if err == nil {
			tr.Fatal("opened in spite of a failure")
		}
		return
	}
	if tr.store.Fault() == nil {
		tr.Fatal("the store did not latch")
	}
	writes := 0
	tr.disk.Trace(func(op string) {
		if !isRead(op) {
			writes++
		}
	})
	for name, call := range everyAction(tr) {
		if err := call(); !errors.Is(err, padstore.ErrFault) {
			tr.Fatalf("%s after a failure: %v", name, err)
		}
	}
	tr.disk.Trace(nil)
	if writes > 0 {
		tr.Fatalf("a latched store changed the disk %d times", writes)
	}
}

func everyAction(tr *trial) map[string]func() error {
	s, pkg := tr.store, tr.incoming(tr, tr.scene.next+160, "later")
	calls := map[string]func() error{
		"Room":        func() error { _, err := s.Room("bob", "x"); return err },
		"Seal":        func() error { return tr.seal(tr, s, "x") },
		"Verify":      func() error { _, err := s.Verify("bob", pkg); return err },
		"Unseal":      func() error { _, err := s.Unseal("bob", pkg); return err },
		"Settle":      func() error { return s.Settle("bob") },
		"Work":        func() error { _, err := s.Work(); return err },
		"Record":      func() error { return s.Record(padstore.Entry{Kind: padstore.KindDenied}) },
		"MarkRead":    func() error { return s.MarkRead(1) },
		"SaveNextRef": func() error { return s.SaveNextRef(relay, 99) },
		"Import":      func() error { _, err := s.Import(durabletest.New(1), "x", nil); return err },
		"KeepNoise":   func() error { return s.KeepNoiseStarts(nil) },
		"Choose":      func() error { return s.Choose(padstore.DefaultSettings()) },
		"Check":       func() error { _, err := s.Check(); return err },
		"Remove":      func() error { return s.Remove("bob", nil) },
		"Erase":       func() error { return s.Erase(nil) },
		"Close":       s.Close,
	}
	maps.Copy(calls, everyMaking(tr))
	return calls
}
