package keys

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// button is a switch between a line and ground, with the line as Linux and
// periph have it: high unless pressed, and low when reading it fails.
type button struct {
	name string
	rng  *rand.Rand

	mu       sync.Mutex
	pressed  bool
	bounces  time.Duration // after each change
	settled  time.Time
	turns    time.Time // when a bouncing contact does so next
	touching bool
	pull     gpio.Pull
	used     int            // operations on the line
	fails    func(int) bool // whether the nth does
}

func (b *button) String() string { return b.name }

func (b *button) In(pull gpio.Pull, edge gpio.Edge) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used++; b.fails != nil && b.fails(b.used) {
		return errWire
	}
	b.pull = pull
	return nil
}

func (b *button) Read() gpio.Level {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used++; b.fails != nil && b.fails(b.used) {
		return gpio.Low
	}
	if now := time.Now(); now.Before(b.settled) {
		if !now.Before(b.turns) { // the contact stays for up to 25 ms
			b.touching, b.turns = !b.touching, now.Add(time.Duration(1+b.rng.IntN(25))*time.Millisecond)
		}
		return gpio.Level(!b.touching)
	}
	return gpio.Level(!b.pressed && b.pull == gpio.PullUp)
}

func (b *button) set(pressed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pressed, b.settled = pressed, time.Now().Add(b.bounces)
}

// push presses or lifts it, and has it settle.
func (b *button) push(pressed bool) {
	b.set(pressed)
	wait(100 * time.Millisecond)
}

// failAt has the operations from the nth to the last one fail, counted from now.
func (b *button) failAt(nth, last int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	from := b.used
	b.fails = func(n int) bool { return n >= from+nth && n <= from+last }
}

var errWire = errors.New("the wire came off")

// table has three buttons read while f plays with them; f gets what was told
// since the last time it asked.
func table(t *testing.T, f func(t *testing.T, rng *rand.Rand, b []*button, told func() []Event)) (err error) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 0))
		buttons := []*button{{name: "GPIO5", rng: rng}, {name: "GPIO6", rng: rng}, {name: "GPIO13", rng: rng}}
		dev, failed := New(buttons[0], buttons[1], buttons[2])
		if failed != nil {
			t.Fatal(failed)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var events []Event
		done := make(chan error, 1)
		go func() { done <- dev.Run(ctx, func(e Event) error { events = append(events, e); return nil }) }()
		told := func() []Event {
			synctest.Wait()
			list := events
			events = nil
			return list
		}
		wait(time.Second)
		if list := told(); len(list) > 0 {
			t.Errorf("told of nobody: %+v", list)
		}
		f(t, rng, buttons, told)
		cancel()
		err = <-done
	})
	return err
}

// wait lets time pass.
func wait(d time.Duration) { time.Sleep(d); synctest.Wait() }

func tap(key int) []Event { return []Event{{Key: key, Down: true}, {Key: key}} }

