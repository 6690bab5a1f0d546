package device_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/entropy"
	"onetimechat/firmware/entropy/entropytest"
	"onetimechat/hal/noise"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
)

// startWithNoise switches on a device with just this source.
func startWithNoise(t *testing.T, source *entropytest.Source) *meeter {
	t.Helper()
	return startMeeterOf(t, durabletest.New(1), "alice", &wire{}, source)
}

func (m *meeter) ready() int64 {
	synctest.Wait()
	return m.store.Reservoir().Level().Ready
}

// badNoise is every way in which a source fails, and what the screen says of it.
type badNoise struct {
	name string
	is   entropytest.Behaviour
	says string
}

func badNoises() []badNoise {
	good := func() entropytest.Behaviour { return entropytest.Bytes(3) }
	return []badNoise{
		{"stuck", entropytest.Stuck(7), "repeats itself"},
		{"silent zeros", entropytest.Stuck(0), "repeats itself"},
		{"biased", entropytest.Leaning(5, 0.8), "less random than it should be"},
		{"periodic", entropytest.Periodic(4096, good()), "repeats itself"},
		{"zeros now and then", entropytest.Gaps(4096, 64, good()), "repeats itself"},
		{"short", entropytest.Ending(100, noise.ErrShort, good()), "has ended"},
		{"removed in the middle", entropytest.Ending(5000, noise.ErrMissing, good()), "is not there"},
		{"silent", entropytest.Silent(), "gives nothing"},
		{"slow", entropytest.Failing(noise.ErrSlow), "is too slow"},
		{"denied", entropytest.Failing(noise.ErrDenied), "may not be opened"},
		{"missing", entropytest.Failing(noise.ErrMissing), "is not there"},
		{"used by another program", entropytest.Failing(noise.ErrBusy), "used by another program"},
	}
}

// A source that was good until now adds nothing more, and what it gave stays.
func TestASourceThatFailsLaterAddsNothingMore(t *testing.T) {
	for _, c := range badNoises() {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				source := entropytest.Good(1)
				source.Slow(1000)
				m := startWithNoise(t, source)
				for m.ready() < 8<<10 { // until a piece has just been laid up
					time.Sleep(time.Second / 10)
				}
				before, file := m.ready(), m.disk.Bytes("reservoir.store")
				source.Become(c.is)
				time.Sleep(time.Hour)
				m.wantScreen("home")
				m.wantText("No more randomness is made", c.says)
				if n := m.ready(); n != before {
					t.Errorf("%d bytes before, %d after", before, n)
				}
				if !bytes.Equal(m.disk.Bytes("reservoir.store"), file) {
					t.Error("the file has changed")
				}
			})
		})
	}
}

// However a source fails, nothing of it reaches the reservoir, the screen says
// what happened, and once it is good again the owner can go on.
func TestASourceThatFailsGivesNothingIsShownAndRecovers(t *testing.T) {
	for _, c := range badNoises() {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				source := entropytest.Good(1)
				source.Become(c.is)
				m := startWithNoise(t, source)
				time.Sleep(time.Hour)
				m.wantScreen("home")
				m.wantText("No more randomness is made", c.says, "hoose Try again under New contact")
				if n := m.ready(); n != 0 {
					t.Errorf("%d bytes of it came to the reservoir", n)
				}
				if m.store.DeviceID() != "" {
					t.Error("the device has an id of it")
				}
				if m.logged(padstore.KindNoise) == 0 {
					t.Error("the log says nothing of it")
				}

				m.tap("new-contact")
				m.wantText("No pad can be made now", c.says)
				m.tap("noise")
				m.wantScreen("noise")
				m.wantText("simulated", "alarms and no proof", "failed")
				m.tap("ok")
				source.Heal()
				time.Sleep(time.Minute)
				if m.ready() != 0 {
					t.Error("it went on without its owner")
				}
				m.tap("retry")
				time.Sleep(time.Minute)
				m.wantScreen("new-contact")
				m.tap("cancel")
				m.wantScreen("home")
				if n := m.ready(); n != reservoir {
					t.Errorf("after healing there are %d bytes", n)
				}
			})
		})
	}
}

// It is shown wherever the owner looks, also when the source fails only then.
func TestASourceThatFailsDuringTheWaitForAPeerIsShownThere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := entropytest.Good(1)
		source.Slow(1000)
		m := startWithNoise(t, source)
		m.wantScreen("home")
		m.tap("new-contact")
		m.wantScreen("new-contact")
		source.Fail(noise.ErrMissing)
		time.Sleep(5 * time.Minute)
		m.wantScreen("new-contact")
		m.wantText("No more randomness is made", "is not there")
		source.Heal()
		m.tap("retry")
		time.Sleep(time.Minute)
		if text := m.text(); strings.Contains(text, "No more randomness") {
			t.Errorf("the screen still says %q", text)
		}
	})
}

// A source that is pulled out and put back in soon needs nobody's help.
func TestASourceThatIsPulledOutAndPutBackGoesOnByItself(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := entropytest.Good(1)
		source.Slow(1000)
		m := startWithNoise(t, source)
		time.Sleep(30 * time.Second)
		before := m.ready()
		if before == 0 || before == reservoir {
			t.Fatalf("after half a minute there are %d bytes", before)
		}
		source.Fail(noise.ErrMissing)
		time.Sleep(3 * time.Second)
		during := m.ready()
		source.Heal()
		time.Sleep(time.Minute)
		if n := m.ready(); n != reservoir || during < before {
			t.Errorf("%d bytes before, %d while it was out, %d after", before, during, n)
		}
		m.wantScreen("home")
	})
}

