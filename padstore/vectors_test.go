package padstore_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"unicode/utf8"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// vectors are what the 2015 program answered.
type vectors struct {
	Scenarios []scenario
}

type scenario struct {
	Label string
	Pad   struct {
		NBytes  int   `json:"n_bytes"`
		SeedHex hexed `json:"seed_hex"`
	}
	Steps []step2015
	Final map[string]final2015
}

type step2015 struct {
	Src, Dst string
	Message  hexed `json:"message_hex"`
	Index    int64
	Package  []byte `json:"package_b64"`
	Skip     bool   `json:"skip_detected"`
	Reuse    bool   `json:"reuse_detected"`
}

type final2015 struct {
	EncryptIndex int64  `json:"encrypt_index"`
	DecryptLog   string `json:"decrypt_log"`
	DecryptMax   int64  `json:"decrypt_max"`
}

type hexed string

func (h *hexed) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*h = hexed(b)
	return err
}

// folder2015 is a folder as the 2015 program keeps it on owner's device: plain
// JSON beside the pad, and nothing of it overwritten.
func folder2015(t testing.TB, owner, contact string, pad []byte, change func(map[string]any)) *durabletest.Disk {
	t.Helper()
	n := len(pad)
	stem := owner + "." + contact + ".random"
	m := map[string]any{
		"uid": owner, "rid": contact, "store_filename": stem + ".store", "metadata_filename": stem + ".metadata",
		"n_bytes": n, "rservice": "random", "split_index": n / 2, "direction": 1,
		"encrypt_index": 0, "decrypt_log": "", "decrypt_max": n - 1, "n_eles": 13, "checksum": -4711642167338473207,
	}
	if owner > contact {
		m["direction"], m["encrypt_index"], m["decrypt_max"] = -1, n-1, 0
	}
	if change != nil {
		change(m)
	}
	text, err := json.Marshal(m)
	mustDo(t, err)
	disk := durabletest.New(1)
	disk.Put(stem+".metadata", text)
	disk.Put(stem+".store", pad)
	return disk
}

// merged brings a decrypt_log into order, with its neighbours joined.
func merged(t *testing.T, text string, forward bool) string {
	t.Helper()
	list, err := ranges(text, forward)
	mustDo(t, err)
	slices.SortFunc(list, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	var out [][2]int64
	for _, s := range list {
		if n := len(out); n > 0 && s[0] <= out[n-1][1] {
			out[n-1][1] = max(out[n-1][1], s[1])
		} else {
			out = append(out, s)
		}
	}
	return fmt.Sprint(out)
}

func TestThePaperSuiteAnswersAsThe2015ProgramDid(t *testing.T) {
	text, err := os.ReadFile("seal/testdata/paper-suite.json")
	mustDo(t, err)
	var v vectors
	mustDo(t, json.Unmarshal(text, &v))
	if len(v.Scenarios) != 3 {
		t.Fatalf("%d scenarios", len(v.Scenarios))
	}
	for _, sc := range v.Scenarios {
		t.Run(sc.Label, func(t *testing.T) { sc.replay(t) })
	}
}

func (sc scenario) replay(t *testing.T) {
	pad := padBytes(t, string(sc.Pad.SeedHex), sc.Pad.NBytes)
	stores, disks, ledgers := map[string]*padstore.Store{}, map[string]*durabletest.Disk{}, map[string]*ledger{}
	for owner, contact := range map[string]string{"alice": "bob", "bob": "alice"} {
		disks[owner] = durabletest.New(1)
		stores[owner] = open(t, disks[owner], owner)
		if _, err := stores[owner].Import(folder2015(t, owner, contact, pad, nil), "2015", nil); err != nil {
			t.Fatal(err)
		}
		ledgers[owner] = newLedger(seal.Paper, owner, contact, pad)
	}
	// Each package is sealed once, in the order of its lane.
	inOrder := slices.Clone(sc.Steps)
	slices.SortStableFunc(inOrder, func(a, b step2015) int {
		return cmp.Compare(ledgers[a.Src].offset(a.Src, a.Index), ledgers[b.Src].offset(b.Src, b.Index))
	})
	for i, s := range inOrder {
		if i > 0 && inOrder[i-1].Index == s.Index {
			continue // a replay
		}
		sealed, err := stores[s.Src].Seal(s.Dst, string(s.Message))
		if err != nil || !bytes.Equal(sealed.Package, s.Package) {
			t.Fatalf("%s's package at %d: %x, %v", s.Src, s.Index, sealed.Package, err)
		}
		ledgers[s.Src].serve(t, s.Src, sealed.Package)
	}
	for i, s := range sc.Steps {
		sc.receive(t, i, stores[s.Dst], ledgers[s.Dst])
	}
	for owner, want := range sc.Final {
		got := ledgers[owner].metadata(t, disks[owner])
		forward := owner == "bob" // alice sends on the forward lane
		if got.EncryptIndex != want.EncryptIndex || got.DecryptMax != want.DecryptMax || merged(t, got.DecryptLog, forward) != merged(t, want.DecryptLog, forward) {
			t.Errorf("%s ends with %+v, the 2015 program with %+v", owner, got, want)
		}
		ledgers[owner].check(t, disks[owner])
	}
}

// receive opens the package of one step. What the 2015 program opens again is
// burned here.
func (sc scenario) receive(t *testing.T, i int, store *padstore.Store, l *ledger) {
	t.Helper()
	s := sc.Steps[i]
	v, err := store.Verify(s.Src, s.Package)
	if s.Reuse {
		if _, again := store.Unseal(s.Src, s.Package); !errors.Is(err, padstore.ErrAlreadyOpened) || !errors.Is(again, padstore.ErrAlreadyOpened) {
			t.Fatalf("step %d, a replay: %v, %v", i, err, again)
		}
		return
	}
	if err != nil || v.Skip != s.Skip {
		t.Fatalf("step %d: %+v, %v", i, v, err)
	}
	got, err := store.Unseal(s.Src, s.Package)
	l.serve(t, s.Src, s.Package)
	if !utf8.ValidString(string(s.Message)) {
		if !errors.Is(err, padstore.ErrMalformed) {
			t.Fatalf("step %d, not UTF-8: %v", i, err)
		}
		return
	}
	if err != nil || got.Text != string(s.Message) || got.Skip != s.Skip {
		t.Fatalf("step %d: %+v, %v", i, got, err)
	}
}