// A press is told soon, once, however its contacts bounce.
func TestAPressIsToldOnceHoweverItBounces(t *testing.T) {
	err := table(t, func(t *testing.T, rng *rand.Rand, b []*button, told func() []Event) {
		for range 200 {
			key := rng.IntN(len(b))
			b[key].bounces = time.Duration(rng.IntN(21)) * time.Millisecond
			b[key].set(true)
			wait(80 * time.Millisecond)
			if list := told(); !slices.Equal(list, tap(key)[:1]) {
				t.Fatalf("key %d down is told as %+v", key, list)
			}
			wait(time.Duration(rng.IntN(2000)) * time.Millisecond)
			b[key].set(false)
			wait(80 * time.Millisecond)
			if list := told(); !slices.Equal(list, tap(key)[1:]) {
				t.Fatalf("key %d up is told as %+v", key, list)
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// Whatever is no press makes no tap.
func TestNothingElseMakesATap(t *testing.T) {
	err := table(t, func(t *testing.T, rng *rand.Rand, b []*button, told func() []Event) {
		check := func(why string) {
			t.Helper()
			for _, e := range told() {
				if !e.Down && !e.Lost {
					t.Errorf("%s makes a tap", why)
				}
			}
		}
		for range 50 {
			b[0].set(true)
			wait(time.Duration(rng.IntN(25)) * time.Millisecond)
			b[0].set(false)
			wait(200 * time.Millisecond)
			check("a glitch")
		}
		b[0].set(true)
		wait(time.Minute)
		b[0].set(false)
		wait(time.Second)
		check("a key that was held")
		for range 20 {
			b[0].push(rng.IntN(2) == 0)
			b[0].bounces = 10 * time.Second
			b[0].set(true)
			wait(1500 * time.Millisecond)
			b[0].bounces = 0
			b[0].set(false)
			wait(time.Second)
			check("a loose contact")
		}
		for _, first := range []int{0, 1} {
			b[0].push(true)
			b[1].push(true)
			b[first].push(false)
			b[1-first].push(false)
			check("two keys at once")
		}
		b[2].set(true)
		wait(time.Hour)
		b[0].push(true)
		b[0].push(false)
		check("a key beside one that is stuck")
		b[2].push(false)
		check("a key that was stuck")
		b[0].push(true)
		b[0].push(false)
		if list := told(); !slices.Equal(list, tap(0)) {
			t.Errorf("after all that, a press is told as %+v", list)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// A key that is down from the start has to be lifted first.
func TestAKeyStuckFromTheStartDoesNothing(t *testing.T) {
	f := newFollower(1)
	for range 1000 {
		if e, ok := f.take([]bool{true}); ok {
			t.Fatalf("told as %+v", e)
		}
	}
	for range 1000 {
		if e, ok := f.take([]bool{false}); ok {
			t.Fatalf("lifted, told as %+v", e)
		}
	}
}

// The line fails once, at whichever operation of a press: that makes no press of
// nothing, and nothing worse of one.
func TestALineThatFailsOnceMakesNoTap(t *testing.T) {
	for nth := 1; nth <= 120; nth++ {
		err := table(t, func(t *testing.T, _ *rand.Rand, b []*button, told func() []Event) {
			b[0].failAt(nth, nth)
			wait(100 * time.Millisecond)
			if list := told(); len(list) > 0 {
				t.Errorf("operation %d fails with no key down, told as %+v", nth, list)
			}
			b[0].set(true)
			wait(200 * time.Millisecond)
			b[0].set(false)
			wait(200 * time.Millisecond)
			list := told()
			for i, e := range list {
				if whole := !e.Down && !e.Lost; whole && (i == 0 || !list[i-1].Down) {
					t.Errorf("operation %d fails, told as %+v", nth, list)
				}
			}
			if len(list) > 2 {
				t.Errorf("operation %d fails, told as %+v", nth, list)
			}
		})
		if err != nil {
			t.Errorf("operation %d: %v", nth, err)
		}
	}
}

// A line that cannot be read loses its key, and is retried boundedly.
func TestALineThatFailsForLongIsAnError(t *testing.T) {
	for _, polls := range []int{1, Retries, Retries + 1} {
		err := table(t, func(t *testing.T, _ *rand.Rand, b []*button, told func() []Event) {
			b[1].push(true)
			b[1].failAt(1, 2*polls) // each poll reads, and sets up again
			wait(500 * time.Millisecond)
			b[1].push(false)
			if list := told(); !slices.Equal(list, []Event{{Key: 1, Down: true}, {Key: 1, Lost: true}}) {
				t.Errorf("%d polls fail, told as %+v", polls, list)
			}
		})
		if gone := polls > Retries; gone != (errors.Is(err, ErrLine) && errors.Is(err, errWire) && strings.Contains(fmt.Sprint(err), "GPIO6")) || !gone && err != nil {
			t.Errorf("%d polls fail: %v", polls, err)
		}
	}
}

// The end loses a key that is down, and what cannot be given ends it.
func TestTheEndLosesAKey(t *testing.T) {
	var last Event
	var wanted = errors.New("the screen is gone")
	synctest.Test(t, func(t *testing.T) {
		b := &button{name: "GPIO5"}
		dev, err := New(b)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		run := func(give func(Event) error) { go func() { done <- dev.Run(ctx, give) }() }
		run(func(e Event) error { last = e; return nil })
		wait(100 * time.Millisecond)
		b.set(true)
		wait(100 * time.Millisecond)
		cancel()
		if err := <-done; err != nil || !last.Lost {
			t.Errorf("%v, told at last %+v", err, last)
		}
		b.set(false)
		ctx, cancel = context.WithCancel(t.Context())
		defer cancel()
		run(func(Event) error { return wanted })
		wait(100 * time.Millisecond)
		b.set(true)
		if err := <-done; !errors.Is(err, wanted) {
			t.Error(err)
		}
	})
}

func TestALineThatCannotBeAnInputIsNamed(t *testing.T) {
	b := &button{name: "GPIO5", fails: func(int) bool { return true }}
	if _, err := New(b); !errors.Is(err, errWire) || !strings.Contains(err.Error(), "push-button on GPIO5") {
		t.Error(err)
	}
}
