//go:build linux

package emulator

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
)

// monitor is the line by which QEMU is told what to do: the QEMU Machine
// Protocol (docs/interop/qmp-spec.txt). One command is at work at a time.
type monitor struct {
	mu   sync.Mutex
	conn *net.UnixConn
	in   *bufio.Reader
}

// reply is one line from QEMU: an answer, an error, or an event.
type reply struct {
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Desc string `json:"desc"`
	} `json:"error"`
	Event string `json:"event"`
}

func newMonitor(file *os.File) (*monitor, error) {
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(errors.New("the monitor is not on a Unix socket"), conn.Close())
	}
	m := &monitor{conn: unix, in: bufio.NewReaderSize(conn, 1<<16)}
	if _, err := m.in.ReadBytes('\n'); err != nil { // the greeting
		return nil, errors.Join(fmt.Errorf("QEMU does not greet: %w", err), conn.Close())
	}
	_, err = m.do("qmp_capabilities", nil)
	return m, err
}

// do has QEMU do something, and returns what it answers.
func (m *monitor) do(command string, arguments any) (json.RawMessage, error) {
	return m.send(command, arguments, nil)
}

// give hands QEMU an open file, which it keeps under name.
func (m *monitor) give(name string, file *os.File) error {
	_, err := m.send("getfd", map[string]any{"fdname": name}, syscall.UnixRights(int(file.Fd())))
	return err
}

func (m *monitor) send(command string, arguments any, rights []byte) (json.RawMessage, error) {
	line := map[string]any{"execute": command}
	if arguments != nil {
		line["arguments"] = arguments
	}
	text, err := json.Marshal(line)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, _, err := m.conn.WriteMsgUnix(append(text, '\n'), rights, nil); err != nil {
		return nil, fmt.Errorf("QEMU, %s: %w", command, err)
	}
	for {
		answer, err := m.in.ReadBytes('\n')
		if err != nil {
			return nil, fmt.Errorf("QEMU, %s: %w", command, err)
		}
		var r reply
		if err := json.Unmarshal(answer, &r); err != nil {
			return nil, fmt.Errorf("QEMU, %s: %w", command, err)
		}
		switch {
		case r.Event != "":
			continue
		case r.Error != nil:
			return nil, fmt.Errorf("QEMU, %s: %s", command, r.Error.Desc)
		}
		return r.Return, nil
	}
}

// pair returns the two ends of a stream, for processes that never meet by name.
func pair(name string) (a, b *os.File, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	return os.NewFile(uintptr(fds[0]), name), os.NewFile(uintptr(fds[1]), name), nil
}
