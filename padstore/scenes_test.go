package padstore_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// scene is a device's disk at some moment of its life, to start from again and
// again.
type scene struct {
	disk   *durabletest.Disk
	ledger *ledger
	next   int64 // receive position after what the scene opened
	gap    int64 // position of a package that can still arrive late
	stock  *stock
}

// trial is one run of one action on a scene.
type trial struct {
	*testing.T
	*ledger
	stock *stock
	scene *scene
	disk  *durabletest.Disk
	store *padstore.Store
	// promised checks what the action, having returned nil, promised for ever.
	promised func(*padstore.Store)
}

func (tr *trial) start(sc *scene, seed uint64) {
	tr.scene, tr.ledger, tr.stock = sc, sc.ledger.clone(), sc.stock.clone()
	tr.disk = sc.disk.Clone(seed)
	tr.promised = func(*padstore.Store) {}
}

func (tr *trial) open() error {
	store, err := padstore.Open(tr.disk, "alice")
	tr.store = store
	return err
}

// check is the full check of the disk, with the store at rest.
func (tr *trial) check(t testing.TB, disk *durabletest.Disk) {
	t.Helper()
	tr.ledger.check(t, disk)
	tr.stock.check(t, disk)
}

func (tr *trial) receive(position int64, text string) error {
	pkg := tr.incoming(tr, position, text)
	_, err := tr.ledger.open(tr, tr.store, pkg)
	tr.promised = func(s *padstore.Store) {
		if !slices.Contains(s.Unfinished(), padstore.Unfinished{Contact: "bob"}) {
			tr.Error("it is not said that the message may not have been read")
		}
	}
	return err
}

const relay = "relay.example:9050"

// lived is a device that sealed two texts, opened three and skipped one.
func lived(t *testing.T, suite seal.Suite) *scene {
	store, disk, l := imported(t, suite, 4096)
	for _, text := range []string{"one", "two"} {
		if err := l.seal(t, store, text); err != nil {
			t.Fatal(err)
		}
	}
	size := l.segmentSize("in")
	for _, k := range []int64{0, 3, 1} {
		if _, err := l.open(t, store, l.incoming(t, l.base()+k*size, "in")); err != nil {
			t.Fatal(err)
		}
	}
	rest(t, store)
	return &scene{disk, l, l.base() + 4*size, l.base() + 2*size, &stock{}}
}

// gapped is a device with as many gaps as it can remember.
func gapped(t *testing.T, suite seal.Suite) *scene {
	store, disk, l := imported(t, suite, 24576)
	size := l.segmentSize("")
	for k := range int64(100) {
		if _, err := l.open(t, store, l.incoming(t, l.base()+(2*k+1)*size, "")); err != nil {
			t.Fatal(err)
		}
	}
	rest(t, store)
	return &scene{disk, l, l.base() + 200*size, l.base(), &stock{}}
}

// closing is a device that has given up a gap and not overwritten it yet.
func closing(t *testing.T, suite seal.Suite) *scene {
	sc := gapped(t, suite)
	tr := &trial{T: t}
	tr.start(sc, 1)
	if err := errors.Join(tr.open(), tr.receive(sc.next+tr.segmentSize(""), "")); err != nil {
		t.Fatal(err)
	}
	return &scene{tr.disk, tr.ledger, sc.next + 2*tr.segmentSize(""), sc.next, tr.stock}
}

// holed is a device with destroyed cells at its cursor, of which it does not
// know: it was opened before they were.
func holed(t *testing.T, suite seal.Suite) *scene {
	sc := lived(t, suite)
	tr := &trial{T: t}
	tr.start(sc, 1)
	cursor := tr.metadata(t, tr.disk).EncryptIndex
	destroy(tr.disk, tr.ledger, cursor+16, cursor+48)
	return &scene{tr.disk, tr.ledger, sc.next, sc.gap, tr.stock}
}

// destroy zeros offsets of the pad behind the store's back.
func destroy(disk *durabletest.Disk, l *ledger, from, to int64) {
	overwrite(disk, l, from, make([]byte, to-from))
}

func overwrite(disk *durabletest.Disk, l *ledger, from int64, with []byte) {
	file, err := disk.Open(l.file + ".store")
	if err == nil {
		_, err = file.WriteAt(with, from)
	}
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		panic(err) // a disk at rest does not fail
	}
	l.harm(from, from+int64(len(with)))
}

// rest lets a store do all that waits.
func rest(t testing.TB, s *padstore.Store) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = s.Work(); err != nil {
			t.Fatal(err)
		}
	}
}

// action is one public action, on a scene.
type action struct {
	name   string
	scene  func(*testing.T, seal.Suite) *scene
	closed bool // it opens the store itself
	do     func(*trial) error
}

