package padstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

func lotsOf(n int, names ...string) []padstore.Lot {
	return []padstore.Lot{{Origins: origins(names...), Bytes: int64(n)}}
}

// poly1305 is RFC 8439, section 2.5, in whole numbers.
func poly1305(key *[32]byte, message []byte) (tag [16]byte) {
	number := func(b []byte) *big.Int {
		b = bytes.Clone(b)
		slices.Reverse(b)
		return new(big.Int).SetBytes(b)
	}
	clamp, _ := new(big.Int).SetString("0ffffffc0ffffffc0ffffffc0fffffff", 16)
	r, s := new(big.Int).And(number(key[:16]), clamp), number(key[16:])
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 130), big.NewInt(5))
	a := new(big.Int)
	for block := range slices.Chunk(message, 16) {
		a.Add(a, number(append(bytes.Clone(block), 1)))
		a.Mod(a.Mul(a, r), p)
	}
	sum := a.Add(a, s).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	copy(tag[:], sum)
	return tag
}

func TestBothDevicesComputeTheDocumentedTag(t *testing.T) {
	key := [32]byte(padBytes(t, "key", 32))
	pad := padBytes(t, "pad", 2<<20+4096+32) // more than two pieces
	var tags [][16]byte
	for _, names := range [][2]string{{"alice", "bob"}, {"bob", "alice"}} {
		store := open(t, durabletest.New(1), names[0])
		d, err := store.Begin(padstore.Making{Contact: names[1], Peer: strings.Repeat("0b", 16), PadID: "00ff", Bytes: int64(len(pad)) + 3200, Suite: seal.Unconditional, Bucket: 48})
		mustDo(t, err)
		mustDo(t, d.Append(pad, lotsOf(len(pad), "hw"), lotsOf(len(pad), "usb")))
		tag, err := d.Tag(&key, nil)
		mustDo(t, err)
		tags = append(tags, tag)
		if d.Making().Bytes != int64(len(pad)) {
			t.Fatalf("%d bytes are planned", d.Making().Bytes)
		}
	}
	header := fmt.Sprintf("otc-pad 1\nalice\nbob\n%d\n%d\nunconditional\n48\n00ff\n", len(pad), len(pad)/2)
	if want := poly1305(&key, append([]byte(header), pad...)); tags[0] != want || tags[1] != want {
		t.Fatalf("%x instead of %x", tags, want)
	}
}

func TestATagCoversAllThatTwoDevicesMustAgreeOn(t *testing.T) {
	pad := padBytes(t, "pad", 256)
	other := bytes.Clone(pad)
	other[255] ^= 1
	base := padstore.Making{Contact: "bob", Peer: strings.Repeat("0b", 16), PadID: "00ff", Bytes: 256, Suite: seal.Unconditional, Bucket: 32}
	seen := map[[16]byte]string{}
	for name, v := range map[string]func(owner *string, m *padstore.Making, pad *[]byte){
		"as it is":       func(*string, *padstore.Making, *[]byte) {},
		"contact":        func(_ *string, m *padstore.Making, _ *[]byte) { m.Contact = "carol" },
		"owner":          func(o *string, _ *padstore.Making, _ *[]byte) { *o = "dave" },
		"pad id":         func(_ *string, m *padstore.Making, _ *[]byte) { m.PadID = "00fe" },
		"bucket":         func(_ *string, m *padstore.Making, _ *[]byte) { m.Bucket = 48 },
		"suite":          func(_ *string, m *padstore.Making, _ *[]byte) { m.Suite, m.Bucket = seal.Paper, 0 },
		"shorter":        func(_ *string, _ *padstore.Making, p *[]byte) { *p = pad[:224] },
		"the last bit":   func(_ *string, _ *padstore.Making, p *[]byte) { *p = other },
		"names run over": func(o *string, m *padstore.Making, _ *[]byte) { *o, m.Contact = "aliceb", "ob" },
	} {
		owner, m, p := "alice", base, pad
		v(&owner, &m, &p)
		d, err := open(t, durabletest.New(1), owner).Begin(m)
		mustDo(t, err)
		mustDo(t, d.Append(p, lotsOf(len(p), "hw"), lotsOf(len(p), "hw")))
		tag, err := d.Tag(&tagKey, nil)
		mustDo(t, err)
		if same, ok := seen[tag]; ok {
			t.Errorf("%s does not change the tag of %s", name, same)
		}
		seen[tag] = name
	}
}

