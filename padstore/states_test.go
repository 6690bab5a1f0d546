package padstore_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// states are a store's pads, the newest first.
func states(s *padstore.Store) string {
	var list []string
	for _, p := range s.Pads() {
		list = append(list, fmt.Sprintf("%s %s", p.PadID, p.State))
	}
	return strings.Join(list, ", ")
}

// met is alice and bob, who share a pad by import, and have made one more.
type met struct {
	*testing.T
	alice, bob   *padstore.Store
	disk         *durabletest.Disk // alice's
	old, oldBobs string            // pad numbers
	new, newBobs string
	oldID        string
}

const newID = "00ee"

func meet(t *testing.T) *met {
	folder := generate(t, seal.Unconditional, 4096, padtest.Stream(t.Name()))
	m := &met{T: t}
	m.alice, m.disk = device(t, folder, "alice")
	m.bob, _ = device(t, folder, "bob")
	m.old, m.oldBobs, m.oldID = m.alice.Pads()[0].Number, m.bob.Pads()[0].Number, m.alice.Pads()[0].PadID
	making := func(contact, peer string) padstore.Making {
		return padstore.Making{Contact: contact, Peer: strings.Repeat(peer, 16), PadID: newID, Bytes: 4096, Suite: seal.Unconditional, Bucket: 32}
	}
	m.new = makePad(t, m.alice, making("bob", "0b"))
	m.newBobs = makePad(t, m.bob, making("alice", "0a"))
	return m
}

func (m *met) want(alices string) {
	m.Helper()
	if got := states(m.alice); got != alices {
		m.Fatalf("%s, not %s", got, alices)
	}
	mustDo(m, m.alice.Fault())
	if got := states(open(m, m.disk.Clone(1), "alice")); got != alices {
		m.Fatalf("reopened: %s, not %s", got, alices)
	}
}

func TestAFreshPadTakesOverOnceBothHaveIt(t *testing.T) {
	m := meet(t)
	m.want(newID + " prepared, " + m.oldID + " retired")
	for _, s := range []*padstore.Store{m.alice, m.bob} {
		if _, err := s.Seal("bob", "x"); !errors.Is(err, padstore.ErrNoPad) {
			t.Fatalf("sealed while the new pad is prepared: %v", err)
		}
		if _, err := s.Room("bob", "x"); !errors.Is(err, padstore.ErrNoPad) {
			t.Fatalf("room while the new pad is prepared: %v", err)
		}
	}
	if err := m.alice.Discard(m.old, nil); !errors.Is(err, padstore.ErrState) {
		t.Fatalf("the old pad was discarded before the new one is in use: %v", err)
	}
	// Bob knows that alice has it. His first package tells her.
	mustDo(t, m.bob.Use(m.newBobs))
	mustDo(t, m.bob.Use(m.newBobs))
	pkg := mustSeal(t, m.bob, "alice", "on the new pad")
	if _, err := m.alice.Verify("bob", pkg); err != nil {
		t.Fatal(err)
	}
	m.want(newID + " prepared, " + m.oldID + " retired")
	if _, err := m.alice.Unseal("bob", pkg); err != nil {
		t.Fatal(err)
	}
	m.want(newID + " in use, " + m.oldID + " retired")
	if got, err := m.bob.Unseal("alice", mustSeal(t, m.alice, "bob", "here too")); err != nil || got.Text != "here too" {
		t.Fatal(err)
	}
	if err := m.alice.Discard(m.new, nil); !errors.Is(err, padstore.ErrState) {
		t.Fatalf("a pad in use was discarded: %v", err)
	}
	mustDo(t, m.alice.Discard(m.old, nil))
	m.want(newID + " in use")
	for _, err := range []error{m.alice.Discard(m.old, nil), m.alice.Use(m.old)} {
		if !errors.Is(err, padstore.ErrNoPad) {
			t.Fatalf("a pad that is gone: %v", err)
		}
	}
	for _, name := range m.disk.Names() {
		if strings.HasPrefix(name, "alice.bob.random.") {
			t.Fatalf("%s is left", name)
		}
	}
	// It never comes back, by either way.
	again := padstore.Making{Contact: "bob", Peer: strings.Repeat("0b", 16), PadID: m.oldID, Bytes: 4096, Suite: seal.Unconditional, Bucket: 32}
	if _, err := m.alice.Begin(again); !errors.Is(err, padstore.ErrKnownPad) {
		t.Fatalf("a discarded pad was made again: %v", err)
	}
	folder := generate(t, seal.Unconditional, 4096, padtest.Stream(t.Name()))
	if _, err := m.alice.Import(folder, "again", nil); !errors.Is(err, padstore.ErrKnownPad) {
		t.Fatalf("a discarded pad was imported again: %v", err)
	}
}

