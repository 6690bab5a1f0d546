package padstore_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// stock is what a test knows of a device's reservoir, of its draft and of the
// pads that drafts became, from the outside: a ledger for all of them. Every
// cell of its noise tells which one it is.
type stock struct {
	laid   int64               // cells given to Add so far
	made   [][]padstore.Origin // of each of them
	served []bool              // by Take
	kept   []bool              // Add has promised it
	least  int64               // bytes of noise that are ready for sure
	old    bool                // the record went back in time
	gone   []string            // ids of pads that are discarded
	draft  *drafted
	pads   []*madePad // oldest first, all with carol
}

// drafted is a draft as the test made it.
type drafted struct {
	making       padstore.Making
	bytes        []byte // all that was given to Append
	least        int64  // of them, promised
	mayGo        bool   // a call that throws it away was begun
	mayBecomePad bool
	next         *drafted // that may be there instead
}

// madePad is a pad that was a draft.
type madePad struct {
	*ledger
	id     string
	states []padstore.State // in one of them; none: it is discarded
	mayGo  bool
}

const contact = "carol" // of drafts

func (st *stock) clone() *stock {
	c := *st
	c.made, c.served, c.kept, c.gone = slices.Clone(st.made), slices.Clone(st.served), slices.Clone(st.kept), slices.Clone(st.gone)
	if st.draft != nil {
		d := *st.draft
		c.draft = &d
	}
	c.pads = nil
	for _, p := range st.pads {
		q := *p
		q.ledger = p.ledger.clone()
		c.pads = append(c.pads, &q)
	}
	return &c
}

// noiseCell is the i-th cell of noise: its number, and a digest.
func noiseCell(i int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(i)|0xA5<<56)
	sum := sha256.Sum256(b)
	return append(b, sum[:8]...)
}

// numberOf is which cell of noise b begins with, -1 if it is none.
func (st *stock) numberOf(b []byte) int64 {
	if len(b) < 8 {
		return -1
	}
	i := int64(binary.BigEndian.Uint64(b) &^ (0xFF << 56))
	if i >= st.laid || string(noiseCell(i)[:min(16, len(b))]) != string(b[:min(16, len(b))]) {
		return -1
	}
	return i
}

func origins(names ...string) (list []padstore.Origin) {
	for _, n := range names {
		list = append(list, padstore.Origin{Name: n, Raw: true, Credit: 32, Demo: n == "dev-random"})
	}
	return list
}

// add lays up new cells of noise.
func (st *stock) add(s *padstore.Store, n int, made []padstore.Origin) error {
	var b []byte
	for range n {
		b = append(b, noiseCell(st.laid)...)
		st.laid++
		st.made, st.served, st.kept = append(st.made, made), append(st.served, false), append(st.kept, false)
	}
	before := s.Reservoir().Level().Ready
	err := s.Reservoir().Add(b, made)
	if err == nil {
		for i := range n {
			st.kept[int(st.laid)-1-i] = true
		}
		if st.least == before { // nothing below is destroyed
			st.least += int64(len(b))
		}
	}
	return err
}

// resize resizes the reservoir.
func (st *stock) resize(s *padstore.Store, capacity int64) error {
	st.least = min(st.least, capacity)
	return s.Reservoir().Resize(capacity)
}

// distrust burns what a source made alone, and what lies over it.
func (st *stock) distrust(s *padstore.Store, source string, most int64) (int64, error) {
	burned, err := s.Reservoir().Distrust(source, most)
	st.least = max(0, st.least-burned)
	return burned, err
}

// take takes n bytes, and fails the test if any of them was laid up by nobody,
// was taken before, or is said to be made by others than it was.
func (st *stock) take(t testing.TB, s *padstore.Store, n int) ([]byte, []padstore.Lot, error) {
	t.Helper()
	b := slices.Repeat([]byte{0xEE}, n)
	st.least = max(0, st.least-int64(n+15)/16*16)
	lots, err := s.Reservoir().Take(b)
	if err != nil {
		if slices.ContainsFunc(b, func(x byte) bool { return x != 0 }) {
			t.Fatal("a failing Take has given bytes")
		}
		return nil, nil, err
	}
	at, next := int64(0), 0 // in lots
	for o := 0; o < n; o += 16 {
		i := st.numberOf(b[o:])
		switch {
		case i < 0:
			t.Fatalf("%x was never laid up", b[o:min(n, o+16)])
		case st.served[i]:
			t.Fatalf("cell %d of noise is given a second time", i)
		}
		st.served[i] = true
		for next < len(lots) && at == lots[next].Bytes {
			at, next = 0, next+1
		}
		if next == len(lots) || !slices.Equal(lots[next].Origins, st.made[i]) {
			t.Fatalf("byte %d was made by %v, not as %v say", o, st.made[i], lots)
		}
		at += int64(min(16, n-o))
	}
	if next != len(lots)-1 || at != lots[next].Bytes {
		t.Fatalf("%v are not %d bytes", lots, n)
	}
	return b, lots, nil
}