func TestTheTagIsOfWhatIsOnTheCard(t *testing.T) {
	sc := copied(t, seal.Unconditional)
	tr := begin(t, sc, action{}, 1)
	d := tr.store.Draft()
	before, err := d.Tag(&tagKey, nil)
	mustDo(t, err)
	tr.disk.FlipSector("draft.store", 1)
	after, err := d.Tag(&tagKey, nil)
	mustDo(t, err)
	if before == after {
		t.Fatal("a flipped bit on the card does not show")
	}
	if err := d.Confirm(padstore.Checked, before); !errors.Is(err, padstore.ErrState) {
		t.Fatalf("confirmed a tag that these bytes do not have: %v", err)
	}
}

func TestAReadThatFailsOnceCostsNoTag(t *testing.T) {
	tr := begin(t, copied(t, seal.Unconditional), action{}, 1)
	tr.disk.FailAt(1)
	if _, err := tr.store.Draft().Tag(&tagKey, nil); err != nil || !tr.disk.Failed() {
		t.Errorf("%v, failed: %v", err, tr.disk.Failed())
	}
}

func TestACardThatKeepsNothingHasNoTag(t *testing.T) {
	tr := begin(t, drafting(t, seal.Unconditional), action{}, 1)
	d := tr.store.Draft()
	tr.disk.WornOut(true)
	mustDo(t, tr.stock.append(tr, d, int(d.Making().Bytes-d.Done())))
	if _, err := d.Tag(&tagKey, nil); !errors.Is(err, padstore.ErrFault) {
		t.Errorf("the pad was read from memory: %v", err)
	}
}

func TestBeginRefusesWhatCannotBecomeAPad(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*padstore.Making)
		want   error // nil: any but a fault
	}{
		"a pad that is here":      {func(m *padstore.Making) { m.PadID = "d0" }, padstore.ErrKnownPad},
		"another device":          {func(m *padstore.Making) { m.Peer = strings.Repeat("c1", 16) }, padstore.ErrOtherDevice},
		"more than the card has":  {func(m *padstore.Making) { m.Bytes = 2 << 20 }, padstore.ErrFull},
		"itself":                  {func(m *padstore.Making) { m.Contact = "alice" }, nil},
		"no name":                 {func(m *padstore.Making) { m.Contact = "../bob" }, nil},
		"no device":               {func(m *padstore.Making) { m.Peer = "" }, nil},
		"a device of capitals":    {func(m *padstore.Making) { m.Peer = strings.Repeat("C0", 16) }, nil},
		"no pad id":               {func(m *padstore.Making) { m.PadID = "" }, nil},
		"a pad id of capitals":    {func(m *padstore.Making) { m.PadID = "D0" }, nil},
		"an overlong pad id":      {func(m *padstore.Making) { m.PadID = strings.Repeat("0", 66) }, nil},
		"half a cell":             {func(m *padstore.Making) { m.Bytes = 1552 }, nil},
		"nothing":                 {func(m *padstore.Making) { m.Bytes = 0 }, nil},
		"more than an index says": {func(m *padstore.Making) { m.Bytes = 1<<48 + 32 }, nil},
		"no suite":                {func(m *padstore.Making) { m.Suite = 0 }, nil},
		"no bucket":               {func(m *padstore.Making) { m.Bucket = 7 }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tr := begin(t, prepared(t, seal.Unconditional), action{}, 1)
			_, err := tr.stock.begin(tr.store, making(seal.Unconditional, "d1", 640))
			mustDo(t, err)
			tr.disk.Capacity(tr.disk.Used() + 5<<20)
			before := tr.disk.Image()
			m := making(seal.Unconditional, "d2", 640)
			c.change(&m)
			d, err := tr.store.Begin(m)
			if d != nil || err == nil || errors.Is(err, padstore.ErrFault) || c.want != nil && !errors.Is(err, c.want) {
				t.Fatal(err)
			}
			sameFiles(t, before, tr.disk.Image())
			if tr.store.Draft().Making().PadID != "d1" {
				t.Fatal("the draft that there was is gone")
			}
		})
	}
	t.Run("as many pads as there can be", func(t *testing.T) {
		store := open(t, durabletest.New(1), "alice")
		for i := range padstore.MaxPads {
			makePad(t, store, padstore.Making{Contact: "bob", Peer: strings.Repeat("0b", 16), PadID: fmt.Sprintf("%04x", i), Bytes: 128, Suite: seal.Unconditional, Bucket: 32})
		}
		if _, err := store.Begin(making(seal.Unconditional, "d0", 640)); err == nil || errors.Is(err, padstore.ErrFault) {
			t.Fatal(err)
		}
	})
}

