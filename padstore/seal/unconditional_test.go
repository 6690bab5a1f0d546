package seal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore/seal"
)

var update = flag.Bool("update", false, "write the vectors under testdata anew, with the slow reference")

// honestVectors is testdata/unconditional.json, in the manner of
// paper-suite.json.
type honestVectors struct {
	About     string            `json:"about"`
	Notes     []string          `json:"notes"`
	Scenarios []*honestScenario `json:"scenarios"`
}

type honestScenario struct {
	Label  string       `json:"label"`
	Bucket int          `json:"bucket"`
	Pad    vectorPad    `json:"pad"`
	Steps  []honestStep `json:"steps"`
}

type vectorPad struct {
	Size   int      `json:"n_bytes"`
	Rule   string   `json:"rule"`
	Seed   hexBytes `json:"seed_hex"`
	SHA256 hexBytes `json:"sha256"`
}

type honestStep struct {
	Src    string   `json:"src"`
	Dst    string   `json:"dst"`
	Text   string   `json:"text"`
	Times  int      `json:"times,omitempty"` // the text is repeated so often
	Index  int64    `json:"index"`
	Used   int64    `json:"pad_bytes_used"`
	Pkg    []byte   `json:"package_b64,omitempty"`
	SHA256 hexBytes `json:"package_sha256,omitempty"` // in place of a long package
}

func (s honestStep) text() string { return strings.Repeat(s.Text, max(1, s.Times)) }

// honest is what the vectors are made of.
func honest() honestVectors {
	alice := func(text string) honestStep { return honestStep{Src: "alice", Dst: "bob", Text: text} }
	bob := func(text string) honestStep { return honestStep{Src: "bob", Dst: "alice", Text: text} }
	long := func(s honestStep, times int) honestStep { s.Times = times; return s }
	return honestVectors{
		About: "Honest packages of the suite unconditional, made by the slow reference in reference_test.go.",
		Notes: []string{
			"alice sends on the forward lane, bob on the backward lane, which is read downwards",
			"a lane's first cell is its hash key; the first segment follows it",
			"each lane's messages are listed in the order of their segments",
		},
		Scenarios: []*honestScenario{
			{Label: "conversation in both directions", Bucket: 32, Pad: vectorPad{Size: 4096, Seed: []byte("unconditional-one")}, Steps: []honestStep{
				alice("hello"), bob("yes"), alice("Did Charlie set up his device yet?"), alice("x"),
				bob("naïve café ☕ – ü"), alice(""), bob("line one\nline two\ttabbed"), bob("🔐🔐🔐"), alice("not the end: \u0080\x00"),
			}},
			{Label: "texts around the edge of a bucket", Bucket: 32, Pad: vectorPad{Size: 4096, Seed: []byte("unconditional-two")}, Steps: []honestStep{
				long(alice("a"), 29), long(alice("a"), 30), long(alice("a"), 31), long(alice("a"), 32), long(bob("b"), 61), long(bob("b"), 62), long(bob("b"), 63),
			}},
			{Label: "smallest bucket", Bucket: 16, Pad: vectorPad{Size: 1024, Seed: []byte("unconditional-three")}, Steps: []honestStep{
				alice(""), long(bob("b"), 14), long(alice("a"), 15), bob("b"),
			}},
			{Label: "largest bucket, longest text to approve", Bucket: seal.MaxBucket, Pad: vectorPad{Size: 160 << 10, Seed: []byte("unconditional-four")}, Steps: []honestStep{
				alice("hi"), long(bob("0123456789abcdef"), seal.MaxText/16),
			}},
		},
	}
}

