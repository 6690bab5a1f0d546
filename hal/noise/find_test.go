package noise

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// machine is a folder that looks like /sys and /dev.
type machine struct {
	Roots
	t *testing.T
}

func newMachine(t *testing.T) machine { return newMachineIn(t, t.TempDir()) }

func newMachineIn(t *testing.T, folder string) machine {
	m := machine{Roots{Sys: filepath.Join(folder, "sys"), Dev: filepath.Join(folder, "dev")}, t}
	m.check(os.MkdirAll(m.sys("/class/tty"), 0o755))
	m.check(os.MkdirAll(m.Dev, 0o755))
	return m
}

func (m machine) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m machine) write(path, text string) {
	m.t.Helper()
	m.check(os.MkdirAll(filepath.Dir(path), 0o755))
	m.check(os.WriteFile(path, []byte(text), 0o644))
}

func (m machine) link(from, to string) {
	m.t.Helper()
	m.check(os.MkdirAll(filepath.Dir(from), 0o755))
	m.check(os.Symlink(to, from))
}

// rng sets what feeds /dev/hwrng.
func (m machine) rng(name string) { m.write(m.sys(hwrngFile), name+"\n") }

// plug puts a USB device with a serial port at the bus position, in the folders and
// links that Linux has for one.
func (m machine) plug(position, tty, vendor, product string) {
	device := m.sys("/devices/platform/usb/" + position)
	m.write(device+"/idVendor", vendor+"\n")
	m.write(device+"/idProduct", product+"\n")
	terminal := device + "/" + position + ":1.0/tty/" + tty
	m.check(os.MkdirAll(terminal, 0o755))
	m.link(terminal+"/device", "../../../"+position+":1.0")
	m.link(m.sys("/class/tty/"+tty), terminal)
}

// unplug takes it away.
func (m machine) unplug(position, tty string) {
	m.check(os.RemoveAll(m.sys("/devices/platform/usb/" + position)))
	m.check(os.Remove(m.sys("/class/tty/" + tty)))
}

func (m machine) found() []string {
	m.t.Helper()
	sources, err := Find(m.Roots)
	m.check(err)
	var names []string
	for _, s := range sources {
		names = append(names, s.Describe().Name)
	}
	return names
}

