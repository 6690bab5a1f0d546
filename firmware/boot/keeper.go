//go:build linux

package boot

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stopTime is how long the device may take to end when it is told to.
const stopTime = 10 * time.Second

// keeper keeps one device process at a time.
type keeper struct {
	self    string // the program
	signals chan os.Signal
	dog     *watchdog // nil if there is none
}

func newKeeper(self string) *keeper {
	k := &keeper{self: self, signals: make(chan os.Signal, 16)}
	// None may be left to Go's own handler, which would end PID 1, and with
	// it the kernel.
	signal.Ignore(unix.SIGHUP, unix.SIGQUIT, unix.SIGPIPE, unix.SIGALRM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGABRT)
	signal.Notify(k.signals, unix.SIGCHLD, unix.SIGTERM, unix.SIGPWR, unix.SIGINT)
	return k
}

// outcome is how a device process ended.
type outcome struct {
	end   End
	fault error
}

// errStopped is an outcome whose cause nobody has told.
var errStopped = errors.New("the device's program has stopped by itself")

// run starts the program in a role and keeps it until it has ended. careful
// has the watchdog depend on its heartbeats.
func (k *keeper) run(role string, b briefing, careful bool) outcome {
	pid, messages, err := k.spawn(role, b)
	if err != nil {
		return outcome{fault: fmt.Errorf("starting the device's program: %w", err)}
	}
	ward := ward{pid: pid, machine: b.Machine, heart: heart{last: time.Now()}, careful: careful}
	tick := time.NewTicker(kickTime)
	defer tick.Stop()
	for {
		select {
		case m, open := <-messages:
			if !open {
				messages = nil
			} else {
				ward.hear(m)
			}
		case s := <-k.signals:
			if s == unix.SIGCHLD {
				ward.bury()
			} else {
				ward.stop(s)
			}
		case now := <-tick.C:
			if ward.tick(now) {
				// A watchdog that cannot be kicked resets the board, which
				// is what it is for.
				_ = k.dog.kick()
			}
		}
		if ward.dead && messages == nil {
			return ward.outcome()
		}
	}
}

// ward is the process that is kept.
type ward struct {
	pid     int
	machine *Machine
	careful bool
	heart   heart
	stopBy  time.Time // it was told to stop, and is killed then
	reboot  bool      // whoever told it wants that
	dead    bool
	status  syscall.WaitStatus
	fault   string
}

func (w *ward) hear(m message) {
	switch {
	case m.fault != "":
		w.fault = m.fault
	case m.turned:
		w.machine.Turned = m.by
	default:
		w.heart.beat(time.Now())
	}
}

// stop tells the process to end. SIGINT is Ctrl+Alt+Del (reboot(2)).
func (w *ward) stop(s os.Signal) {
	if w.stopBy.IsZero() {
		w.stopBy = time.Now().Add(stopTime)
		w.reboot = s == unix.SIGINT
	}
	if !w.dead {
		_ = unix.Kill(w.pid, unix.SIGTERM) // it may just have ended
	}
}

// tick tells whether the watchdog is to be kicked.
func (w *ward) tick(now time.Time) bool {
	if !w.stopBy.IsZero() {
		if now.After(w.stopBy) && !w.dead {
			_ = unix.Kill(w.pid, unix.SIGKILL)
		}
		return now.Before(w.stopBy.Add(stopTime))
	}
	return !w.careful || w.heart.alive(now)
}

// bury takes leave of all processes that have ended: ours, and those whose
// parents have.
func (w *ward) bury() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil || pid <= 0:
			return
		case pid == w.pid:
			w.dead, w.status = true, status
		}
	}
}

func (w *ward) outcome() outcome {
	asked := !w.stopBy.IsZero()
	switch code := w.status.ExitStatus(); {
	case asked && w.reboot, w.status.Exited() && code == exitReboot:
		return outcome{end: Reboot}
	case asked, w.status.Exited() && code == exitPowerOff:
		return outcome{end: PowerOff}
	case w.fault != "":
		return outcome{fault: errors.New(w.fault)}
	case w.status.Signaled():
		return outcome{fault: fmt.Errorf("%w (%v)", errStopped, w.status.Signal())}
	default:
		return outcome{fault: fmt.Errorf("%w (exit code %d)", errStopped, code)}
	}
}

// spawn starts the program in a role.
func (k *keeper) spawn(role string, b briefing) (pid int, messages chan message, err error) {
	text, err := json.Marshal(b)
	if err != nil {
		return 0, nil, err
	}
	machineR, machineW, err := os.Pipe()
	if err != nil {
		return 0, nil, err
	}
	reportR, reportW, err := os.Pipe()
	if err != nil {
		return 0, nil, errors.Join(err, machineR.Close(), machineW.Close())
	}
	pid, err = syscall.ForkExec(k.self, []string{"otc-pad", role}, &syscall.ProcAttr{
		Env:   environment(os.Environ()),
		Files: []uintptr{0, 1, 2, machineR.Fd(), reportW.Fd()},
	})
	err = errors.Join(err, machineR.Close(), reportW.Close())
	if err != nil {
		return 0, nil, errors.Join(err, machineW.Close(), reportR.Close())
	}
	go func() {
		// A process that does not read it ends, or is a hung one.
		_, _ = machineW.Write(text)
		_ = machineW.Close()
	}()
	messages = make(chan message)
	go listen(reportR, messages)
	return pid, messages, nil
}

// environment keeps what a crash tells the console to its first line, unless
// the kernel's command line says otherwise: the kernel hands GOTRACEBACK=all on
// it down to here.
func environment(given []string) []string {
	const key = "GOTRACEBACK="
	for _, e := range given {
		if strings.HasPrefix(e, key) {
			return given
		}
	}
	return append(given, key+"none")
}