// What was sealed before the fresh pad came still opens, until its owner
// discards the old pad.
func TestWhatWasSealedWithARetiredPadStillOpens(t *testing.T) {
	folder := generate(t, seal.Unconditional, 4096, padtest.Stream(t.Name()))
	alice, _ := device(t, folder, "alice")
	bob, _ := device(t, folder, "bob")
	first, second := mustSeal(t, bob, "alice", "one"), mustSeal(t, bob, "alice", "two")
	makePad(t, alice, padstore.Making{Contact: "bob", Peer: strings.Repeat("0b", 16), PadID: newID, Bytes: 4096, Suite: seal.Unconditional, Bucket: 32})
	old, _ := alice.PadByID(alice.Pads()[1].PadID)
	if got, err := alice.Unseal("bob", first); err != nil || got.Text != "one" {
		t.Fatal(err)
	}
	mustDo(t, alice.Use(alice.Pads()[0].Number))
	if _, err := alice.Verify("bob", second); err != nil {
		t.Fatal(err)
	}
	mustDo(t, alice.Discard(old.Number, nil))
	if _, err := alice.Unseal("bob", second); !errors.Is(err, padstore.ErrNotVerified) {
		t.Fatalf("with a pad that is gone: %v", err)
	}
}

func TestADiscardedPreparedPadGivesTheOldOneBack(t *testing.T) {
	m := meet(t)
	mustDo(t, m.alice.Discard(m.new, nil))
	m.want(m.oldID + " in use")
	if _, err := m.bob.Unseal("alice", mustSeal(t, m.alice, "bob", "on the old one")); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.alice.PadByID(newID); ok || m.alice.Peer("bob") != "" {
		t.Fatal("the discarded pad shows")
	}
}

func TestAPadThatWasNotMadeHereIsOfNoKnownDevice(t *testing.T) {
	m := meet(t)
	if m.alice.Peer("bob") != strings.Repeat("0b", 16) || m.alice.Peer("nobody") != "" {
		t.Fatalf("bob's device is %q, nobody's %q", m.alice.Peer("bob"), m.alice.Peer("nobody"))
	}
	if _, ok, err := m.alice.Certificate(m.old); ok || err != nil {
		t.Fatalf("the certificate of an imported pad: %v, %v", ok, err)
	}
	if _, ok := m.alice.PadByID(""); ok {
		t.Fatal("a pad of no id")
	}
	if err := m.alice.Use("0"); !errors.Is(err, padstore.ErrNoPad) {
		t.Fatal(err)
	}
	// Nor of the device that a stick says: its next owner would be refused.
	mustDo(t, errors.Join(m.alice.Use(m.new), m.alice.Close()))
	other := open(t, durabletest.New(1), "alice")
	if _, err := other.Import(m.disk.Clone(1), "stick", nil); err != nil {
		t.Fatal(err)
	}
	if peer := other.Peer("bob"); peer != "" {
		t.Fatalf("a stick says that bob's device is %q", peer)
	}
}