func TestFindListsWhatIsThereInItsOrder(t *testing.T) {
	m := newMachine(t)
	expect := func(want ...string) {
		t.Helper()
		if got := m.found(); !slices.Equal(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	expect()
	m.rng("none")
	expect()
	m.rng("bcm2835-rng")
	expect("bcm2835-rng")
	m.link(m.sys("/class/tty/ttyAMA0"), "../../devices/nowhere")
	m.link(m.sys("/class/tty/ttyACM9"), "../../devices/just-unplugged")
	m.plug("1-1.1", "ttyACM0", "04D8", "F5FE")
	m.plug("1-1.2", "ttyACM1", "2341", "0043") // somebody's Arduino
	expect("TrueRNG", "bcm2835-rng")
	m.plug("1-1.3", "ttyACM2", "1d50", "6086")
	m.plug("1-1.4", "ttyACM3", "16d0", "0aa0")
	m.plug("1-1.5", "ttyACM4", "04d8", "f5fe")
	m.write(m.dev("chaoskey0"), "")
	expect("OneRNG", "TrueRNGpro", "TrueRNG", "TrueRNG 2", "chaoskey0", "bcm2835-rng")
	m.unplug("1-1.1", "ttyACM0")
	expect("OneRNG", "TrueRNGpro", "TrueRNG", "chaoskey0", "bcm2835-rng")
}

// One piece of hardware counts once, though the kernel shows it twice.
func TestAChaosKeyIsNotCountedTwice(t *testing.T) {
	m := newMachine(t)
	m.rng("ChaosKey-hw-1.0-sw-1.6.7-001c0031")
	if got := m.found(); !slices.Equal(got, []string{"ChaosKey-hw-1.0-sw-1.6.7-001c0031"}) {
		t.Errorf("found %q", got)
	}
	m.write(m.dev("chaoskey0"), "")
	if got := m.found(); !slices.Equal(got, []string{"chaoskey0"}) {
		t.Errorf("found %q", got)
	}
}

func TestTheRootsAreTheMachinesOwn(t *testing.T) {
	if sys, dev := (Roots{}).sys("/class/tty"), (Roots{}).dev("hwrng"); sys != "/sys/class/tty" || dev != "/dev/hwrng" {
		t.Errorf("%s, %s", sys, dev)
	}
}

func TestFindSaysWhatItCouldNotRead(t *testing.T) {
	m := newMachine(t)
	m.rng("bcm2835-rng")
	m.check(os.RemoveAll(m.sys("/class/tty")))
	m.write(m.sys("/class/tty"), "no folder")
	sources, err := Find(m.Roots)
	if !errors.Is(err, ErrFailed) || len(sources) != 1 {
		t.Errorf("found %d sources, and %v", len(sources), err)
	}
}

// One port that cannot be told what it is hides no other.
func TestAPortThatCannotBeReadHidesNoOther(t *testing.T) {
	m := newMachine(t)
	m.plug("1-1.1", "ttyACM0", "04d8", "f5fe")
	m.plug("1-1.2", "ttyACM1", "1d50", "6086")
	unread := m.sys("/devices/platform/usb/1-1.1/idVendor")
	m.check(os.Remove(unread))
	m.check(os.Mkdir(unread, 0o755))
	sources, err := Find(m.Roots)
	if !errors.Is(err, ErrFailed) || !strings.Contains(err.Error(), "ttyACM0") {
		t.Errorf("the error is %v", err)
	}
	if len(sources) != 1 || sources[0].Describe().Name != "OneRNG" {
		t.Errorf("found %v", sources)
	}
}

// A Finder names each piece of hardware once, when it comes first.
func TestAFinderFindsWhatHasCome(t *testing.T) {
	m := newMachine(t)
	finder := NewFinder(m.Roots)
	comes := func(want ...string) {
		t.Helper()
		sources, err := finder.Find()
		m.check(err)
		var got []string
		for _, s := range sources {
			got = append(got, s.Describe().Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	comes()
	m.rng("bcm2835-rng")
	comes("bcm2835-rng")
	comes()
	m.plug("1-1.1", "ttyACM0", "04d8", "f5fe")
	comes("TrueRNG")
	m.unplug("1-1.1", "ttyACM0")
	comes()
	m.plug("1-1.1", "ttyACM1", "04d8", "f5fe")
	comes() // the source that was found before takes it again
	m.plug("1-1.2", "ttyACM2", "04d8", "f5fe")
	comes("TrueRNG 2")
	m.write(m.dev("chaoskey0"), "")
	m.rng("ChaosKey-hw-1.0-sw-1.6.7-001c0031")
	comes("chaoskey0")
	m.check(os.Remove(m.dev("chaoskey0")))
	comes() // for what feeds /dev/hwrng there is a source already
}

// What every source claims, in one place: a change here is a change of what
// pads are made of.
func TestWhatSourcesClaim(t *testing.T) {
	m := newMachine(t)
	m.plug("1-1.3", "ttyACM2", "1d50", "6086")
	m.plug("1-1.4", "ttyACM3", "04d8", "ebb5")
	m.plug("1-1.5", "ttyACM4", "04d8", "f5fe")
	m.write(m.dev("chaoskey0"), "")
	m.rng("bcm2835-rng")
	sources, err := Find(m.Roots)
	m.check(err)
	want := []Description{
		{Name: "OneRNG", Raw: true, SampleBits: 8, Credit: 32},
		{Name: "TrueRNGpro", SampleBits: 8, Credit: 32},
		{Name: "TrueRNG", SampleBits: 8, Credit: 32},
		{Name: "chaoskey0", SampleBits: 8, Credit: 32},
		{Name: "bcm2835-rng", SampleBits: 8, Credit: 32},
	}
	for i, s := range sources {
		if got := s.Describe(); got != want[i] {
			t.Errorf("got %+v, want %+v", got, want[i])
		}
	}
	m.rng("virtio_rng.0")
	sources, err = Find(m.Roots)
	m.check(err)
	if got := sources[len(sources)-1].Describe(); !got.Demo || !strings.HasPrefix(got.Name, "virtio_rng") {
		t.Errorf("what a host gives its guests is taken for hardware: %+v", got)
	}
}
