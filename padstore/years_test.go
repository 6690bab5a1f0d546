package padstore_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

var yearsSeed = flag.Uint64("years", 0, "run TestYearsOfPads with this seed only")

// years is a device whose contacts come, get fresh pads, and go.
type years struct {
	*testing.T
	rng   *rand.Rand
	disk  *durabletest.Disk
	store *padstore.Store
	lives []*padLife // of all pads that ever were, the oldest first
}

// padLife is one pad: its ledger, what its contact has sent with it, and where it is
// moved in from.
type padLife struct {
	*ledger
	id     string
	source *durabletest.Disk
	next   int64
	sent   []parcel
}

func TestYearsOfPads(t *testing.T) {
	seeds := []uint64{rand.Uint64(), rand.Uint64()}
	if *yearsSeed != 0 {
		seeds = []uint64{*yearsSeed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("years ", seed), func(t *testing.T) {
			y := &years{T: t, rng: rand.New(rand.NewPCG(seed, 0)), disk: durabletest.New(seed)}
			y.store = open(t, y.disk, "alice")
			acts := []func(){y.fresh, y.fresh, y.seal, y.seal, y.open, y.open, y.open, y.discard, y.remove, y.noise, y.rest}
			for range 150 {
				cut := y.rng.IntN(3) == 0
				if cut {
					y.disk.CutAt(1 + y.rng.IntN(60))
				}
				for range 1 + y.rng.IntN(3) {
					acts[y.rng.IntN(len(acts))]()
				}
				if cut || y.rng.IntN(6) == 0 {
					y.restart()
				}
			}
			y.restart()
		})
	}
}

// went tells whether an action came to its end; only the power may have kept it.
func (y *years) went(err error) bool {
	y.Helper()
	if err != nil && !y.disk.Failed() {
		y.Fatal(err)
	}
	return err == nil
}

// restart cuts the power, sometimes twice, and looks at every pad.
func (y *years) restart() {
	y.Helper()
	for range 1 + y.rng.IntN(2) {
		y.disk.PowerOff()
		y.disk.PowerOn(fates[y.rng.IntN(len(fates))])
		y.disk.CutAt(1 + y.rng.IntN(recoveryOps))
		_, err := padstore.Open(y.disk, "alice")
		y.went(err)
	}
	y.disk.PowerOff()
	y.disk.PowerOn(fates[y.rng.IntN(len(fates))])
	y.store = open(y, y.disk, "alice")
	here := y.here()
	if len(here) != len(y.store.Pads()) {
		y.Fatalf("%d pads are known of %d", len(here), len(y.store.Pads()))
	}
	for _, l := range here {
		if p, _ := y.store.PadByID(l.id); p.Fault {
			y.Fatalf("pad %s is at fault", p.Number)
		}
		l.check(y, y.disk)
	}
	stores := 0
	for _, name := range y.disk.Names() {
		if len(name) > 13 && name[len(name)-13:] == ".random.store" {
			stores++
		}
	}
	if stores != len(here) {
		y.Fatalf("%d pads have files of %d", len(here), stores)
	}
}

// here are the pads that the store has, the oldest first.
func (y *years) here() (list []*padLife) {
	for _, l := range y.lives {
		if p, ok := y.store.PadByID(l.id); ok {
			l.file = "alice." + l.contact + "." + p.Number + ".random"
			if y.disk.Bytes(l.file+".store") == nil {
				l.file = "alice." + l.contact + ".random"
			}
			list = append(list, l)
		}
	}
	return list
}

func (y *years) contact() string { return []string{"abe", "bob", "zoe"}[y.rng.IntN(3)] }

