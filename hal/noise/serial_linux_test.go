package noise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stick is a TRNG on USB, played on the far end of a pseudo-terminal.
type stick struct {
	*os.File
	m             machine
	position, tty string
}

// plugStick plugs one in.
func (m machine) plugStick(position, tty, id string) stick {
	m.t.Helper()
	far, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	m.check(err)
	s := stick{far, m, position, tty}
	var number int
	s.control(func(fd int) error { return unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0) })
	s.control(func(fd int) (err error) {
		number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		return err
	})
	vendor, product, _ := strings.Cut(id, ":")
	m.plug(position, tty, vendor, product)
	m.link(m.dev(tty), fmt.Sprintf("/dev/pts/%d", number))
	// Held open, or the far end would fail whenever no source has it open.
	near, err := os.OpenFile(m.dev(tty), os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	m.check(err)
	m.t.Cleanup(func() {
		far.Close()
		near.Close()
	})
	return s
}

// pull takes it out: Linux hangs the terminal up and removes its files.
func (s stick) pull() {
	s.m.t.Helper()
	s.m.check(s.Close())
	s.m.unplug(s.position, s.tty)
	s.m.check(os.Remove(s.m.dev(s.tty)))
}

// expect reads the commands that a source sends.
func (s stick) expect(want string) {
	s.m.t.Helper()
	got := make([]byte, len(want))
	s.m.check(s.SetReadDeadline(time.Now().Add(5 * time.Second)))
	if n, err := io.ReadFull(s, got); err != nil || string(got) != want {
		s.m.t.Errorf("the device was sent %q, %v, want %q", got[:n], err, want)
	}
}

func (s stick) control(f func(fd int) error) {
	s.m.t.Helper()
	s.m.check(port{s.File}.control(f))
}

// started returns a function that waits until a source opens the port from now
// on: the last thing it does to the line is to throw away what came before,
// which shows in packet mode (ioctl_tty(2), TIOCPKT).
func (s stick) started() func() {
	s.m.t.Helper()
	s.control(func(fd int) error { return unix.IoctlSetPointerInt(fd, unix.TIOCPKT, 1) })
	return func() {
		state := make([]byte, 1)
		for state[0]&unix.TIOCPKT_FLUSHREAD == 0 {
			if _, err := s.Read(state); err != nil {
				s.m.t.Errorf("waiting for the source: %v", err)
				return
			}
		}
		s.control(func(fd int) error { return unix.IoctlSetPointerInt(fd, unix.TIOCPKT, 0) })
	}
}

// stream sends in the background once a source has opened the port.
func (s stick) stream(parts ...[]byte) {
	s.m.t.Helper()
	wait := s.started()
	go func() {
		wait()
		s.Write(slices.Concat(parts...))
	}()
}

// send sends in the background.
func (s stick) send(b []byte) { go s.Write(b) }

func testModel(t *testing.T, name string) model {
	t.Helper()
	for _, m := range models() {
		if m.about.Name == name {
			m.pace.grace = 10 * time.Second
			return m
		}
	}
	t.Fatalf("no model %s", name)
	return model{}
}

func (m machine) source(model string) *serial {
	s := newSerial(m.Roots, testModel(m.t, model), 0)
	m.t.Cleanup(func() { m.check(s.Close()) })
	return s
}