// complete fills in what the pad and the slow reference say.
func (s *honestScenario) complete() {
	pad := madePad(s.Pad.Seed, s.Pad.Size)
	sum := sha256.Sum256(pad)
	s.Pad.Rule = "byte stream SHA-256(seed || uint64 big-endian counter), counter from 0, cut to n_bytes"
	s.Pad.SHA256 = sum[:]
	lanes := map[string]padLane{"alice": {pad, true}, "bob": {pad, false}}
	cursors := map[string]int64{"alice": seal.CellSize, "bob": seal.CellSize}
	for i := range s.Steps {
		step, lane := &s.Steps[i], lanes[s.Steps[i].Src]
		frame := slowFrame(1, step.text(), s.Bucket)
		step.Index = lane.offset(cursors[step.Src])
		step.Used = int64(16 + len(frame))
		step.Pkg = slowSeal(seal.Unconditional, lane.key(), step.Index, lane.read(cursors[step.Src], step.Used), frame)
		if len(step.Pkg) > 2000 {
			sum := sha256.Sum256(step.Pkg)
			step.Pkg, step.SHA256 = nil, sum[:]
		}
		cursors[step.Src] += step.Used
	}
}

// checkFile compares a vector file with what its maker makes today, or writes
// it.
func checkFile(t *testing.T, file string, made any) {
	t.Helper()
	want, err := json.MarshalIndent(made, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the slow reference makes; if that is meant, run with -update", file)
	}
}

func TestUnconditionalVectorsComeFromTheSlowReference(t *testing.T) {
	made := honest()
	for _, s := range made.Scenarios {
		s.complete()
	}
	checkFile(t, "testdata/unconditional.json", made)
}

func TestUnconditionalVectorsSealAndOpen(t *testing.T) {
	var v honestVectors
	readVectors(t, "testdata/unconditional.json", &v)
	if len(v.Scenarios) == 0 {
		t.Fatal("no scenarios")
	}
	for _, scenario := range v.Scenarios {
		t.Run(scenario.Label, func(t *testing.T) {
			pad := madePad(scenario.Pad.Seed, scenario.Pad.Size)
			if sum := sha256.Sum256(pad); !bytes.Equal(sum[:], scenario.Pad.SHA256) {
				t.Fatal("the pad is not made by its rule")
			}
			lanes := map[string]padLane{"alice": {pad, true}, "bob": {pad, false}}
			next := map[string]int64{"alice": seal.CellSize, "bob": seal.CellSize}
			for i, step := range scenario.Steps {
				lane := lanes[step.Src]
				if want := lane.offset(next[step.Src]); step.Index != want {
					t.Errorf("step %d: index %d, want %d", i, step.Index, want)
				}
				next[step.Src] += step.Used
				checkHonest(t, lane, scenario.Bucket, step)
			}
		})
	}
}

// checkHonest goes all the way with one step: sender, then receiver.
func checkHonest(t *testing.T, lane padLane, bucket int, step honestStep) {
	t.Helper()
	s := seal.Unconditional
	key, err := seal.NewHashKey(lane.key())
	if err != nil {
		t.Fatal(err)
	}
	plain := s.Encode(step.text(), bucket)
	if cost := s.SegmentSize(s.PlainSizeOfText(len(step.text()), bucket)); cost != step.Used || s.SegmentSize(len(plain)) != cost {
		t.Errorf("costs %d, want %d", cost, step.Used)
	}
	position := lane.position(step.Index)
	pkg, err := s.Seal(key, step.Index, seal.NewSegment(lane.read(position, step.Used)), plain)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(pkg); step.SHA256 != nil && !bytes.Equal(sum[:], step.SHA256) || step.SHA256 == nil && !bytes.Equal(pkg, step.Pkg) {
		t.Errorf("sealed %x, want %x", pkg, step.Pkg)
	}
	if n, err := s.PlainSize(len(pkg), bucket); err != nil || n != len(plain) {
		t.Errorf("plain size %d (%v), want %d", n, err, len(plain))
	}
	if index, err := seal.Index(pkg); err != nil || index != step.Index {
		t.Errorf("index %d (%v), want %d", index, err, step.Index)
	}
	opened, err := s.Open(key, seal.NewSegment(lane.read(position, step.Used)), slices.Clone(pkg))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := s.Decode(opened, bucket); err != nil || text != step.text() {
		t.Errorf("opened %q (%v), want %q", text, err, step.text())
	}
}