// A damaged pad can be got rid of once a sound one has replaced it, and not by
// a damaged one.
func TestADamagedPadCanBeDiscarded(t *testing.T) {
	m := meet(t)
	mustDo(t, m.alice.Use(m.new))
	damage := func(name string) *padstore.Store {
		disk := m.disk.Clone(1)
		disk.Put(name, make([]byte, len(disk.Bytes(name))))
		return open(t, disk, "alice")
	}
	for _, name := range []string{metadataName, padName} {
		store := damage(name)
		pads := store.Pads()
		if len(pads) != 2 || !pads[1].Fault {
			t.Fatalf("%+v", pads)
		}
		mustDo(t, store.Discard(pads[1].Number, nil))
		if got := states(store); got != newID+" in use" {
			t.Fatal(got)
		}
		if store.Pads()[0].Fault {
			t.Fatal("the wrong pad is gone")
		}
	}
	store := damage("alice.bob." + m.new + ".random.store")
	if err := store.Discard(m.old, nil); !errors.Is(err, padstore.ErrState) {
		t.Fatalf("the pad that still works was discarded: %v", err)
	}
}

// Both slots say that a pad is in use: one bad sector does not make it a
// prepared one again, which would stop its owner from sealing.
func TestInUseIsInBothSlots(t *testing.T) {
	for name, how := range map[string]func(m *met){
		"by its owner": func(m *met) { mustDo(t, m.alice.Use(m.new)) },
		"by a package": func(m *met) {
			mustDo(t, m.bob.Use(m.newBobs))
			if _, err := m.alice.Unseal("bob", mustSeal(t, m.bob, "alice", "x")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := meet(t)
			how(m)
			file := m.disk.Bytes("alice.bob." + m.new + ".random.metadata")
			for slot := range 2 {
				if !strings.Contains(string(file[slot*8192:(slot+1)*8192]), `"state":"in use"`) {
					t.Errorf("slot %d does not say so", slot)
				}
			}
		})
	}
}

// What is thrown away is overwritten on the card before it is given up there.
func TestWhatIsThrownAwayIsOverwritten(t *testing.T) {
	for name, c := range map[string]struct {
		scene func(*testing.T, seal.Suite) *scene
		do    func(*trial) error
		file  string
		from  int
	}{
		"a pad":           {prepared, (*trial).discard, "alice.carol.random.store", 0},
		"a draft":         {copied, func(tr *trial) error { return tr.store.Draft().Discard() }, "draft.store", 0},
		"a draft's end":   {copied, func(tr *trial) error { return tr.store.Draft().Rewind(640) }, "draft.store", 640},
		"a former draft":  {copied, func(tr *trial) error { _, err := tr.store.Begin(making(tr.suite, "d1", 640)); return err }, "draft.store", 0},
		"noise over size": {stocked, func(tr *trial) error { return tr.store.Reservoir().Resize(640) }, "reservoir.store", 640},
	} {
		sc, overwritten := c.scene(t, seal.Unconditional), false
		size := len(sc.disk.Bytes(c.file))
		for k := 1; ; k++ { // what would be on the card for sure at each step
			tr := begin(t, sc, action{}, 1)
			tr.disk.CutAt(k)
			if c.do(tr) == nil {
				break
			}
			tr.disk.PowerOn(durabletest.Lost)
			now := tr.disk.Bytes(c.file)
			overwritten = overwritten || len(now) == size && slices.Equal(now[c.from:], make([]byte, size-c.from))
			if len(now) < size && !overwritten {
				t.Fatalf("%s is given up at %d before it was overwritten", name, k)
			}
		}
		if !overwritten {
			t.Fatalf("%s was never overwritten", name)
		}
	}
}