func stream(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func stale(n int) []byte { return bytes.Repeat([]byte("old "), n/4) }

// settled reads until the source is open and gives its first noise.
func settled(t *testing.T, source *serial, far stick) {
	t.Helper()
	far.stream(stale(source.model.settle), make([]byte, 16))
	if err := source.Read(t.Context(), make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
}

func TestATrueRNGIsReadUnaltered(t *testing.T) {
	m := newMachine(t)
	want := stream(t, "truerng.bin")
	far := m.plugStick("1-1.2", "ttyACM0", "04d8:f5fe")
	source := m.source("TrueRNG")
	far.stream(stale(1024), want[:1000], want[1000:])
	got := make([]byte, len(want))
	for p := range slices.Chunk(got, 1000) {
		if err := source.Read(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrived as others", differences(got, want))
	}
}

// Every pair of bytes goes through: \r\n, a doubled 0xff, ^S before anything.
func TestTheLineAltersNoPairOfBytes(t *testing.T) {
	m := newMachine(t)
	far := m.plugStick("1-1.2", "ttyACM0", "04d8:f5fe")
	source := m.source("TrueRNG")
	settled(t, source, far)
	want := make([]byte, 0, 256*256*2)
	for a := range 256 {
		for b := range 256 {
			want = append(want, byte(a), byte(b))
		}
	}
	got := make([]byte, len(want))
	far.send(want)
	if err := source.Read(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrived as others", differences(got, want))
	}
}

func TestAOneRNGIsStartedAndStopped(t *testing.T) {
	m := newMachine(t)
	want := stream(t, "onerng-raw.bin")
	far := m.plugStick("1-1.2", "ttyACM0", "1d50:6086")
	source := m.source("OneRNG")
	played := make(chan struct{})
	wait := far.started()
	go func() {
		defer close(played)
		wait()
		far.expect("cmdo\ncmd1\ncmdw\ncmdO\n")
		far.Write(slices.Concat(stale(8192), want))
	}()
	got := make([]byte, len(want))
	if err := source.Read(t.Context(), got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %x…, %v", got[:16], err)
	}
	<-played
	m.check(source.Close())
	far.expect("cmdo\n")
}

// The knock ends with the speed that means the normal mode.
func TestATrueRNGproIsPutIntoItsNormalMode(t *testing.T) {
	m := newMachine(t)
	far := m.plugStick("1-1.2", "ttyACM0", "16d0:0aa0")
	source := m.source("TrueRNGpro")
	settled(t, source, far)
	far.control(func(fd int) error {
		line, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err == nil && line.Cflag&unix.CBAUD != unix.B300 {
			t.Errorf("the line speed is %#x", line.Cflag&unix.CBAUD)
		}
		return err
	})
}

func TestASerialTRNGFailsByName(t *testing.T) {
	read := func(t *testing.T, source *serial, want error) {
		t.Helper()
		p := bytes.Repeat([]byte{1}, 64)
		if err := source.Read(t.Context(), p); !errors.Is(err, want) || !strings.HasPrefix(err.Error(), source.model.about.Name) {
			t.Errorf("got %v, want %v", err, want)
		}
		if !bytes.Equal(p, make([]byte, len(p))) {
			t.Errorf("after the error there is %x", p)
		}
	}
	t.Run("not plugged in", func(t *testing.T) {
		read(t, newMachine(t).source("TrueRNG"), ErrMissing)
	})
	t.Run("no device file", func(t *testing.T) {
		m := newMachine(t)
		m.plug("1-1.2", "ttyACM0", "04d8", "f5fe")
		read(t, m.source("TrueRNG"), ErrMissing)
	})
	t.Run("no terminal", func(t *testing.T) {
		m := newMachine(t)
		m.plug("1-1.2", "ttyACM0", "04d8", "f5fe")
		m.write(m.dev("ttyACM0"), "a plain file")
		read(t, m.source("TrueRNG"), ErrFailed)
	})
	t.Run("denied", func(t *testing.T) {
		m := newOpenMachine(t)
		m.plugStick("1-1.2", "ttyACM0", "04d8:f5fe")
		m.check(os.Chmod(m.dev("ttyACM0"), 0))
		source := m.source("TrueRNG")
		err := asNobody(func() error {
			read(t, source, ErrDenied)
			return source.Read(t.Context(), make([]byte, 64))
		})
		if !strings.Contains(fmt.Sprint(err), m.dev("ttyACM0")) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("silent", func(t *testing.T) {
		m := newMachine(t)
		m.plugStick("1-1.2", "ttyACM0", "04d8:f5fe")
		source := m.source("TrueRNG")
		source.pump.grace = shortGrace
		read(t, source, ErrSilent)
	})
	t.Run("slow", func(t *testing.T) {
		m := newMachine(t)
		far := m.plugStick("1-1.2", "ttyACM0", "04d8:f5fe")
		source := m.source("TrueRNG")
		source.pump.grace = 10 * shortGrace
		far.stream(stale(1024), make([]byte, 63))
		read(t, source, ErrSlow)
	})
	t.Run("slow to settle", func(t *testing.T) {
		m := newMachine(t)
		far := m.plugStick("1-1.2", "ttyACM0", "04d8:f5fe")
		source := m.source("TrueRNG")
		source.pump.grace = 10 * shortGrace
		far.stream(stale(512))
		read(t, source, ErrSlow)
	})
}

func TestATRNGPluggedInAgainIsFoundAgain(t *testing.T) {
	m := newMachine(t)
	source := m.source("TrueRNG")
	for i, tty := range []string{"ttyACM0", "ttyACM0", "ttyACM7"} {
		far := m.plugStick("1-1.2", tty, "04d8:f5fe")
		settled(t, source, far)
		if i == 1 {
			// Pulled while nobody reads.
			far.pull()
			if err := source.Read(t.Context(), make([]byte, 16)); !errors.Is(err, ErrMissing) {
				t.Errorf("got %v, want %v", err, ErrMissing)
			}
			continue
		}
		failed := make(chan error)
		go func() { failed <- source.Read(t.Context(), make([]byte, 16)) }()
		far.pull()
		if err := <-failed; !errors.Is(err, ErrMissing) {
			t.Errorf("got %v, want %v", err, ErrMissing)
		}
		if err := source.Read(t.Context(), make([]byte, 16)); !errors.Is(err, ErrMissing) {
			t.Errorf("while it is out: %v, want %v", err, ErrMissing)
		}
	}
}

func TestHowAnUnpluggedTerminalShows(t *testing.T) {
	for _, err := range []error{io.EOF, unix.EIO, unix.ENODEV, unix.ENXIO} {
		if got := unplugged(err); !errors.Is(got, ErrMissing) || !errors.Is(got, err) {
			t.Errorf("%v: %v", err, got)
		}
	}
	for _, err := range []error{nil, unix.EINVAL} {
		if got := unplugged(err); !errors.Is(got, err) || errors.Is(got, ErrMissing) {
			t.Errorf("%v: %v", err, got)
		}
	}
}

// Two sources never read the same stick, nor one that another program uses.
func TestATRNGBelongsToOne(t *testing.T) {
	m := newMachine(t)
	first, second := m.source("TrueRNG"), m.source("TrueRNG")
	a := m.plugStick("1-1.2", "ttyACM0", "04d8:f5fe")
	settled(t, first, a)
	if err := second.Read(t.Context(), make([]byte, 16)); !errors.Is(err, ErrBusy) {
		t.Errorf("the second source got %v, want %v", err, ErrBusy)
	}
	b := m.plugStick("1-1.3", "ttyACM1", "04d8:f5fe")
	settled(t, second, b)
	a.send(bytes.Repeat([]byte("a"), 16))
	b.send(bytes.Repeat([]byte("b"), 16))
	for source, want := range map[*serial]string{first: "a", second: "b"} {
		got := make([]byte, 16)
		if err := source.Read(t.Context(), got); err != nil || string(got) != strings.Repeat(want, 16) {
			t.Errorf("read %q, %v, want %q", got, err, want)
		}
	}
	m.check(first.Close())
	third := m.source("TrueRNG")
	settled(t, third, a) // free again
}

func TestAContextEndsAReadOfATRNG(t *testing.T) {
	m := newMachine(t)
	far := m.plugStick("1-1.2", "ttyACM0", "04d8:f5fe")
	source := m.source("TrueRNG")
	settled(t, source, far)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := source.Read(ctx, make([]byte, 64)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	settled(t, source, far)
}

// A pseudo-terminal has no DTR, and says so.
func TestLinesAreRaisedWhereThereAreAny(t *testing.T) {
	m := newMachine(t)
	far := m.plugStick("1-1.2", "ttyACM0", "04d8:f5fe")
	far.control(func(fd int) error {
		err := unix.IoctlSetPointerInt(fd, unix.TIOCMBIS, unix.TIOCM_DTR)
		if !errors.Is(err, unix.ENOTTY) && !errors.Is(err, unix.EINVAL) {
			t.Errorf("this test needs a terminal without lines, and has one: %v", err)
		}
		return setLines(fd, unix.TIOCMBIS)
	})
	if err := setLines(-1, unix.TIOCMBIS); !errors.Is(err, unix.EBADF) {
		t.Errorf("got %v, want %v", err, unix.EBADF)
	}
}