func TestADeviceWithoutNoiseSaysSo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := &meeter{sockets: &sockets{wire: &wire{}}}
		m.rig = startRig(t, durabletest.New(1), "alice", func(c *config) { c.Ports = m.sockets })
		m.wantScreen("home")
		m.tap("new-contact")
		m.wantText("no noise source")
		m.tap("cancel")
		m.wantScreen("home")
	})
}

// The card has no room for the reservoir that is wanted.
func TestACardWithoutRoomForTheReservoirIsShown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disk := durabletest.New(1)
		source := entropytest.Good(1)
		source.Slow(1000)
		well := entropy.NewWell(source)
		t.Cleanup(func() { well.Close() })
		m := startRig(t, disk, "alice", func(c *config) {
			c.Noise, c.Reservoir = well, 1<<41
		})
		time.Sleep(time.Minute)
		m.wantScreen("home")
		m.wantText("No more randomness is made", "setting aside 2048 GiB of the card", "Choose a smaller reservoir in Settings.")
		m.choose("reservoir")
		m.tap("size-1")
		m.tap("ok")
		time.Sleep(time.Minute)
		m.wantScreen("home")
		if text := m.text(); strings.Contains(text, "No more randomness") || m.store.Reservoir().Level().Ready == 0 {
			t.Errorf("with a smaller one, home says %q", text)
		}
	})
}

// A source that begins as it did before never gave noise: what it made alone, and
// was laid up, is in no pad. What another one helped to make stays.
func TestWhatASourceMadeThatBeginsTheSameIsThrownAway(t *testing.T) {
	for name, c := range map[string]struct {
		helped bool
		left   int64
	}{"alone": {false, 0}, "with another": {true, reservoir}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				disk := durabletest.New(1)
				start := func(seed uint64) *meeter {
					counts := entropytest.Good(1)
					counts.BecomeAnew(func() entropytest.Behaviour { return entropytest.Bytes(1) })
					sources := []noise.Source{counts}
					if c.helped {
						sources = append(sources, entropytest.New(noise.Description{Name: "another", SampleBits: 8, Credit: noise.MaxCredit}, entropytest.Bytes(seed)))
					}
					well := entropy.NewWell(sources...)
					m := &meeter{sockets: &sockets{wire: &wire{}}}
					m.rig = startRig(t, disk, "alice", func(config *config) {
						well.Remember(config.Store.NoiseStarts(), config.Store.KeepNoiseStarts)
						config.Noise, config.Reservoir, config.Ports = well, reservoir, m.sockets
					})
					t.Cleanup(func() { well.Close() })
					time.Sleep(time.Hour)
					return m
				}
				m := start(2)
				if n := m.ready(); n != reservoir {
					t.Fatalf("%d bytes are ready", n)
				}
				m.off()
				m = start(3)
				m.wantText("No more randomness is made", "begins as it did before")
				if n := m.ready(); n != c.left {
					t.Errorf("%d bytes are left", n)
				}
				told := slices.ContainsFunc(m.store.Log(), func(e padstore.Entry) bool {
					return strings.HasPrefix(e.Text, fmt.Sprintf("%d bytes of the reservoir are thrown away, of what simulated alone made", reservoir))
				})
				if told == c.helped {
					t.Errorf("the log tells of it: %v", told)
				}
			})
		})
	}
}

// A device that is full when it is switched on has drawn nothing yet: it
// measures its noise all the same, or it could offer no more than there is.
func TestAFullDeviceMeasuresItsNoiseAtItsStart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := &wire{}
		disks := map[string]*durabletest.Disk{"alice": durabletest.New(1), "bob": durabletest.New(2)}
		for owner, disk := range disks {
			m := startMeeter(t, disk, owner, w)
			if n := m.ready(); n != reservoir {
				t.Fatalf("%s has %d bytes", owner, n)
			}
			m.off()
		}
		var both []*meeter
		for _, owner := range []string{"alice", "bob"} {
			source := entropytest.Good(9)
			source.Slow(2500)
			m := startMeeterOf(t, disks[owner], owner, w, source)
			time.Sleep(time.Minute)
			if n := m.ready(); n != reservoir {
				t.Fatalf("%s has %d bytes", owner, n)
			}
			both = append(both, m)
		}
		alice, bob := both[0], both[1]
		alice.choose("about")
		alice.wantText("1094 bytes of pad a second") // 224 of 512
		alice.tap("ok")
		alice.tap("ok")
		alice.tap("new-contact")
		alice.tap("noise")
		alice.wantText("2,500 bytes of noise a second")
		alice.tap("ok")
		bob.tap("new-contact")
		alice.wantScreen("meeting-size")
		alice.wantText("Now", "In 5 minutes", "In an hour", "Overnight")
	})
}

// A source that fails while the reservoir is full is seen at the start, too.
func TestAFullDeviceTestsItsNoiseAtItsStart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disk := durabletest.New(1)
		m := startMeeter(t, disk, "alice", &wire{})
		m.ready()
		m.off()
		source := entropytest.Good(9)
		source.Stick()
		m = startMeeterOf(t, disk, "alice", &wire{}, source)
		time.Sleep(time.Minute)
		m.wantScreen("home")
		m.wantText("No more randomness is made", "repeats itself")
		if n := m.ready(); n != reservoir {
			t.Errorf("%d bytes are ready", n)
		}
	})
}
