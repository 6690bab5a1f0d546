package adversary

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"onetimechat/hal/desk/finger"
	"onetimechat/hostlink"
)

// seal asks p's device as a laptop does that does not wait.
func (p *person) seal(ctx context.Context, id, to, text string) <-chan sealed {
	done := make(chan sealed, 1)
	go func() {
		all, err := p.host.Package(ctx, hostlink.PackageRequest{ID: id, From: p.name, To: []string{to}, Text: text})
		if err == nil && all[0].Err != "" {
			err = all[0].Err
		}
		if err != nil {
			done <- sealed{err: err}
			return
		}
		done <- sealed{pkg: all[0].Package}
	}()
	return done
}

type sealed struct {
	pkg []byte
	err error
}

// reads opens a package with a yes, and returns its text.
func (p *person) reads(t *testing.T, from string, pkg []byte) string {
	t.Helper()
	all, err := p.host.Unpackage(soon(t), hostlink.UnpackageRequest{To: p.name, Packages: []hostlink.Incoming{{From: from, Package: pkg}}})
	if err != nil || len(all) != 1 || all[0].Err != "" {
		t.Fatalf("%s opens %+v, %v", p.name, all, err)
	}
	return all[0].Text
}

// asks waits until the device asks about text.
func (p *person) asks(t *testing.T, text string) finger.Screen {
	t.Helper()
	s, err := p.finger.WaitUntil(soon(t), func(s finger.Screen) bool {
		return s.Name == "approve-send" && strings.Contains(strings.Join(s.Text, "\n"), text)
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The laptop asks one text and, while its owner reads it, everything else: the
// same id with another text, other ids, cancelling what the owner reads. Only
// what stood on the screen at the tap is sealed.
func TestALaptopThatSwapsQuestionsSealsWhatWasRead(t *testing.T) {
	w := newWorld(t, "64KiB")
	w.bob.tapping()
	ctx := soon(t)
	first := w.alice.seal(ctx, "same", "bob", "pay-ten")
	w.alice.asks(t, "pay-ten")
	swapped := w.alice.seal(ctx, "same", "bob", "pay-thousand")
	other := w.alice.seal(ctx, "other", "bob", "pay-million")
	if err := w.alice.finger.Tap(soon(t), "approve"); err != nil {
		t.Fatal(err)
	}
	got := <-first
	if got.err != nil || w.bob.reads(t, "alice", got.pkg) != "pay-ten" {
		t.Fatalf("alice approved pay-ten, and sealed was %+v", got)
	}
	// The others are asked about in their turn, and denied.
	for range 2 {
		if err := w.alice.finger.Tap(soon(t), "deny"); err != nil {
			t.Fatal(err)
		}
	}
	for _, waiting := range []<-chan sealed{swapped, other} {
		if got := <-waiting; got.err != hostlink.Rejected {
			t.Errorf("denied, and answered %+v", got)
		}
	}
	// The id of an answer gives nothing for another text, and the same for the
	// same one.
	if again := <-w.alice.seal(ctx, "same", "bob", "pay-ten"); !bytes.Equal(again.pkg, got.pkg) {
		t.Errorf("asked again, the device answers %+v", again)
	}
	left := w.alice.pad().SendLeft
	_ = w.alice.seal(ctx, "same", "bob", "pay-all")
	w.alice.asks(t, "pay-all")
	if err := w.alice.host.Cancel(ctx, "same"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.alice.finger.WaitFor(soon(t), "warning"); err != nil {
		t.Fatal("a question that is taken back under the owner's eyes is not told: ", err)
	}
	if w.alice.pad().SendLeft != left {
		t.Error("a question taken back costs pad")
	}
}

// Cancelling races with the tap, many times: a package comes back exactly when
// pad was burned, and always of the text that was read.
func TestALaptopThatRacesTheTapGainsNothing(t *testing.T) {
	w := newWorld(t, "64KiB")
	w.bob.tapping()
	won := 0
	for i := range 8 {
		left, text := w.alice.pad().SendLeft, fmt.Sprint("race-", i)
		done := w.alice.seal(soon(t), text, "bob", text)
		s, err := w.alice.finger.WaitUntil(soon(t), func(s finger.Screen) bool {
			approve, _ := s.Target("approve")
			return approve.Active
		})
		if err != nil {
			t.Fatal(err)
		}
		approve, _ := s.Target("approve")
		var race sync.WaitGroup
		race.Go(func() { _ = w.alice.host.Cancel(soon(t), text) })
		race.Go(func() { _, _ = w.alice.finger.TapAt(soon(t), approve.Middle()) })
		race.Wait()
		got := <-done
		burned := w.alice.pad().SendLeft < left
		if burned != (got.err == nil) || got.err == nil && w.bob.reads(t, "alice", got.pkg) != text {
			t.Errorf("race %d: pad burned %v, answer %+v", i, burned, got)
		}
		if burned {
			won++
			continue
		}
		// The notice that it was taken back may have got the same tap.
		_, err = w.alice.finger.WaitUntil(soon(t), func(s finger.Screen) bool {
			w.alice.answer(t.Context(), s)
			return s.Name == "home"
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("the tap won %d times of 8", won)
}

// One package on two connections, twice in one batch, and beside altered ones:
// it is opened once.
func TestALaptopThatRepeatsPackagesOpensOnce(t *testing.T) {
	w := newWorld(t, "64KiB")
	w.alice.tapping()
	w.bob.tapping()
	got := <-w.alice.seal(soon(t), "", "bob", "once")
	if got.err != nil {
		t.Fatal(got.err)
	}
	in := hostlink.Incoming{From: "alice", Package: got.pkg}
	altered := hostlink.Incoming{From: "alice", Package: append(slices.Clone(got.pkg[:len(got.pkg)-1]), got.pkg[len(got.pkg)-1]^1)}
	var mu sync.Mutex
	texts := 0
	var laptops sync.WaitGroup
	for range 3 {
		laptops.Go(func() {
			all, err := w.bob.host.Unpackage(soon(t), hostlink.UnpackageRequest{To: "bob", Packages: []hostlink.Incoming{altered, in, in, altered}})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, o := range all {
				if o.Text != "" {
					texts++
				}
			}
		})
	}
	laptops.Wait()
	if texts != 1 {
		t.Errorf("opened %d times", texts)
	}
}

// Names that are paths, no text or somebody else's, a full table of cursors,
// and many requests of garbage: nothing is asked, nothing is made on the
// card, and the owner's own laptop is served all the while.
func TestAHostileLaptopMovesNothing(t *testing.T) {
	w := newWorld(t, "64KiB")
	got := w.alice.pad()
	before := files(t, w.alice.card)
	names := []string{"", ".", "..", "../alice", "/etc/passwd", "bob/../alice", "bob\x00", "bob\n", "BOB ", "b\u00f6b", "\u202ebob",
		"bob.alice.random.store", strings.Repeat("b", 1<<16), "alice", "carol"}
	for _, name := range names {
		for _, from := range []string{"alice", name} {
			to := "bob"
			if from == "alice" {
				to = name
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			all, err := w.alice.host.Package(ctx, hostlink.PackageRequest{From: from, To: []string{to}, Text: "x"})
			cancel()
			if err == nil && all[0].Err == "" || errors.Is(err, hostlink.ErrUnreachable) {
				if from != "alice" || to != "bob" {
					t.Errorf("sealed from %.20q to %.20q: %+v, %v", from, to, all, err)
				}
			}
		}
	}
	for i := range 40 { // of 16 places
		if err := w.alice.host.SaveNextRef(soon(t), "alice", fmt.Sprint("http://relay", i, ".example"), int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if w.alice.host.SaveNextRef(soon(t), "alice", strings.Repeat("x", 257), 1) == nil {
		t.Error("an address of 257 bytes is kept")
	}
	began, answered := time.Now(), malformed(t, w.alice)
	t.Logf("%d malformed requests: %v, %d answered", *malformedRequests, time.Since(began), answered)
	if answered < *malformedRequests/2 { // a place at the link may be taken
		t.Error("most were not answered: were they asked?")
	}
	if after := w.alice.pad(); after != got {
		t.Errorf("the pad went from %+v to %+v", got, after)
	}
	if after := files(t, w.alice.card); !slices.Equal(after, before) {
		t.Errorf("files on the card: %q, then %q", before, after)
	}
	if s, err := w.alice.finger.Screen(soon(t), 0); err != nil || s.Name != "home" {
		t.Errorf("the screen is %+v, %v", s, err)
	}
}

// files lists what is on a card.
func files(t *testing.T, card string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(card)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, filepath.Base(e.Name()))
	}
	return names
}

// malformedRequests are how many requests of garbage a device gets.
var malformedRequests = flag.Int("malformed", 10_000, "requests of garbage that TestAHostileLaptopMovesNothing sends")

// spoil sends raw bytes on a connection of their own, and tells whether
// anything was answered.
func spoil(t *testing.T, address, raw string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, raw)
	reply, _ := io.ReadAll(io.LimitReader(conn, 1<<20)) // its end may be a reset
	return bytes.HasPrefix(reply, []byte("HTTP/1.1 "))
}

// malformed sends requests of garbage on few connections, while the owner's
// laptop asks for the status again and again.
func malformed(t *testing.T, p *person) (answered int) {
	const senders = 2
	header := func(host, kind string) string {
		return "POST /runrpc HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: " + kind + "\r\nContent-Length: %d\r\n\r\n%s"
	}
	good := header(p.link, "application/json")
	bodies := []string{"", "{", "null", "[]", `{"method":"package"}`, `{"method":"__class__","args":[],"kwargs":{}}`,
		`{"method":"package","args":["alice","bob"],"kwargs":{}}`, `{"method":"package","args":[1,2,3],"kwargs":{}}`,
		`{"method":"unpackage","args":["bob","alice","!"],"kwargs":{}}`, `{"method":"unpackage","args":["bob","alice",""],"kwargs":{}}`,
		`{"method":"status","args":[],"kwargs":{"id":{}}}`, strings.Repeat("[", 1000), "\xff\xfe", `{"method":"status","method":"package"}`}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var owner, hostile sync.WaitGroup
	owner.Go(func() {
		for ctx.Err() == nil {
			began := time.Now()
			// A place at the link may be taken for a moment: ask again.
			var err error
			for err = errors.New("not asked"); err != nil && time.Since(began) < 5*time.Second && ctx.Err() == nil; {
				_, err = p.host.Status(ctx, time.Time{})
			}
			if took := time.Since(began); ctx.Err() == nil && (err != nil || took > 5*time.Second) {
				t.Errorf("the owner's laptop waits %v, %v", took, err)
				return
			}
		}
	})
	var mu sync.Mutex
	for s := range senders {
		hostile.Go(func() {
			n := 0
			for i := range *malformedRequests / senders {
				body := bodies[(i+s)%len(bodies)]
				if spoil(t, p.link, fmt.Sprintf(good, len(body), body)) {
					n++
				}
			}
			mu.Lock()
			answered += n
			mu.Unlock()
		})
	}
	hostile.Wait()
	cancel()
	owner.Wait()
	return answered
}
