//go:build linux

package boot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"onetimechat/firmware/boot/conf"
)

// The tests' program is its own device, when the keeper under test calls it as
// one: childVariable says what kind.
const childVariable = "OTC_BOOT_TEST_CHILD"

func TestMain(m *testing.M) {
	if kind := os.Getenv(childVariable); kind != "" {
		os.Exit(child(kind))
	}
	os.Exit(m.Run())
}

func child(kind string) int {
	switch kind {
	case "silent":
		return exitPowerOff
	case "orphan": // of itself, if it is asked to be one
		if len(os.Args) < 2 {
			return exitFault
		}
		if _, err := syscall.ForkExec("/proc/self/exe", []string{"orphan"}, &syscall.ProcAttr{Env: os.Environ()}); err != nil {
			panic(err)
		}
		return exitPowerOff
	case "babbles":
		report := os.NewFile(reportFD, "report")
		fmt.Fprint(report, "what\nfault\nfault x\nfault \"half\nbeat\n")
		fmt.Fprintln(report, strings.Repeat("x", 3*maxReport))
		return 7
	}
	return Run(Program{
		Main: func(ctx context.Context, m *Machine) (End, error) { return childMain(ctx, m, kind) },
		Fault: func(ctx context.Context, m *Machine, reason error) (End, error) {
			if kind == "fault" {
				return Reboot, fmt.Errorf("shown on %s, turned by %d: %w", m.Model, m.Turned, reason)
			}
			err := os.WriteFile(m.Roots.Sys+"/shown", fmt.Appendf(nil, "%s %s: %v", m.Model, m.Conf.Panel, reason), 0o600)
			if kind == "fails" {
				err = errors.New("no screen")
			}
			return Reboot, err
		},
	})
}

func childMain(ctx context.Context, m *Machine, kind string) (End, error) {
	switch kind {
	case "off":
		return PowerOff, nil
	case "reboot":
		return Reboot, nil
	case "fails":
		return PowerOff, errors.New("line 1\n\"line\" 2")
	case "fails at length":
		return PowerOff, errors.New(strings.Repeat("\x00", 1<<20))
	case "told":
		return PowerOff, fmt.Errorf("%+v %s %d %s %t", m.Conf, m.Model, m.Net, m.Manifest, m.Roots.Sys == "/elsewhere")
	case "turns":
		m.Turn(90)
		m.Turn(180)
		return PowerOff, errors.New("it failed")
	case "panics":
		ended := make(chan struct{})
		go func() { panic("a secret") }()
		<-ended
	case "dies":
		return PowerOff, unix.Kill(os.Getpid(), unix.SIGKILL)
	case "waits":
		m.Beat()
		<-ctx.Done()
	case "hangs":
		signal.Ignore(unix.SIGTERM)
		m.Beat()
		select {}
	}
	return PowerOff, nil
}

func startKeeper(t *testing.T, kind string) *keeper {
	t.Helper()
	t.Setenv(childVariable, kind)
	k := newKeeper("/proc/self/exe")
	t.Cleanup(func() {
		signal.Stop(k.signals)
		signal.Reset()
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
			t.Errorf("process %d is left over (%v)", pid, err)
		}
	})
	return k
}

func TestHowTheDeviceEndsIsWhatBecomesOfTheBoard(t *testing.T) {
	long := strings.Repeat("\x00", maxReport/16)
	for kind, want := range map[string]struct {
		end   End
		fault string
	}{
		"off":             {end: PowerOff},
		"silent":          {end: PowerOff},
		"reboot":          {end: Reboot},
		"fails":           {fault: "line 1\n\"line\" 2"},
		"fails at length": {fault: long},
		"panics":          {fault: "the device's program has stopped by itself (exit code 2)"},
		"dies":            {fault: "the device's program has stopped by itself (killed)"},
		"babbles":         {fault: "the device's program has stopped by itself (exit code 7)"},
	} {
		t.Run(kind, func(t *testing.T) {
			got := startKeeper(t, kind).run(roleMain, briefing{Machine: &Machine{}}, true)
			if want.fault == "" && (got.fault != nil || got.end != want.end) {
				t.Errorf("%+v", got)
			}
			if want.fault != "" && (got.fault == nil || got.fault.Error() != want.fault) {
				t.Errorf("%.200v", got.fault)
			}
		})
	}
}

func TestTheDeviceIsToldWhatMachineItIsOn(t *testing.T) {
	m := &Machine{Conf: conf.Default(), Model: "Pi", Net: 7, Manifest: []byte("inputs"), Roots: Roots{Sys: "/elsewhere"}}
	got := startKeeper(t, "told").run(roleMain, briefing{Machine: m}, true)
	want := fmt.Sprintf("%+v Pi 7 inputs true", conf.Default())
	if got.fault == nil || got.fault.Error() != want {
		t.Errorf("%v, want %s", got.fault, want)
	}
	got = startKeeper(t, "fault").run(roleFault, briefing{Machine: m, Reason: "no card"}, false)
	if got.fault == nil || got.fault.Error() != "shown on Pi, turned by 0: no card" {
		t.Errorf("%v", got.fault)
	}
}