// makePad makes a prepared pad by a draft, of the bytes that its id stands for.
func makePad(t testing.TB, s *padstore.Store, m padstore.Making) (number string) {
	t.Helper()
	d, err := s.Begin(m)
	mustDo(t, err)
	mustDo(t, d.Append(padBytes(t, m.PadID, int(m.Bytes)), lotsOf(int(m.Bytes), "hw"), lotsOf(int(m.Bytes), "usb")))
	tag, err := d.Tag(&tagKey, nil)
	mustDo(t, err)
	mustDo(t, errors.Join(d.Confirm(padstore.Checked, tag), d.Confirm(padstore.Agreed, tag)))
	number, err = d.Prepare()
	mustDo(t, err)
	return number
}

func TestADraftRefusesWhatDoesNotFitIt(t *testing.T) {
	tr := begin(t, drafting(t, seal.Unconditional), action{}, 1)
	d, half := tr.store.Draft(), padToMake/2
	before := tr.disk.Image()
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || errors.Is(err, padstore.ErrFault) || tr.store.Fault() != nil {
			t.Fatalf("%s: %v", what, err)
		}
		sameFiles(t, before, tr.disk.Image())
	}
	good := lotsOf(32, "hw")
	refused("more than planned", d.Append(make([]byte, half+1), lotsOf(half+1, "hw"), lotsOf(half+1, "hw")))
	refused("our lots too short", d.Append(make([]byte, 32), lotsOf(31, "hw"), good))
	refused("their lots too long", d.Append(make([]byte, 32), good, lotsOf(33, "hw")))
	refused("lots of nobody", d.Append(make([]byte, 32), good, lotsOf(32)))
	refused("no lots", d.Append(make([]byte, 32), good, nil))
	refused("lots that overflow", d.Append(make([]byte, 32), good, append(lotsOf(1<<62, "hw"), append(lotsOf(1<<62, "usb"), lotsOf(-1<<63+32, "hw")...)...)))
	refused("a name of control characters", d.Append(make([]byte, 32), good, lotsOf(32, "\x1b[2J")))
	refused("rewinding forwards", d.Rewind(int64(half)+1))
	refused("rewinding below 0", d.Rewind(-1))
	refused("confirming without a tag", d.Confirm(padstore.Checked, [16]byte{}))
	_, err := d.Prepare()
	refused("preparing what nobody agreed to", err)
	tag, err := d.Tag(&tagKey, nil)
	mustDo(t, err)
	before = tr.disk.Image()
	refused("another tag", d.Confirm(padstore.Checked, [16]byte{1}))
	refused("no stage", d.Confirm("sure", tag))
	refused("copying", d.Confirm(padstore.Copying, tag))
	mustDo(t, d.Confirm(padstore.Checked, tag))
	before = tr.disk.Image()
	refused("appending to what was checked", d.Append(nil, nil, nil))
	_, err = d.Prepare()
	refused("preparing before its owner agreed", err)
	mustDo(t, d.Discard())
	before = tr.disk.Image()
	refused("using a draft that is gone", errors.Join(d.Rewind(0), d.Discard()))
	_, err = d.Prepare()
	refused("preparing a draft that is gone", err)
}

