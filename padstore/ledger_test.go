package padstore_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// ledger is what a test knows of one pad on owner's device, from the outside:
// the bytes as they were made, and what was served since. It reads the disk
// with a decoder of its own.
type ledger struct {
	owner, contact string
	file           string // name up to .random
	suite          seal.Suite
	bucket         int
	made           []byte
	served         []bool // offsets that a package or a text was returned for
	tried          []bool // offsets that a call may have begun to burn
	harmed         []bool // offsets that the test destroyed
	opened         [][]byte
}

func newLedger(suite seal.Suite, owner, contact string, made []byte) *ledger {
	n := len(made)
	l := &ledger{
		owner: owner, contact: contact, file: owner + "." + contact + ".random", suite: suite,
		made: made, served: make([]bool, n), tried: make([]bool, n), harmed: make([]bool, n),
	}
	if suite == seal.Unconditional {
		l.bucket = seal.DefaultBucket
	}
	return l
}

func (l *ledger) clone() *ledger {
	c := *l
	c.served, c.tried, c.harmed = slices.Clone(l.served), slices.Clone(l.tried), slices.Clone(l.harmed)
	c.opened = slices.Clone(l.opened)
	return &c
}

// base is the first lane position of a segment.
func (l *ledger) base() int64 {
	if l.suite == seal.Unconditional {
		return seal.CellSize
	}
	return 0
}

// offset turns a position in sender's lane into a pad offset.
func (l *ledger) offset(sender string, position int64) int64 {
	if sender == min(l.owner, l.contact) {
		return position
	}
	return int64(len(l.made)) - 1 - position
}

// segmentSize is what a text costs.
func (l *ledger) segmentSize(text string) int64 {
	return l.suite.SegmentSizeOfText(len(text), l.bucket)
}

// laneBytes copies a stretch of sender's lane, as made, in lane order.
func (l *ledger) laneBytes(sender string, position, size int64) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = l.made[l.offset(sender, position+int64(i))]
	}
	return b
}

