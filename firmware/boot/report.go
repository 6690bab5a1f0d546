//go:build linux

package boot

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// The device's process is told by PID 1 what machine it is on, on one file
// descriptor, and reports on another: a line for each heartbeat, for each turn of
// the picture, and for its fault, if it has one. Its exit code says the rest.
const (
	machineFD = 3
	reportFD  = 4

	beatLine  = "beat"
	turnWord  = "turned"
	faultWord = "fault"
	maxReport = 16 << 10 // bytes: longest line

	exitPowerOff = 0
	exitFault    = 1
	exitReboot   = 3 // Go's run time uses 2
)

// The device's process is called with one of these.
const (
	roleMain  = "device"
	roleFault = "fault"
)

// briefing is what the device's process is told.
type briefing struct {
	Machine *Machine
	Reason  string // of the fault that is to be shown
}

// report is the device's line to PID 1.
type report struct {
	reason string // of the fault that is to be shown
	mu     sync.Mutex
	to     io.Writer
}

func (r *report) beat() { r.line(beatLine) }

func (r *report) turned(degrees int) { r.line(turnWord + " " + strconv.Itoa(degrees)) }

func (r *report) fault(err error) {
	text := strconv.Quote(err.Error())
	if len(text) > maxReport/2 {
		text = strconv.Quote(err.Error()[:maxReport/16])
	}
	r.line(faultWord + " " + text)
}

// line reports. A PID 1 that is not there any more does not care.
func (r *report) line(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = io.WriteString(r.to, text+"\n")
}

// device is the life of the device's process. It returns the exit code.
func device(run func(ctx context.Context, m *Machine) (End, error)) int {
	unix.CloseOnExec(machineFD)
	unix.CloseOnExec(reportFD)
	to := os.NewFile(reportFD, "report")
	line := &report{to: to}
	m, reason, err := briefed(os.NewFile(machineFD, "machine"))
	if err == nil {
		err = noDumps()
	}
	if err != nil {
		line.fault(err)
		return exitFault
	}
	line.reason = reason
	m.report = line
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM)
	defer stop()
	end, err := run(ctx, m)
	switch {
	case err != nil:
		line.fault(err)
		return exitFault
	case end == Reboot:
		return exitReboot
	}
	return exitPowerOff
}

func briefed(from io.ReadCloser) (m *Machine, reason string, err error) {
	defer from.Close()
	var b briefing
	if err := json.NewDecoder(from).Decode(&b); err != nil || b.Machine == nil {
		return nil, "", fmt.Errorf("learning what machine this is: %w", err)
	}
	return b.Machine, b.Reason, nil
}

// message is what PID 1 hears: a fault, how the picture is turned, or else a
// heartbeat.
type message struct {
	fault  string
	turned bool
	by     int // degrees
}

// listen passes on what the device reports, and closes to when its process has
// ended. What it does not understand it takes for nothing.
func listen(from io.ReadCloser, to chan<- message) {
	defer close(to)
	defer from.Close()
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxReport)
	for lines.Scan() {
		kind, what, _ := strings.Cut(lines.Text(), " ")
		switch {
		case kind == faultWord:
			if text, err := strconv.Unquote(what); err == nil {
				to <- message{fault: text}
			}
		case kind == turnWord:
			if degrees, err := strconv.Atoi(what); err == nil {
				to <- message{turned: true, by: degrees}
			}
		case lines.Text() == beatLine:
			to <- message{}
		}
	}
}