func TestMoreSetsOfSourcesThanARecordTellsOfEndADraft(t *testing.T) {
	tr := begin(t, stocked(t, seal.Unconditional), action{}, 1)
	d, err := tr.stock.begin(tr.store, making(seal.Unconditional, "d0", 4096))
	mustDo(t, err)
	lot := func(i int) []padstore.Lot { // as long as one can be
		l := padstore.Lot{Bytes: 32}
		for range 8 {
			l.Origins = append(l.Origins, padstore.Origin{Name: strings.Repeat(`\`, 48), Credit: 999_000 + i})
		}
		return []padstore.Lot{l}
	}
	for i := range 24 {
		tr.stock.draft.bytes = append(tr.stock.draft.bytes, padBytes(t, fmt.Sprint(i), 32)...)
		mustDo(t, d.Append(tr.stock.draft.bytes[32*i:], lot(i), lot(i)))
	}
	for _, side := range []int{0, 1} {
		both := [2][]padstore.Lot{lot(23), lot(23)}
		both[side] = lot(24)
		if err := d.Append(make([]byte, 32), both[0], both[1]); err == nil || errors.Is(err, padstore.ErrFault) {
			t.Fatalf("a 25th set: %v", err)
		}
	}
	mustDo(t, errors.Join(tr.confirm(padstore.Checked, padstore.Agreed)))
	mustDo(t, tr.open())
	tr.check(t, tr.disk)
	mustDo(t, tr.prepare())
	tr.stock.probe(t, tr.store)
	tr.check(t, tr.disk)
}

// What is left of a draft in disorder is overwritten and removed; nothing of it
// can become a pad.
func TestADraftThatIsNotWholeIsOverwrittenAndRemoved(t *testing.T) {
	sc := agreed(t, seal.Unconditional)
	const file, record = "draft.store", "draft.record"
	text, err := slotsRecord(sc.disk.Bytes(record))
	mustDo(t, err)
	replace := func(old, new string) func(*testing.T, *durabletest.Disk) {
		return func(t *testing.T, d *durabletest.Disk) {
			changed := strings.Replace(string(text), old, new, 1)
			if changed == string(text) {
				t.Fatalf("%s is not in %s", old, text)
			}
			d.Put(record, slotsWith(changed, 65536))
		}
	}
	for name, harm := range map[string]func(*testing.T, *durabletest.Disk){
		"no valid slot":    func(_ *testing.T, d *durabletest.Disk) { d.Put(record, make([]byte, 131072)) },
		"record gone":      func(t *testing.T, d *durabletest.Disk) { mustDo(t, errors.Join(d.Remove(record), d.Sync())) },
		"file gone":        func(t *testing.T, d *durabletest.Disk) { mustDo(t, errors.Join(d.Remove(file), d.Sync())) },
		"file shorter":     func(_ *testing.T, d *durabletest.Disk) { d.Put(file, d.Bytes(file)[:padToMake-1]) },
		"itself":           replace(`"carol"`, `"alice"`),
		"no name":          replace(`"carol"`, `"../../x"`),
		"more than is":     replace(`"done":1536`, `"done":1552`),
		"less than nought": replace(`"done":1536`, `"done":-16`),
		"lots too short":   replace(`"bytes":1536}],"theirs"`, `"bytes":1535}],"theirs"`),
		"no stage":         replace(`"agreed"`, `"sure"`),
		"no tag":           replace(`"tag":"`, `"tag":"ff`),
		"a tag too early":  replace(`"agreed"`, `"copying"`),
		"no suite":         replace(`"unconditional"`, `"rot13"`),
		"another's files":  replace(`"number":0,"name":""`, `"number":7,"name":"alice.bob.random.metadata"`),
		"no files":         replace(`"number":0,"name":""`, `"number":7,"name":"device.record"`),
		"no number":        replace(`"number":0,"name":""`, `"number":-7,"name":"alice.carol.random.metadata"`),
	} {
		t.Run(name, func(t *testing.T) {
			tr := &trial{T: t}
			tr.start(sc, 1)
			harm(t, tr.disk)
			tr.stock.draft.mayGo = true
			mustDo(t, tr.open())
			if tr.store.Draft() != nil {
				t.Fatal("the draft can be gone on with")
			}
			tr.finish(false)
		})
	}
}

// What a program that was killed had written is synced before it counts: the
// power may go after the next start.
func TestWhatAKilledProgramWroteIsSyncedBeforeItCounts(t *testing.T) {
	tr := &trial{T: t}
	tr.start(drafting(t, seal.Unconditional), 1)
	after := copied(t, seal.Unconditional).disk
	file, err := tr.disk.Open("draft.store")
	mustDo(t, err)
	_, err = file.WriteAt(after.Bytes("draft.store"), 0)
	mustDo(t, err)
	tr.disk.Put("draft.record", after.Bytes("draft.record"))
	tr.stock.draft.bytes = after.Bytes("draft.store")
	mustDo(t, tr.open())
	tr.stock.draft.least = tr.store.Draft().Done()
	if tr.stock.draft.least != padToMake {
		t.Fatalf("%d bytes", tr.stock.draft.least)
	}
	tr.disk.PowerOff()
	tr.disk.PowerOn(durabletest.Lost)
	mustDo(t, tr.open())
	tr.finish(false)
}

// A draft's record that goes back in time alone loses what it does not know of.
func TestADraftsRecordRolledBackAlone(t *testing.T) {
	sc := drafting(t, seal.Unconditional)
	old := sc.disk.Bytes("draft.record")
	for name, from := range map[string]func(*testing.T, seal.Suite) *scene{"appended": copied, "agreed": agreed, "a pad by now": prepared} {
		t.Run(name, func(t *testing.T) {
			tr := &trial{T: t}
			tr.start(from(t, seal.Unconditional), 1)
			tr.disk.Put("draft.record", old)
			if d := tr.stock.draft; d != nil {
				d.least = padToMake / 2
			}
			mustDo(t, tr.open())
			if d := tr.store.Draft(); d != nil && (d.Done() != padToMake/2 || d.Stage() != padstore.Copying) {
				t.Fatalf("%d bytes, %s", d.Done(), d.Stage())
			}
			tr.finish(false)
		})
	}
}

// The decision to make a pad of a draft that comes back after that pad is gone,
// or beside another that has its name, does no harm.
func TestAnOldDecisionToPrepareDoesNoHarm(t *testing.T) {
	decided := adopting(t, seal.Unconditional).disk.Bytes("draft.record")
	for name, later := range map[string]func(tr *trial) error{
		"the pad is used":      (*trial).use,
		"the pad is discarded": (*trial).discard,
		"another has its name": func(tr *trial) error {
			if err := tr.discard(); err != nil {
				return err
			}
			tr.stock.check(tr, tr.disk)
			return errors.Join(tr.drafted(making(tr.suite, "d1", padToMake), padToMake), tr.confirm(padstore.Agreed), tr.prepare())
		},
	} {
		t.Run(name, func(t *testing.T) {
			sc := onward(t, prepared(t, seal.Unconditional), later)
			tr := &trial{T: t}
			tr.start(sc, 1)
			tr.disk.Put("draft.record", decided)
			mustDo(t, tr.open())
			tr.finish(false)
		})
	}
}

// A reservoir gives old noise and new by turns while a pad is made of it: a draft, and
// its certificate, tell how much of each there is.
func TestSourcesThatChangeByTurnsEndNoDraft(t *testing.T) {
	const turns = 100
	store := open(t, durabletest.New(1), "alice")
	d, err := store.Begin(making(seal.Unconditional, "d0", 96*turns))
	mustDo(t, err)
	pad := padBytes(t, "d0", 96*turns)
	for i := range turns {
		mustDo(t, d.Append(pad[96*i:96*i+64], lotsOf(64, "old"), lotsOf(64, "hw")))
		mustDo(t, d.Append(pad[96*i+64:96*i+96], lotsOf(32, "new", "old"), lotsOf(32, "usb")))
	}
	mustDo(t, d.Rewind(96*turns-64)) // what came last is known in its order
	mustDo(t, d.Append(pad[96*turns-64:], lotsOf(64, "new", "old"), lotsOf(64, "usb")))
	tag, err := d.Tag(&tagKey, nil)
	mustDo(t, errors.Join(err, d.Confirm(padstore.Agreed, tag)))
	number, err := d.Prepare()
	mustDo(t, err)
	c, _, err := store.Certificate(number)
	want := append(lotsOf(64*turns-32, "old"), lotsOf(32*turns+32, "new", "old")...)
	if err != nil || fmt.Sprint(c.Ours) != fmt.Sprint(want) || len(c.Theirs) != 2 {
		t.Errorf("%v, %v; want %v", c, err, want)
	}
}