func (l *ledger) hashKey(t testing.TB, sender string) seal.HashKey {
	if l.suite != seal.Unconditional {
		return seal.HashKey{}
	}
	key, err := seal.NewHashKey(l.laneBytes(sender, 0, seal.CellSize))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// incoming is the package that the contact makes of text with the segment at
// a lane position.
func (l *ledger) incoming(t testing.TB, position int64, text string) []byte {
	t.Helper()
	return l.incomingPlain(t, position, l.suite.Encode(text, l.bucket))
}

func (l *ledger) incomingPlain(t testing.TB, position int64, plain []byte) []byte {
	t.Helper()
	segment := seal.NewSegment(l.laneBytes(l.contact, position, l.suite.SegmentSize(len(plain))))
	pkg, err := l.suite.Seal(l.hashKey(t, l.contact), l.offset(l.contact, position), segment, plain)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

// where lists the pad offsets that a package uses.
func (l *ledger) where(t testing.TB, sender string, pkg []byte) []int64 {
	t.Helper()
	index, err := seal.Index(pkg)
	if err != nil {
		t.Fatal(err)
	}
	n, err := l.suite.PlainSize(len(pkg), l.bucket)
	if err != nil {
		t.Fatal(err)
	}
	position := l.offset(sender, index)
	list := make([]int64, l.suite.SegmentSize(n))
	for i := range list {
		list[i] = l.offset(sender, position+int64(i))
	}
	return list
}

// serve notes that a package or its text has left the store, and fails if any
// of its pad had served before.
func (l *ledger) serve(t testing.TB, sender string, pkg []byte) {
	t.Helper()
	for _, o := range l.where(t, sender, pkg) {
		if o < 0 || o >= int64(len(l.made)) {
			t.Fatalf("offset %d was served, which no pad has", o)
		}
		if l.served[o] {
			t.Fatalf("offset %d served twice", o)
		}
		l.served[o] = true
	}
}

// seal seals a text, checks the package against the pad as made, and notes it.
func (l *ledger) seal(t testing.TB, s *padstore.Store, text string) error {
	t.Helper()
	sealed, err := s.Seal(l.contact, text)
	if err != nil {
		if sealed.Package != nil {
			t.Fatal("a failing Seal released a package")
		}
		return err
	}
	l.sealed(t, sealed.Package, text)
	return nil
}

func (l *ledger) sealed(t testing.TB, pkg []byte, text string) {
	t.Helper()
	index, err := seal.Index(pkg)
	if err != nil {
		t.Fatal(err)
	}
	l.serve(t, l.owner, pkg)
	if l.suite == seal.Paper && l.touchesHarm(t, l.owner, pkg) {
		return // less than 16 zeros of a destroyed run tell nothing
	}
	segment := seal.NewSegment(l.laneBytes(l.owner, l.offset(l.owner, index), l.segmentSize(text)))
	plain, err := l.suite.Open(l.hashKey(t, l.owner), segment, pkg)
	if err != nil {
		t.Fatalf("the contact cannot open it: %v", err)
	}
	if got, err := l.suite.Decode(plain, l.bucket); err != nil || got != text {
		t.Fatalf("the contact reads %.40q, %v", got, err)
	}
}

// open opens a package of the contact's and notes it.
func (l *ledger) open(t testing.TB, s *padstore.Store, pkg []byte) (padstore.Opened, error) {
	t.Helper()
	for _, o := range l.where(t, l.contact, pkg) {
		l.tried[o] = true
	}
	got, err := s.Unseal(l.contact, pkg)
	if err != nil {
		if got.Text != "" {
			t.Fatal("a failing Unseal released a text")
		}
		return got, err
	}
	l.serve(t, l.contact, pkg)
	l.opened = append(l.opened, pkg)
	return got, nil
}

// touchesHarm tells whether a package uses pad that the test destroyed.
func (l *ledger) touchesHarm(t testing.TB, sender string, pkg []byte) bool {
	t.Helper()
	return slices.ContainsFunc(l.where(t, sender, pkg), func(o int64) bool { return l.harmed[o] })
}

// harm notes that the test destroyed offsets [from, to).
func (l *ledger) harm(from, to int64) {
	for o := from; o < to; o++ {
		l.harmed[o] = true
	}
}

// onDisk is a pad's metadata as the ledger reads it.
type onDisk struct {
	EncryptIndex int64  `json:"encrypt_index"`
	DecryptLog   string `json:"decrypt_log"`
	DecryptMax   int64  `json:"decrypt_max"`
	NBytes       int64  `json:"n_bytes"`
	State        string `json:"state"`
	Closing      string `json:"closing"`
	Burning      struct{ Segment, Slice string }
}

// slotsRecord reads the newest valid slot of a slots file.
func slotsRecord(file []byte) ([]byte, error) {
	var newest uint64
	var record []byte
	size := len(file) / 2
	for i := range 2 {
		slot := file[i*size : (i+1)*size]
		line, rest, _ := bytes.Cut(slot, []byte("\n"))
		parts := strings.Fields(string(line))
		if len(parts) != 5 || parts[0] != "otc-slot" || parts[1] != "2" {
			continue
		}
		sequence, err1 := strconv.ParseUint(parts[2], 10, 64)
		length, err2 := strconv.Atoi(parts[3])
		if err1 != nil || err2 != nil || length > len(rest) {
			continue
		}
		header, _ := bytes.CutSuffix(line, []byte(parts[4]))
		sum := sha256.Sum256(slices.Concat(rest[:length], header))
		if parts[4] == fmt.Sprintf("%x", sum) && sequence > newest {
			newest, record = sequence, rest[:length]
		}
	}
	if record == nil {
		return nil, errors.New("no valid slot")
	}
	return record, nil
}

// ranges reads FROM-TO,… of a lane into pad offsets.
func ranges(text string, forward bool) ([][2]int64, error) {
	var list [][2]int64
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		var a, b int64
		if _, err := fmt.Sscanf(part, "%d-%d", &a, &b); err != nil {
			return nil, fmt.Errorf("%q: %w", part, err)
		}
		if !forward {
			a, b = b+1, a+1
		}
		list = append(list, [2]int64{a, b})
	}
	return list, nil
}

// check is the full check of a store's disk that every test ends with: the
// metadata decode; all that is used is zeros, what still closes apart; all
// that was served is zeros; the key cells and every other byte are as made.
// The store must be at rest: opened, and no call under way. So there is nothing for
// the race detector, which would take most of a test's time here.
//
//go:norace
func (l *ledger) check(t testing.TB, disk *durabletest.Disk) {
	t.Helper()
	meta := l.metadata(t, disk)
	now := disk.Bytes(l.file + ".store")
	if len(now) != len(l.made) {
		t.Fatalf("the pad has %d bytes, not %d", len(now), len(l.made))
	}
	used, spared := l.used(t, meta)
	for o := range now {
		zero, asMade := now[o] == 0, now[o] == l.made[o]
		switch {
		case l.served[o] && !zero:
			t.Fatalf("offset %d served a message and is not overwritten", o)
		case l.isKey(int64(o)):
			if !asMade && !l.harmed[o] {
				t.Fatalf("offset %d of a hash key has changed", o)
			}
		case used[o] && !zero && !spared[o] && (!l.harmed[o] || l.sends(int64(o))):
			t.Fatalf("offset %d is used and not overwritten", o)
		case !used[o] && !asMade && !l.harmed[o] && (!zero || !l.tried[o]):
			t.Fatalf("offset %d is unused and has changed", o)
		}
	}
}

// sends tells whether an offset is in the owner's own lane. In the other one
// recovery leaves what was destroyed as it is.
func (l *ledger) sends(offset int64) bool {
	return (offset < int64(len(l.made))/2) == (l.owner < l.contact)
}

func (l *ledger) isKey(offset int64) bool {
	return l.suite == seal.Unconditional && (offset < seal.CellSize || offset >= int64(len(l.made))-seal.CellSize)
}

func (l *ledger) metadata(t testing.TB, disk *durabletest.Disk) (meta onDisk) {
	t.Helper()
	file := disk.Bytes(l.file + ".metadata")
	if len(file) != 2*8192 {
		t.Fatalf("the metadata file has %d bytes", len(file))
	}
	text, err := slotsRecord(file)
	if err == nil {
		err = json.Unmarshal(text, &meta)
	}
	if err != nil {
		t.Fatalf("metadata: %v", err)
	}
	return meta
}

// used says which offsets the metadata call used, and which of them need not
// be overwritten yet.
func (l *ledger) used(t testing.TB, meta onDisk) (used, spared []bool) {
	t.Helper()
	used, spared = make([]bool, len(l.made)), make([]bool, len(l.made))
	cursor := l.offset(l.owner, meta.EncryptIndex)
	for p := l.base(); p < cursor; p++ {
		used[l.offset(l.owner, p)] = true
	}
	forward := l.contact < l.owner
	mark := func(list []bool, text string) {
		stretches, err := ranges(text, forward)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range stretches {
			for o := s[0]; o < s[1]; o++ {
				list[o] = true
			}
		}
	}
	mark(used, meta.DecryptLog)
	mark(spared, meta.Closing)
	return used, spared
}

// probe shows that a reopened store still keeps its promises: what was opened
// does not open again, and the next text goes out on fresh pad.
func (l *ledger) probe(t testing.TB, s *padstore.Store) {
	t.Helper()
	for _, pkg := range l.opened[max(0, len(l.opened)-8):] {
		if v, err := s.Verify(l.contact, pkg); !errors.Is(err, padstore.ErrAlreadyOpened) && !errors.Is(err, padstore.ErrNotVerified) {
			t.Fatalf("an opened package verifies again: %+v, %v", v, err)
		}
	}
	if err := l.seal(t, s, "probe"); err != nil && !errors.Is(err, padstore.ErrDepleted) {
		t.Fatalf("sealing after reopening: %v", err)
	}
}

// padBytes is a pad made from a seed.
func padBytes(t testing.TB, seed string, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(padtest.Stream(seed), b); err != nil {
		t.Fatal(err)
	}
	return b
}

// imported is alice's store on a new disk with one pad of n bytes, shared with
// bob, and its ledger.
func imported(t testing.TB, suite seal.Suite, n int) (*padstore.Store, *durabletest.Disk, *ledger) {
	t.Helper()
	return importedBy(t, suite, n, "alice", "bob")
}

func importedBy(t testing.TB, suite seal.Suite, n int, owner, contact string) (*padstore.Store, *durabletest.Disk, *ledger) {
	t.Helper()
	made := padBytes(t, t.Name(), n)
	store, disk := device(t, generate(t, suite, int64(n), bytes.NewReader(made)), owner)
	return store, disk, newLedger(suite, owner, contact, made)
}