// fresh makes a pad, or goes on with one whose move was cut.
func (y *years) fresh() {
	if n := len(y.lives); n > 0 {
		last := y.lives[n-1]
		if _, err := y.store.Importable(last.source, last.id); err == nil && len(last.source.Names()) > 0 {
			_, err := y.store.Import(last.source, last.id, nil)
			if errors.Is(err, padstore.ErrKnownPad) { // it was removed meanwhile, and stays away
				last.source = durabletest.New(1)
				return
			}
			y.went(err)
			return
		}
		if p, ok := y.store.PadByID(last.id); ok && p.State == padstore.Importing {
			_, err := y.store.Import(last.source, last.id, nil)
			y.went(err)
			return
		}
	}
	contact, size := y.contact(), 1024+32*y.rng.IntN(64)
	made := padBytes(y, fmt.Sprint(y.Name(), len(y.lives)), size)
	g := padstore.Generation{A: "alice", B: contact, Bytes: int64(size), Suite: seal.Unconditional, Bucket: seal.DefaultBucket, Source: "random"}
	source := durabletest.New(1)
	mustDo(y, padstore.Generate(source, g, bytes.NewReader(made), nil))
	for _, name := range g.Files()[2:] {
		mustDo(y, source.Remove(name))
	}
	sum := sha256.Sum256(made[size/2-16 : size/2+16])
	l := &padLife{ledger: newLedger(seal.Unconditional, "alice", contact, made), id: hex.EncodeToString(sum[:16]), source: source, next: 16}
	y.lives = append(y.lives, l)
	_, err := y.store.Import(source, l.id, nil)
	y.went(err)
}

func (y *years) seal() {
	contact := y.contact()
	var newest *padLife
	for _, l := range y.here() {
		if p, _ := y.store.PadByID(l.id); l.contact == contact && p.State == padstore.InUse {
			newest = l
		}
	}
	text := fmt.Sprintf("%0*d", y.rng.IntN(100), 7)
	if newest == nil {
		if sealed, err := y.store.Seal(contact, text); err == nil {
			y.Fatalf("sealed without a pad, with pad %s", sealed.Pad)
		}
		return
	}
	if err := newest.ledger.seal(y, y.store, text); !errors.Is(err, padstore.ErrDepleted) {
		y.went(err)
	}
}

// open has the contact send with any pad that ever was, and opens any of its messages.
func (y *years) open() {
	if len(y.lives) == 0 {
		return
	}
	l := y.lives[max(0, len(y.lives)-1-y.rng.IntN(8))]
	text := fmt.Sprintf("%0*d", y.rng.IntN(60), 3)
	if size := l.segmentSize(text); l.next+size <= int64(len(l.made))/2 {
		l.sent = append(l.sent, parcel{l.incoming(y, l.next, text), text})
		l.next += size
	}
	if len(l.sent) == 0 {
		return
	}
	p := l.sent[y.rng.IntN(len(l.sent))]
	is, ok := y.store.PadByID(l.id)
	ok = ok && is.State != padstore.Importing
	once := slices.ContainsFunc(l.where(y, l.contact, p.pkg), func(o int64) bool { return l.served[o] || l.tried[o] })
	if !ok { // gone, or not here yet
		if got, err := y.store.Unseal(l.contact, p.pkg); err == nil {
			y.Fatalf("%q was opened without its pad", got.Text)
		}
		return
	}
	got, err := l.ledger.open(y, y.store, p.pkg)
	switch {
	case err == nil && got.Text != p.text:
		y.Fatalf("%q instead of %q", got.Text, p.text)
	case err != nil && !once:
		y.went(err)
	}
}

// discard discards any pad; only one that was replaced goes.
func (y *years) discard() {
	here := y.here()
	if len(here) == 0 {
		return
	}
	l := here[y.rng.IntN(len(here))]
	p, _ := y.store.PadByID(l.id)
	err := y.store.Discard(p.Number, nil)
	if p.State == padstore.Retired {
		y.went(err)
	} else if err == nil {
		y.Fatalf("pad %s was discarded, which is %s", p.Number, p.State)
	}
}

func (y *years) remove() {
	if y.rng.IntN(4) > 0 {
		return
	}
	if err := y.store.Remove(y.contact(), nil); !errors.Is(err, padstore.ErrNoPad) {
		y.went(err)
	}
}

func (y *years) noise() {
	r := y.store.Reservoir()
	y.went(errors.Join(r.Resize(int64(y.rng.IntN(4096))), y.store.SaveNextRef(relay, int64(y.rng.IntN(99)))))
	err := r.Add(padBytes(y, "noise", 16*y.rng.IntN(64)), origins("hw"))
	if err == nil {
		_, err = r.Take(make([]byte, y.rng.IntN(900)))
	}
	if !errors.Is(err, padstore.ErrFull) && !errors.Is(err, padstore.ErrDry) {
		y.went(err)
	}
}

func (y *years) rest() {
	_, err := y.store.Work()
	y.went(err)
}