// Whatever is cut when, at Prepare and again at each start after it, the pad is
// prepared in the end or the draft is as it was.
func TestPreparingComesToItsEndThroughManyCuts(t *testing.T) {
	sc := agreed(t, seal.Unconditional)
	ops := operations(t, sc, action{do: (*trial).prepare})
	for _, fate := range fates {
		for k := 1; k <= len(ops); k++ {
			if isRead(ops[k-1]) {
				continue
			}
			tr := begin(t, sc, action{}, uint64(k))
			tr.disk.CutAt(k)
			mustFail(t, tr.prepare())
			tr.disk.PowerOn(fate)
			// A start gets a little further each time.
			for step := 30; ; step += 7 {
				tr.disk.CutAt(step)
				err := tr.open()
				reached := tr.disk.Failed()
				tr.disk.PowerOff()
				tr.disk.PowerOn(fate)
				if err == nil && !reached {
					break
				}
			}
			mustDo(t, tr.open())
			tr.finish(false)
		}
	}
}

func mustFail(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("it did not fail")
	}
}

// A pad is discarded, or its first package has put it to use: never both.
func TestDiscardAgainstTheFirstPackage(t *testing.T) {
	sc := prepared(t, seal.Unconditional)
	for range 200 {
		tr := begin(t, sc, action{}, 1)
		p := tr.stock.pads[0]
		number, pkg := tr.numberOf(p), p.incoming(t, p.base(), "first")
		var wg sync.WaitGroup
		var opened, gone [2]error
		for i := range 2 {
			wg.Go(func() { gone[i] = tr.store.Discard(number, nil) })
			wg.Go(func() { _, opened[i] = tr.store.Unseal(contact, pkg) })
		}
		wg.Wait()
		won := 0
		for _, err := range append(opened[:], gone[:]...) {
			switch {
			case err == nil:
				won++
			case !slices.ContainsFunc([]error{padstore.ErrNoPad, padstore.ErrState, padstore.ErrNotVerified, padstore.ErrAlreadyOpened}, func(kind error) bool { return errors.Is(err, kind) }):
				t.Fatal(err)
			}
		}
		if won != 1 || tr.store.Fault() != nil {
			t.Fatalf("opened %v, discarded %v, %v", opened, gone, tr.store.Fault())
		}
	}
}

// One bad sector of its record, on top of a power cut, loses no draft.
func TestPreparingSurvivesABadSlotOfItsRecord(t *testing.T) {
	sc := agreed(t, seal.Unconditional)
	for k, op := range operations(t, sc, action{do: (*trial).prepare}) {
		for slot := range 2 {
			if isRead(op) {
				continue
			}
			tr := begin(t, sc, action{}, 1)
			tr.disk.CutAt(k + 1)
			mustFail(t, tr.prepare())
			tr.disk.PowerOn(durabletest.Kept)
			if tr.disk.Bytes("draft.record") != nil {
				tr.disk.DropSector("draft.record", slot*65536/512)
			}
			mustDo(t, tr.open())
			tr.finish(false)
		}
	}
}

// Files are named by numbers: with one given twice, a new pad would take the
// place of another.
func TestNoNumberIsGivenTwice(t *testing.T) {
	m := meet(t)
	for sector := range 2 * 4096 / 512 {
		disk := m.disk.Clone(1) // as after a power cut
		disk.DropSector("device.record", sector)
		store := open(t, disk, "alice")
		number := makePad(t, store, padstore.Making{Contact: "bob", Peer: strings.Repeat("0b", 16), PadID: "00ff", Bytes: 4096, Suite: seal.Unconditional, Bucket: 32})
		_, err := store.Import(generate(t, seal.Unconditional, 4096, padtest.Stream("another")), "folder", nil)
		mustDo(t, err)
		pads := store.Pads()
		if len(pads) != 4 || pads[1].Number != number || pads[1].PadID != "00ff" || pads[2].PadID != newID || pads[2].Number == number {
			t.Fatalf("without sector %d of its record: pad %s among %+v", sector, number, pads)
		}
		if got := states(open(t, disk.Clone(1), "alice")); got != states(store) {
			t.Fatalf("without sector %d of its record: %s, reopened %s", sector, states(store), got)
		}
	}
}
