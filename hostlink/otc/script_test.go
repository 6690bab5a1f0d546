package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// A program built with the race detector lingers for a second at its end.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"otc": main})
}

// world is what a transcript's commands act on.
type world struct {
	relay   *mailboxes
	devices map[string]*padDevice
}

// The transcripts in testdata/script are conversations with otc, against a real
// relay and scripted pad devices behind the real link. Beside testscript's own
// commands there are
//
//	device NAME CONTACT...   plug in a pad device; its address is $NAME
//	owner NAME ANSWER...     what its owner answers: yes deny busy late fault here unread skip reuse, or vanish
//	unplug NAME, plug NAME
//	shows NAME SCREEN        what is on its screen
//	spend NAME               use all its pad for sending up
//	damage NAME CONTACT      have its pad with CONTACT be damaged
//	relay start, relay stop
//	bring TO FROM TEXT       put something into a mailbox, as anybody can
//	exits CODE otc ARGS...   run, and look at the exit code
//
// $ref1 to $ref5 are the relay's first refs.
func TestTranscripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			w := &world{relay: &mailboxes{dir: filepath.Join(env.WorkDir, ".relay")}, devices: map[string]*padDevice{}}
			env.Values["world"] = w
			env.Defer(func() { w.close(env.T()) })
			if err := w.relay.start(); err != nil {
				return err
			}
			env.Setenv("GORACE", os.Getenv("GORACE"))
			if err := w.numberRefs(env); err != nil {
				return err
			}
			env.Setenv("relay", w.relay.address)
			env.Setenv("OTC_RELAY", w.relay.address)
			env.Setenv("XDG_DATA_HOME", filepath.Join(env.WorkDir, "data"))
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"device": onWorld((*world).device),
			"owner":  onWorld((*world).owner),
			"plug":   onWorld((*world).plug),
			"unplug": onWorld((*world).unplug),
			"shows":  onWorld((*world).shows),
			"spend":  onWorld((*world).spend),
			"damage": onWorld((*world).damage),
			"relay":  onWorld((*world).switchRelay),
			"bring":  onWorld((*world).bring),
			"exits":  exits,
		},
	})
}

func (w *world) close(t testscript.T) {
	for _, d := range w.devices {
		d.stop()
	}
	if err := w.relay.stop(); err != nil {
		t.Fatal(err)
	}
}

// onWorld makes a transcript's command.
func onWorld(do func(w *world, ts *testscript.TestScript, args []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(do(ts.Value("world").(*world), ts, args))
	}
}

func (w *world) device(ts *testscript.TestScript, args []string) error {
	d := newPadDevice(args[0], args[1:]...)
	w.devices[args[0]] = d
	err := d.plug()
	ts.Setenv(args[0], d.address)
	return err
}

func (w *world) owner(_ *testscript.TestScript, args []string) error {
	w.devices[args[0]].change(func(d *padDevice) { d.answers = append(d.answers, args[1:]...) })
	return nil
}

func (w *world) plug(_ *testscript.TestScript, args []string) error { return w.devices[args[0]].plug() }

func (w *world) unplug(_ *testscript.TestScript, args []string) error {
	w.devices[args[0]].stop()
	return nil
}

func (w *world) shows(_ *testscript.TestScript, args []string) error {
	w.devices[args[0]].change(func(d *padDevice) { d.screen = args[1] })
	return nil
}

func (w *world) spend(_ *testscript.TestScript, args []string) error {
	w.devices[args[0]].change(func(d *padDevice) { d.spent = true })
	return nil
}

func (w *world) damage(_ *testscript.TestScript, args []string) error {
	w.devices[args[0]].change(func(d *padDevice) { d.damaged = args[1] })
	return nil
}

func (w *world) switchRelay(_ *testscript.TestScript, args []string) error {
	if args[0] == "stop" {
		return w.relay.stop()
	}
	return w.relay.start()
}

func (w *world) bring(_ *testscript.TestScript, args []string) error {
	_, err := w.relay.bring(args[0], args[1], args[2])
	return err
}

// numberRefs tells a transcript the refs that its messages get: a new relay's
// first one depends on the day.
func (w *world) numberRefs(env *testscript.Env) error {
	before, err := w.relay.bring("nobody", "nobody", "x")
	for i := range int64(5) {
		env.Setenv(fmt.Sprint("ref", i+1), fmt.Sprint(before+i+1))
	}
	return err
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
