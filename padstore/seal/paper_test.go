package seal_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore/seal"
)

// paperVectors is testdata/paper-suite.json: what the 2015 program answered.
type paperVectors struct {
	Scenarios []struct {
		Label string
		Pad   struct {
			Size   int      `json:"n_bytes"`
			Seed   hexBytes `json:"seed_hex"`
			SHA256 hexBytes
		}
		Steps []paperStep
		Final map[string]struct {
			Split        int64  `json:"split_index"`
			Direction    int    `json:"direction"`
			EncryptIndex int64  `json:"encrypt_index"`
			DecryptLog   string `json:"decrypt_log"`
			DecryptMax   int64  `json:"decrypt_max"`
		}
	}
}

type paperStep struct {
	Src     string
	Dst     string
	Message hexBytes `json:"message_hex"`
	Index   int64
	Package []byte `json:"package_b64"`
	Used    int64  `json:"pad_bytes_used"`
	Skip    bool   `json:"skip_detected"`
	Reuse   bool   `json:"reuse_detected"`
}

// hexBytes is hexadecimal in JSON.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.AppendDecode(nil, text)
	return err
}

func readVectors(t testing.TB, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// end is a device's view of one lane, as the 2015 program keeps it: how far it
// was used, and what of it.
type end struct {
	lane padLane
	max  int64
	used []span
}

type span struct{ from, to int64 }

// take marks a segment used and says what the 2015 program would report.
func (e *end) take(s span) (skip, reuse bool) {
	skip = s.from > e.max
	reuse = slices.ContainsFunc(e.used, func(u span) bool { return u.from < s.to && s.from < u.to })
	if !reuse {
		e.used = append(e.used, s)
	}
	e.max = max(e.max, s.to)
	return skip, reuse
}

// merged joins ranges that touch.
func merged(spans []span) []span {
	spans = slices.SortedFunc(slices.Values(spans), func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var out []span
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && out[last].to == s.from {
			out[last].to = s.to
			continue
		}
		out = append(out, s)
	}
	return out
}

func TestPaperAnswersAsThe2015Program(t *testing.T) {
	var v paperVectors
	readVectors(t, "testdata/paper-suite.json", &v)
	if len(v.Scenarios) != 3 {
		t.Fatalf("%d scenarios, want 3", len(v.Scenarios))
	}
	for _, scenario := range v.Scenarios {
		t.Run(scenario.Label, func(t *testing.T) {
			pad := madePad(scenario.Pad.Seed, scenario.Pad.Size)
			if sum := sha256.Sum256(pad); !bytes.Equal(sum[:], scenario.Pad.SHA256) {
				t.Fatal("the pad is not made by its rule")
			}
			lanes := map[string]padLane{"alice": {pad, true}, "bob": {pad, false}}
			sent := map[string]int64{}
			for _, src := range []string{"alice", "bob"} {
				sent[src] = sealAll(t, lanes[src], src, scenario.Steps)
			}
			received := openAll(t, lanes, scenario.Steps)
			for uid, final := range scenario.Final {
				rid := scenario.Steps[slices.IndexFunc(scenario.Steps, func(s paperStep) bool { return s.Dst == uid })].Src
				if forward := final.Direction == 1; forward != lanes[uid].forward {
					t.Errorf("%s sends in direction %d", uid, final.Direction)
				}
				if got := lanes[uid].offset(sent[uid]); got != final.EncryptIndex {
					t.Errorf("%s: encrypt_index %d, want %d", uid, got, final.EncryptIndex)
				}
				lane, end := lanes[rid], received[rid]
				if got := lane.offset(end.max); got != final.DecryptMax {
					t.Errorf("%s: decrypt_max %d, want %d", uid, got, final.DecryptMax)
				}
				if got, want := merged(end.used), merged(parseLog(t, lane, final.DecryptLog)); !slices.Equal(got, want) {
					t.Errorf("%s: decrypt_log %v, want %v", uid, got, want)
				}
			}
		})
	}
}

// sealAll seals what src sent, in the order of the lane, and returns how much
// of the lane that used up. Every segment begins where the last one ended.
func sealAll(t *testing.T, lane padLane, src string, steps []paperStep) (cursor int64) {
	steps = slices.Clone(steps)
	steps = slices.DeleteFunc(steps, func(s paperStep) bool { return s.Src != src })
	slices.SortStableFunc(steps, func(a, b paperStep) int {
		return cmp.Compare(lane.position(a.Index), lane.position(b.Index))
	})
	steps = slices.CompactFunc(steps, func(a, b paperStep) bool { return a.Index == b.Index }) // replays
	for _, step := range steps {
		n := len(step.Message)
		if got := seal.Paper.SegmentSize(n); got != step.Used {
			t.Errorf("%d bytes cost %d, want %d", n, got, step.Used)
		}
		if got := lane.offset(cursor); got != step.Index {
			t.Errorf("next index %d, want %d", got, step.Index)
		}
		segment := seal.NewSegment(lane.read(cursor, step.Used))
		got, err := seal.Paper.Seal(seal.HashKey{}, step.Index, segment, step.Message)
		if err != nil || !bytes.Equal(got, step.Package) {
			t.Errorf("index %d: sealed %x (%v), want %x", step.Index, got, err, step.Package)
		}
		cursor += step.Used
	}
	return cursor
}

// openAll opens all packages in the order of their arrival, and checks what
// is said about skips and reuse on the way. It returns every sender's lane as
// the receiver saw it.
func openAll(t *testing.T, lanes map[string]padLane, steps []paperStep) map[string]*end {
	ends := map[string]*end{}
	for src, lane := range lanes {
		ends[src] = &end{lane: lane}
	}
	for i, step := range steps {
		end := ends[step.Src]
		n, err := seal.Paper.PlainSize(len(step.Package), 0)
		if err != nil || n != len(step.Message) {
			t.Fatalf("step %d: plain size %d (%v), want %d", i, n, err, len(step.Message))
		}
		index, err := seal.Index(step.Package)
		if err != nil || index != step.Index {
			t.Fatalf("step %d: index %d (%v), want %d", i, index, err, step.Index)
		}
		at := end.lane.position(index)
		segment := seal.NewSegment(end.lane.read(at, seal.Paper.SegmentSize(n)))
		got, err := seal.Paper.Open(seal.HashKey{}, segment, step.Package)
		if err != nil || !bytes.Equal(got, step.Message) {
			t.Errorf("step %d: opened %x (%v), want %x", i, got, err, step.Message)
		}
		if skip, reuse := end.take(span{at, at + seal.Paper.SegmentSize(n)}); skip != step.Skip || reuse != step.Reuse {
			t.Errorf("step %d: skip %v, reuse %v, want %v and %v", i, skip, reuse, step.Skip, step.Reuse)
		}
	}
	return ends
}

// parseLog reads "8191-8188,8188-8153," as lane positions.
func parseLog(t *testing.T, lane padLane, log string) (spans []span) {
	for entry := range strings.SplitSeq(strings.TrimSuffix(log, ","), ",") {
		var from, to int64
		if _, err := fmt.Sscanf(entry, "%d-%d", &from, &to); err != nil {
			t.Fatalf("decrypt_log entry %q: %v", entry, err)
		}
		spans = append(spans, span{lane.position(from), lane.position(to)})
	}
	return spans
}