// onCard is a record as the stock reads it.
type onCard struct {
	Capacity, Ready, Done int64
	Lots, Ours, Theirs    []padstore.Lot
	PadID                 string `json:"pad_id"`
	Adopting              struct{ Number int64 }
}

func readRecord(t testing.TB, disk *durabletest.Disk, name string) (r onCard) {
	t.Helper()
	text, err := slotsRecord(disk.Bytes(name))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

func sumOf(lots []padstore.Lot) (sum int64) {
	for _, l := range lots {
		sum += l.Bytes
	}
	return sum
}

// check is the full check of what the disk holds of all this. The store must be
// at rest.
func (st *stock) check(t testing.TB, disk *durabletest.Disk) {
	t.Helper()
	st.checkReservoir(t, disk)
	for _, name := range disk.Names() {
		if strings.HasSuffix(name, ".partial") {
			t.Fatalf("%s is left", name)
		}
	}
	st.adoptFound(t, disk)
	st.checkDraft(t, disk)
	st.pads = slices.DeleteFunc(st.pads, func(p *madePad) bool {
		gone := p.isGone(t, disk)
		if gone {
			st.gone = append(st.gone, p.id)
		}
		return gone
	})
	for _, p := range st.pads {
		p.ledger.check(t, disk)
		if disk.Bytes(p.file+".certificate") == nil {
			t.Fatalf("%s has no certificate", p.file)
		}
	}
}

func (st *stock) checkReservoir(t testing.TB, disk *durabletest.Disk) {
	t.Helper()
	r, file := readRecord(t, disk, "reservoir.record"), disk.Bytes("reservoir.store")
	if int64(len(file)) != r.Capacity || sumOf(r.Lots) != r.Ready || r.Ready > r.Capacity || r.Ready < st.least {
		t.Fatalf("the reservoir's file has %d bytes, its record says %+v", len(file), r)
	}
	for o := 0; o < len(file); o += 16 {
		cell := file[o : o+16]
		i := st.numberOf(cell)
		if i >= 0 && st.served[i] {
			t.Fatalf("cell %d was taken, and still is in the reservoir", i)
		}
		burned := bytes.Count(cell, cell[:1]) == len(cell)
		if int64(o) < r.Ready && i < 0 && !burned {
			t.Fatalf("%x is ready, and was never laid up", cell)
		}
		if int64(o) < st.least && i < 0 {
			t.Fatalf("noise at %d is lost", o)
		}
		if int64(o) >= r.Ready && i >= 0 && st.kept[i] && !st.old {
			t.Fatalf("cell %d is given up, and not overwritten", i)
		}
	}
}

// adoptFound finds the pad that a draft has become.
func (st *stock) adoptFound(t testing.TB, disk *durabletest.Disk) {
	t.Helper()
	for _, name := range disk.Names() {
		stem, ok := strings.CutSuffix(name, ".metadata")
		if !ok || !strings.HasPrefix(name, "alice."+contact+".") || slices.ContainsFunc(st.pads, func(p *madePad) bool { return p.file == stem }) {
			continue
		}
		if st.draft == nil || !st.draft.mayBecomePad {
			t.Fatalf("%s has come from nowhere", name)
		}
		m := st.draft.making
		size := (&ledger{file: stem}).metadata(t, disk).NBytes
		if size < st.draft.least || size > int64(len(st.draft.bytes)) {
			t.Fatalf("a pad of %d bytes, of a draft that was promised %d", size, st.draft.least)
		}
		l := newLedger(m.Suite, "alice", m.Contact, st.draft.bytes[:size])
		l.file, l.bucket = stem, m.Bucket
		st.pads = append(st.pads, &madePad{ledger: l, id: m.PadID, states: []padstore.State{padstore.Prepared}})
		st.draft = nil
	}
}

func (st *stock) checkDraft(t testing.TB, disk *durabletest.Disk) {
	t.Helper()
	record, file := disk.Bytes("draft.record"), disk.Bytes("draft.store")
	if st.draft != nil && st.draft.mayGo && record == nil {
		st.draft = nil
	}
	if (record == nil) != (st.draft == nil) || (file == nil) != (st.draft == nil) {
		t.Fatalf("there is a draft: %v; its record: %v; its bytes: %v", st.draft != nil, record != nil, file != nil)
	}
	if st.draft == nil {
		return
	}
	r := readRecord(t, disk, "draft.record")
	if next := st.draft.next; next != nil && r.PadID == next.making.PadID {
		st.draft = next
	}
	if r.Adopting.Number != 0 {
		t.Fatal("a draft is not yet the pad that it was to become")
	}
	if int64(len(file)) != r.Done || sumOf(r.Ours) != r.Done || sumOf(r.Theirs) != r.Done {
		t.Fatalf("the draft has %d bytes, its record says %+v", len(file), r)
	}
	if r.Done < st.draft.least || !bytes.Equal(file, st.draft.bytes[:r.Done]) {
		t.Fatalf("%d bytes of draft, promised %d, as given: %v", r.Done, st.draft.least, bytes.Equal(file, st.draft.bytes[:r.Done]))
	}
}

// isGone tells whether all of a pad's files are gone.
func (p *madePad) isGone(t testing.TB, disk *durabletest.Disk) bool {
	t.Helper()
	left := 0
	for _, suffix := range []string{".store", ".metadata", ".certificate"} {
		if disk.Bytes(p.file+suffix) != nil {
			left++
		}
	}
	if left == 0 && p.mayGo {
		return true
	}
	if left != 3 || p.mayGo && len(p.states) == 0 {
		t.Fatalf("%d files of %s are left", left, p.file)
	}
	return false
}

// probe shows that a reopened store still keeps its promises, and that it works.
func (st *stock) probe(t testing.TB, s *padstore.Store) {
	t.Helper()
	for i, p := range st.pads {
		is, ok := s.PadByID(p.id)
		if !ok || is.Fault || !slices.Contains(p.states, is.State) {
			t.Fatalf("pad %s: %+v, %v, not one of %q", p.id, is, ok, p.states)
		}
		c, made, err := s.Certificate(is.Number)
		if err != nil || !made || c.PadID != p.id || c.Bytes != int64(len(p.made)) || sumOf(c.Ours) != c.Bytes || s.Peer(contact) != c.Peer {
			t.Fatalf("certificate %+v, %v, %v", c, made, err)
		}
		if i < len(st.pads)-1 {
			continue
		}
		err = p.seal(t, s, "probe")
		if is.State == padstore.InUse && err != nil && !errors.Is(err, padstore.ErrDepleted) || is.State == padstore.Prepared && !errors.Is(err, padstore.ErrNoPad) {
			t.Fatalf("sealing with a pad %s: %v", is.State, err)
		}
	}
	for _, id := range st.gone {
		if _, err := s.Begin(making(seal.Unconditional, id, padToMake)); !errors.Is(err, padstore.ErrKnownPad) {
			t.Fatalf("pad %s was discarded, and can be made again: %v", id, err)
		}
	}
	if len(st.pads) == 0 {
		if _, err := s.Seal(contact, "x"); !errors.Is(err, padstore.ErrNoPad) {
			t.Fatalf("sealing without a pad: %v", err)
		}
	}
	if _, _, err := st.take(t, s, 48); err != nil && !errors.Is(err, padstore.ErrDry) {
		t.Fatalf("taking after reopening: %v", err)
	}
	if err := st.add(s, 1, origins("hw")); err != nil && !errors.Is(err, padstore.ErrFull) {
		t.Fatalf("adding after reopening: %v", err)
	}
	if d := s.Draft(); (d != nil) != (st.draft != nil) || d != nil && d.Making().PadID != st.draft.making.PadID {
		t.Fatal("the draft is not there")
	}
}

// making is a pad with carol.
func making(suite seal.Suite, id string, n int64) padstore.Making {
	m := padstore.Making{Contact: contact, Peer: strings.Repeat("c0", 16), PadID: id, Bytes: n, Suite: suite}
	if suite == seal.Unconditional {
		m.Bucket = seal.DefaultBucket
	}
	return m
}

func (st *stock) begin(s *padstore.Store, m padstore.Making) (*padstore.Draft, error) {
	fresh := &drafted{making: m}
	if st.draft == nil {
		fresh.mayGo, st.draft = true, fresh
	} else {
		st.draft.mayGo, st.draft.next = true, fresh
	}
	d, err := s.Begin(m)
	if err == nil {
		fresh.mayGo, st.draft = false, fresh
	}
	return d, err
}

// append appends the next n bytes of the pad that is named by the making's id.
func (st *stock) append(t testing.TB, d *padstore.Draft, n int) error {
	t.Helper()
	done := d.Done()
	all := padBytes(t, d.Making().PadID, int(done)+n)
	st.draft.bytes = all
	ours, theirs := []padstore.Lot{{Origins: origins("hw"), Bytes: int64(n)}}, []padstore.Lot{{Origins: origins("usb"), Bytes: int64(n)}}
	err := d.Append(all[done:], ours, theirs)
	if err == nil {
		st.draft.least = done + int64(n)
	}
	return err
}

// slotsWith is a slots file that holds text, as FORMAT.md says.
func slotsWith(text string, size int) []byte {
	file := make([]byte, 2*size)
	header := fmt.Sprintf("otc-slot 2 %020d %08d ", 2, len(text))
	copy(file, fmt.Sprintf("%s%x\n%s", header, sha256.Sum256([]byte(text+header)), text))
	return file
}
