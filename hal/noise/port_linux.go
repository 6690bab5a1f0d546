package noise

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// port is a serial port that nobody else uses and that alters no byte.
type port struct{ *os.File }

// writeTime is how long a few bytes of commands may take.
const writeTime = time.Second

// openPort opens a serial port, takes it for itself, makes it raw and starts
// the device on it. Its errors are those of the system, or name what they are.
func openPort(path string, m model) (io.ReadWriteCloser, error) {
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	p := port{file}
	if err := p.begin(m); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return p, nil
}

func (p port) begin(m model) error {
	if err := p.control(lock); err != nil {
		return err
	}
	err := p.control(func(fd int) error { return setUp(fd, m.speeds) })
	if err != nil || m.start == "" {
		return err
	}
	_, err = io.WriteString(p, m.start)
	return err
}

// Write writes commands.
func (p port) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return 0, err
	}
	return p.File.Write(b)
}

// WriteString hides that of os.File, which knows no deadline.
func (p port) WriteString(s string) (int, error) { return p.Write([]byte(s)) }

// Close lowers the lines that let the device send, and gives the port free.
func (p port) Close() error {
	// A port that was unplugged has no lines; it is closed all the same.
	_ = p.control(func(fd int) error {
		return errors.Join(setLines(fd, unix.TIOCMBIC), unix.IoctlSetInt(fd, unix.TIOCNXCL, 0))
	})
	return p.File.Close()
}

// control runs f on the file descriptor.
func (p port) control(f func(fd int) error) error {
	raw, err := p.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Control(func(fd uintptr) { inner = f(int(fd)) })
	return errors.Join(err, inner)
}

// lock takes the port: TIOCEXCL keeps out who opens it later, except root, for
// whom there is the lock that other programs ask for too.
func lock(fd int) error {
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return err
	}
	return unix.IoctlSetInt(fd, unix.TIOCEXCL, 0)
}

// setUp makes the line raw, gives the device its signals, and throws away what
// came before.
func setUp(fd int, speeds []int) error {
	if len(speeds) == 0 {
		speeds = []int{115_200}
	}
	for _, speed := range speeds {
		if err := makeRaw(fd, speed); err != nil {
			return err
		}
	}
	if err := setLines(fd, unix.TIOCMBIS); err != nil {
		return err
	}
	return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH)
}

// makeRaw switches off all that the line discipline does to bytes (termios(3),
// cfmakeraw), and makes sure that it is off: setting succeeds when any part of
// it could be done.
func makeRaw(fd, speed int) error {
	code, known := map[int]uint32{110: unix.B110, 300: unix.B300, 115_200: unix.B115200}[speed]
	if !known {
		return fmt.Errorf("no line speed %d", speed)
	}
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	const (
		input = unix.IGNBRK | unix.BRKINT | unix.IGNPAR | unix.PARMRK | unix.INPCK | unix.ISTRIP |
			unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IUCLC | unix.IXON | unix.IXANY | unix.IXOFF
		local   = unix.ISIG | unix.ICANON | unix.ECHO | unix.ECHONL | unix.IEXTEN
		control = unix.CBAUD | unix.CIBAUD | unix.CSIZE | unix.CSTOPB | unix.PARENB | unix.CRTSCTS
	)
	t.Iflag &^= input
	t.Oflag &^= unix.OPOST
	t.Lflag &^= local
	t.Cflag = t.Cflag&^control | code | unix.CS8 | unix.CREAD | unix.CLOCAL | unix.HUPCL
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return err
	}
	now, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	if now.Iflag&input|now.Oflag&unix.OPOST|now.Lflag&local != 0 || now.Cflag&unix.CSIZE != unix.CS8 {
		return errors.New("the line cannot be made raw")
	}
	return nil
}

// setLines raises (TIOCMBIS) or lowers (TIOCMBIC) DTR, which lets a TrueRNG
// send, and RTS, which a OneRNG wants too. A driver without such lines, as
// that of a pseudo-terminal, says ENOTTY or EINVAL: what is behind it does not
// wait for them.
func setLines(fd int, request uint) error {
	err := unix.IoctlSetPointerInt(fd, request, unix.TIOCM_DTR|unix.TIOCM_RTS)
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return err
}