func actions() []action {
	return []action{
		{"open", lived, true, (*trial).open},
		{"open with recovery pending", holed, true, (*trial).open},
		{"open while a gap closes", closing, true, (*trial).open},
		{"seal", lived, false, func(tr *trial) error {
			tr.promised = func(s *padstore.Store) {
				if !slices.Contains(s.Unfinished(), padstore.Unfinished{Contact: "bob", Sent: true}) {
					tr.Error("it is not said that the message may not have been sent")
				}
			}
			return tr.seal(tr, tr.store, "sealed while the power goes, over more than one sector: "+string(make([]byte, 600)))
		}},
		{"seal past destroyed pad", lived, false, func(tr *trial) error {
			tr.disk.DropSector(tr.file+".store", 1)
			tr.harm(512, 1024)
			length := 600
			if tr.suite == seal.Paper {
				length = 300
			}
			return tr.seal(tr, tr.store, string(make([]byte, length)))
		}},
		{"unseal in order", lived, false, func(tr *trial) error { return tr.receive(tr.scene.next, "in order") }},
		{"unseal skipping", lived, false, func(tr *trial) error {
			return tr.receive(tr.scene.next+16*tr.base()+64, string(make([]byte, 300)))
		}},
		{"unseal late", lived, false, func(tr *trial) error { return tr.receive(tr.scene.gap, "in") }},
		{"unseal closing a gap", gapped, false, func(tr *trial) error {
			return tr.receive(tr.scene.next+tr.segmentSize(""), "")
		}},
		{"settle", lived, false, func(tr *trial) error {
			if err := tr.seal(tr, tr.store, "out"); err != nil {
				return err
			}
			tr.promised = func(s *padstore.Store) {
				if len(s.Unfinished()) != 0 {
					tr.Errorf("settled, yet %v", s.Unfinished())
				}
			}
			return tr.store.Settle("bob")
		}},
		{"work when idle", lived, false, func(tr *trial) error {
			if err := tr.seal(tr, tr.store, "out"); err != nil {
				return err
			}
			time.Sleep(2 * time.Second)
			tr.promised = func(s *padstore.Store) {
				if len(s.Unfinished()) != 0 {
					tr.Errorf("rested, yet %v", s.Unfinished())
				}
			}
			_, err := tr.store.Work()
			return err
		}},
		{"work on a closed gap", closing, false, func(tr *trial) error {
			_, err := tr.store.Work()
			tr.promised = func(*padstore.Store) {
				if c := tr.metadata(tr, tr.disk).Closing; c != "" {
					tr.Errorf("still closing %s", c)
				}
			}
			return err
		}},
		{"record and work", lived, false, func(tr *trial) error {
			if err := tr.store.Record(padstore.Entry{Kind: padstore.KindDenied, Text: "mark"}); err != nil {
				return err
			}
			tr.promised = func(s *padstore.Store) {
				if !slices.ContainsFunc(s.Log(), func(e padstore.Entry) bool { return e.Text == "mark" }) {
					tr.Error("a log entry is lost")
				}
			}
			_, err := tr.store.Work()
			return err
		}},
		{"save the mailbox cursor", lived, false, func(tr *trial) error {
			for ref := range int64(3) {
				if err := tr.store.SaveNextRef(relay, ref); err != nil {
					return err
				}
				if _, err := tr.store.Work(); err != nil {
					return err
				}
				tr.promised = func(s *padstore.Store) {
					if got, known := s.NextRef(relay); !known || got < ref {
						tr.Errorf("next ref %d, %v", got, known)
					}
				}
			}
			return nil
		}},
		{"keep how noise began", lived, false, func(tr *trial) error {
			for k := byte(1); k <= 3; k++ {
				if err := tr.store.KeepNoiseStarts([][]byte{{k}}); err != nil {
					return err
				}
				tr.promised = func(s *padstore.Store) {
					if known := s.NoiseStarts(); len(known) != 1 || known[0][0] < k {
						tr.Errorf("%x is kept of how noise began", known)
					}
				}
			}
			return nil
		}},
		{"mark the log read", lived, false, func(tr *trial) error {
			if err := tr.store.Record(padstore.Entry{Kind: padstore.KindDenied, Text: "mark"}); err != nil {
				return err
			}
			if !tr.store.Unread() {
				tr.Error("nothing to read")
			}
			tr.promised = func(s *padstore.Store) {
				for _, e := range s.Log() {
					if e.Text == "mark" && e.New {
						tr.Error("read, yet new")
					}
				}
			}
			return tr.store.MarkRead(tr.store.Log()[0].Seq)
		}},
		{"close", lived, false, func(tr *trial) error {
			tr.promised = func(s *padstore.Store) {
				// The third start is this one, unless its own recovery was cut.
				if s.Start() == 3 && slices.ContainsFunc(s.Log(), func(e padstore.Entry) bool {
					return e.Kind == padstore.KindUnclean && e.Start == s.Start()
				}) {
					tr.Error("an orderly stop was taken for an unclean one")
				}
			}
			return tr.store.Close()
		}},
	}
}
