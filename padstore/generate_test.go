package padstore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

func TestGenerateMakesTheSamePadForBoth(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		made := padBytes(t, t.Name(), 3<<20)
		g := padstore.Generation{A: "bob", B: "alice", Bytes: 3 << 20, Suite: suite, Source: "random"}
		if suite == seal.Unconditional {
			g.Bucket = 64
		}
		folder := durabletest.New(1)
		var told []int64
		mustDo(t, padstore.Generate(folder, g, bytes.NewReader(made), func(done int64) { told = append(told, done) }))
		if !slices.IsSorted(told) || told[len(told)-1] != 3<<20 {
			t.Errorf("progress %v", told)
		}
		for _, name := range []string{"alice.bob.random.store", "bob.alice.random.store"} {
			if !bytes.Equal(folder.Bytes(name), made) {
				t.Errorf("%s is not what was read", name)
			}
		}
		if got := padFiles(folder); !slices.Equal(got, slices.Sorted(slices.Values(g.Files()))) || len(got) != 4 {
			t.Errorf("%q, not %q", got, g.Files())
		}
		var m map[string]any
		mustDo(t, json.Unmarshal(folder.Bytes("bob.alice.random.metadata"), &m))
		for _, field := range strings.Fields("uid rid store_filename metadata_filename n_bytes rservice split_index direction encrypt_index decrypt_log decrypt_max n_eles checksum") {
			if _, ok := m[field]; !ok {
				t.Errorf("field %s is missing", field)
			}
		}
		if m["n_eles"] != float64(len(m)) {
			t.Errorf("n_eles is %v of %d fields", m["n_eles"], len(m))
		}
	})
}

// failing is a source of randomness that ends early, with an error or without.
type failing struct {
	left int
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, f.err
	}
	n := min(f.left, len(p))
	f.left -= n
	for i := range p[:n] {
		p[i] = byte(i*7 + 1)
	}
	return n, nil
}

func TestGenerateLeavesNothingBehindWhenItsSourceFails(t *testing.T) {
	wrong := errors.New("the source is broken")
	for _, source := range []*failing{{0, wrong}, {2047, wrong}, {2047, fs.ErrClosed}, {0, errors.ErrUnsupported}} {
		folder := durabletest.New(1)
		folder.Put("mine.txt", []byte("mine"))
		before := folder.Image()
		g := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Paper, Source: "random"}
		if err := padstore.Generate(folder, g, source, nil); !errors.Is(err, source.err) {
			t.Errorf("%v", err)
		}
		sameFiles(t, before, folder.Image())
	}
	folder := durabletest.New(1)
	g := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Paper, Source: "random"}
	if err := padstore.Generate(folder, g, bytes.NewReader(make([]byte, 2047)), nil); err == nil || len(folder.Image()) > 0 {
		t.Errorf("a short source: %v", err)
	}
}

func TestGenerateRefusesASourceThatIsStuck(t *testing.T) {
	for _, suite := range []seal.Suite{seal.Paper, seal.Unconditional} {
		stuck := make([]byte, 2048)
		_, err := io.ReadFull(padtest.Stream("x"), stuck)
		mustDo(t, err)
		for i := range 16 {
			stuck[1024+i] = 0xff
		}
		folder := durabletest.New(1)
		g := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: suite, Source: "random"}
		if suite == seal.Unconditional {
			g.Bucket = 32
		}
		err = padstore.Generate(folder, g, bytes.NewReader(stuck), nil)
		if err == nil || !strings.Contains(err.Error(), "stuck: from byte 1024") || len(folder.Image()) > 0 {
			t.Errorf("%v: %v, and %d files", suite, err, len(folder.Image()))
		}
	}
}

func TestGenerateBeginsNoPadThatHasNoRoom(t *testing.T) {
	g := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Paper, Source: "random"}
	folder := durabletest.New(1)
	folder.Put("alice.bob.random.store.partial", make([]byte, 4095)) // of a run that was interrupted
	folder.Capacity(4095)
	noise := &failing{left: 2048}
	if err := padstore.Generate(folder, g, noise, nil); err == nil || !strings.Contains(err.Error(), "room for 4095 bytes only") || noise.left != 2048 || len(folder.Image()) > 0 {
		t.Errorf("%v after %d bytes of noise, and %d files", err, 2048-noise.left, len(folder.Image()))
	}
	folder.Capacity(8192)
	mustDo(t, padstore.Generate(folder, g, padtest.Stream("x"), nil))
}

func TestGenerateNeverWritesOverAPad(t *testing.T) {
	g := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Paper, Source: "random"}
	for _, name := range g.Files() {
		folder := durabletest.New(1)
		folder.Put(name, []byte("an older pad"))
		before := folder.Image()
		if err := padstore.Generate(folder, g, padtest.Stream("x"), nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("over %s: %v", name, err)
		}
		sameFiles(t, before, folder.Image())
	}
}

func TestGenerateFailsWholeWhenTheDiskDoes(t *testing.T) {
	g := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Unconditional, Bucket: 32, Source: "random"}
	for k := 1; ; k++ {
		folder := durabletest.New(1)
		folder.FailAt(k)
		err := padstore.Generate(folder, g, padtest.Stream("x"), nil)
		if !folder.Failed() {
			mustDo(t, err)
			break
		}
		if err == nil {
			t.Errorf("operation %d failed, and a pad was made", k)
		}
	}
}

// A run that was broken off leaves parts behind, which keep the next from nothing.
func TestGenerateAfterARunThatWasBrokenOff(t *testing.T) {
	g := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Unconditional, Bucket: 32, Source: "random"}
	for k := 1; ; k++ {
		folder := durabletest.New(1)
		folder.CutAt(k)
		done := padstore.Generate(folder, g, padtest.Stream("x"), nil) == nil
		folder.PowerOn(durabletest.Kept)
		whole := slices.ContainsFunc(padFiles(folder), func(name string) bool { return !strings.HasSuffix(name, ".partial") })
		err := padstore.Generate(folder, g, padtest.Stream("y"), nil)
		if whole && (err == nil || !strings.Contains(err.Error(), "never written over")) || !whole && (err != nil || len(padFiles(folder)) != 4) {
			t.Fatalf("cut at %d, and then %v: %q", k, err, padFiles(folder))
		}
		if done {
			break
		}
	}
}

func TestGenerationsThatMakeNoSenseAreRefusedWithAdvice(t *testing.T) {
	good := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Unconditional, Bucket: 32, Source: "random"}
	mustDo(t, good.Check())
	for advice, change := range map[string]func(*padstore.Generation){
		"nearest is 2048": func(g *padstore.Generation) { g.Bytes = 2050 },
		"nearest is 2080": func(g *padstore.Generation) { g.Bytes = 2079 },
		"too small":       func(g *padstore.Generation) { g.Bytes = 64 },
		"different users": func(g *padstore.Generation) { g.B = "alice" },
		"not a user id":   func(g *padstore.Generation) { g.A = "../alice" },
		"bucket":          func(g *padstore.Generation) { g.Bucket = 33 },
		"suite":           func(g *padstore.Generation) { g.Suite = 0 },
	} {
		g := good
		change(&g)
		folder := durabletest.New(1)
		err := padstore.Generate(folder, g, padtest.Stream("x"), nil)
		if err == nil || !strings.Contains(err.Error(), advice) || len(folder.Image()) > 0 {
			t.Errorf("want %q: %v", advice, err)
		}
	}
}