// The card is taken off the system before a fault is shown, and a process that
// failed does not say any more how its owner had the picture turned.
func TestAFaultKnowsHowThePictureIsTurned(t *testing.T) {
	m := &Machine{}
	if got := startKeeper(t, "turns").run(roleMain, briefing{Machine: m}, true); got.fault == nil || m.Turned != 180 {
		t.Errorf("turned by %d, %v", m.Turned, got.fault)
	}
	got := startKeeper(t, "fault").run(roleFault, briefing{Machine: m, Reason: "it failed"}, false)
	if got.fault == nil || got.fault.Error() != "shown on , turned by 180: it failed" {
		t.Errorf("%v", got.fault)
	}
}

func TestAProgramThatIsNotThereIsAFault(t *testing.T) {
	k := startKeeper(t, "off")
	k.self = "/nowhere"
	if got := k.run(roleMain, briefing{Machine: &Machine{}}, true); got.fault == nil {
		t.Errorf("%+v", got)
	}
}

func TestASignalEndsTheDeviceInOrder(t *testing.T) {
	for s, want := range map[unix.Signal]End{unix.SIGTERM: PowerOff, unix.SIGPWR: PowerOff, unix.SIGINT: Reboot} {
		k := startKeeper(t, "waits")
		k.signals <- s
		if got := k.run(roleMain, briefing{Machine: &Machine{}}, true); got.fault != nil || got.end != want {
			t.Errorf("%v: %+v", s, got)
		}
	}
}

func TestADeviceThatDoesNotEndIsKilled(t *testing.T) {
	k := startKeeper(t, "hangs")
	pid, messages, err := k.spawn(roleMain, briefing{Machine: &Machine{}})
	if err != nil {
		t.Fatal(err)
	}
	<-messages // it ignores SIGTERM now
	now := time.Now()
	w := ward{pid: pid}
	w.stop(unix.SIGTERM)
	if !w.tick(now) {
		t.Error("the watchdog is not kicked while the device may still end")
	}
	if w.bury(); w.dead {
		t.Fatal("it has ended before its time")
	}
	if w.tick(now.Add(3 * stopTime)) {
		t.Error("the watchdog is kicked for a device that cannot be ended")
	}
	for range messages { // until it is dead
	}
	for !w.dead {
		w.bury()
	}
	if got := w.outcome(); got.fault != nil || got.end != PowerOff {
		t.Errorf("%+v", got)
	}
}

func TestTheDeadAreBuriedWhoeverTheyBelongedTo(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	k := startKeeper(t, "orphan")
	if got := k.run(roleMain, briefing{Machine: &Machine{}}, true); got.fault != nil {
		t.Fatal(got.fault)
	}
	// The orphan may outlive its parent by a little; then its end is told.
	for w := (ward{pid: -1}); ; w.bury() {
		if err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil); errors.Is(err, unix.ECHILD) {
			return
		}
		<-k.signals
	}
}

// What a crash prints may hold anything.
func TestACrashTellsTheConsoleLittle(t *testing.T) {
	if got := environment([]string{"A=b"}); len(got) != 2 || got[1] != "GOTRACEBACK=none" {
		t.Errorf("%q", got)
	}
	if got := environment([]string{"GOTRACEBACK=all"}); len(got) != 1 {
		t.Errorf("%q: the command line asked for more", got)
	}
}

// A main that hangs is reset: its heartbeats stop, and so do the kicks.
func TestTheWatchdogIsKickedOnHeartbeatsOnly(t *testing.T) {
	begin := time.Now()
	at := func(d time.Duration) time.Time { return begin.Add(d) }
	w := ward{careful: true, heart: heart{last: begin}}
	for d := time.Duration(0); d < firstBeatIn; d += time.Second {
		if !w.tick(at(d)) {
			t.Errorf("not kicked %v after the start", d)
		}
	}
	if w.tick(at(firstBeatIn)) {
		t.Error("kicked for a main that never began")
	}
	w.heart.beat(at(time.Second))
	for d := time.Second; d < 2*time.Minute; d += time.Second {
		if kicked := w.tick(at(d)); kicked != (d < time.Second+beatFor) {
			t.Errorf("%v after the start: kicked %v", d, kicked)
		}
	}
	w.heart.beat(at(5 * time.Second))
	if !w.tick(at(14 * time.Second)) {
		t.Error("not kicked after a heartbeat")
	}
	// The fault screen needs nobody to be alive.
	w.careful = false
	if !w.tick(at(time.Hour)) {
		t.Error("not kicked behind a fault screen")
	}
}

// kicks is a watchdog that writes down what it is told.
type kicks struct {
	strings.Builder
	closed bool
}

func (k *kicks) Close() error { k.closed = true; return nil }

func TestTheWatchdogIsSwitchedOffInOrder(t *testing.T) {
	file := &kicks{}
	w := &watchdog{file}
	if err := errors.Join(w.kick(), w.kick(), w.stop()); err != nil || file.String() != "kkV" || !file.closed {
		t.Errorf("%v, %q, closed %v", err, file.String(), file.closed)
	}
	var none *watchdog
	if err := errors.Join(none.kick(), none.stop()); err != nil {
		t.Error(err)
	}
	r := Roots{Dev: t.TempDir()}
	if _, err := openWatchdog(r); !errors.Is(err, ErrWatchdog) {
		t.Errorf("a watchdog that is not there: %v", err)
	}
	put(t, r.dev("watchdog"), "")
	if _, err := openWatchdog(r); !errors.Is(err, ErrWatchdog) {
		t.Errorf("a file in a watchdog's place: %v", err)
	}
	// One that cannot be set is not left running.
	if text, err := readLine(r.dev("watchdog")); text != "V" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}
