//go:build linux

// Package boot is the start of a pad device on a Raspberry Pi, and its end: the
// kernel runs our one program as PID 1, and nothing else.
//
// Start with Run. PID 1 sets the machine up (start.go: kernel file systems,
// modules, the card, its growth, the data partition) and then keeps the device
// (keeper.go), which is the same program in a process of its own: a crash of
// the device, in whatever goroutine, thus ends on a fault screen, drawn by a
// fresh process, and not in a kernel panic. PID 1 also feeds the watchdog on
// the device's heartbeats, buries the dead, and switches the board off.
//
// What is decided is in pure functions of what was read; Roots says where to
// read it; kernel (kernel.go) is the edge that only root on Linux has.
//
// What the package refuses to do: start a shell or any other program, go on
// after a step that failed, load a module after the start, and use a card other
// than the one that the pads were made on.
package boot

import (
	"context"
	"errors"
	"fmt"
	"os"

	"onetimechat/firmware/boot/conf"
)

// End is what becomes of the board when the device has ended.
type End int

// PowerOff halts the board; Reboot starts it again.
const (
	PowerOff End = iota
	Reboot
)

// Program is the device. Each function runs in a process of its own, until it
// returns or ctx ends, which a signal to PID 1 brings about.
type Program struct {
	// Main is the device as it should be. Its error, or the end of its
	// process, is a fault.
	Main func(ctx context.Context, m *Machine) (End, error)
	// Fault shows the owner why there is no device, or none any more. What
	// is not known of m is zero, but for m.Conf, which is the default then.
	// After an error the board stays as it is until it is switched off.
	Fault func(ctx context.Context, m *Machine, reason error) (End, error)
}

// Machine is the board, the card and the settings that were found at the start.
type Machine struct {
	Conf     conf.Conf
	Manifest []byte // the image's, as it is on the card
	Model    string // "Raspberry Pi 3 Model B"
	Serial   string // the board's serial number; "" if it has none
	Net      int    // N of the link's address 10.77.N.1: from Conf, else from Serial
	CID      string // of the card, 32 hexadecimal digits
	Store    string // the folder of the store, on the data partition
	LED      Signal // of a start that failed before it was known which screen there is; 0: none did
	Turned   int    // degrees that the owner has the picture turned by, as far as Main has told
	Roots    Roots

	report *report // to PID 1
}

// Beat tells the watchdog that the main is alive. It must be called at least
// every 5 s, the first time within 60 s, by what notices a hang: the loop that
// handles taps, say, and not a goroutine of its own.
func (m *Machine) Beat() { m.report.beat() }

// Turn tells that the owner has the picture turned by so many degrees: a fault is
// shown when the card, which knows that, is taken off the system.
func (m *Machine) Turn(degrees int) { m.report.turned(degrees) }

// Stick returns the USB socket for sticks.
func (m *Machine) Stick() *Stick { return &Stick{roots: m.Roots, mounter: kernel{}} }

// LowVoltage tells whether the power supply is too weak now, where the kernel
// knows.
func (m *Machine) LowVoltage() (low, known bool) { return m.Roots.LowVoltage() }

// Run is the whole of main. As PID 1 it never returns; as the device's process
// it returns the exit code.
func Run(p Program) int {
	switch {
	case os.Getpid() == 1:
		keep()
	case len(os.Args) == 2 && os.Args[1] == roleMain:
		return device(p.Main)
	case len(os.Args) == 2 && os.Args[1] == roleFault:
		return device(func(ctx context.Context, m *Machine) (End, error) {
			return p.Fault(ctx, m, errors.New(m.report.reason))
		})
	}
	fmt.Fprintln(os.Stderr, "This is the program of a pad device. It runs on a Raspberry Pi, as PID 1.")
	return exitFault
}
