//go:build linux

// Package emulator is a Raspberry Pi 3B in QEMU that boots the very image that
// is flashed onto cards, with a finger for its glass, eyes for its screen, and
// hands for its cables and its power.
//
// Start with Flash, which makes a Card of an image, and Start, which puts it
// into a board and switches that on. glass.go is finger and eyes; laptop.go and
// cable.go are what is plugged in; Cut is the power cut. What the emulated board
// lacks and is given, so that the image's own kernel, device tree, initramfs and
// command line run on it, stands in additions.go, each with its reason, and
// nowhere else.
//
// What it refuses: to change what is in the image but for otc.conf, as its owner
// may on any PC; to go around the screen; to go around the link's rules. It
// needs qemu-system-aarch64 of Debian's qemu-system-arm, and no root.
package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
)

// program is QEMU.
const program = "qemu-system-aarch64"

// ErrMissing: there is no emulator on this computer.
var ErrMissing = errors.New(program + " is missing: install it, on Debian by: sudo apt-get install qemu-system-arm")

// Options say what is plugged into a board when it is switched on.
type Options struct {
	Card *Card
	// Laptop is where programs on this computer reach the device, an address on
	// loopback such as "127.0.0.1:0"; "": no laptop is plugged in.
	Laptop string
	// MAC is the last byte of the addresses of the board's network adapters:
	// two boards on one cable need different ones.
	MAC byte
	// NoFinger leaves the touchscreen out, until PlugFinger.
	NoFinger bool
	// Broken are parts of the board that Linux is not told of: nodes of the
	// device tree, such as "soc/rng@7e104000".
	Broken []string
	// Log has QEMU note what is written to the card in this file; "" for not.
	Log string
	// Over is a cpio archive that is laid over the card's initramfs: what a test
	// has the board run beside the device; nil for nothing.
	Over []byte
}

// Pi is a board that was switched on.
type Pi struct {
	card    *Card
	opts    Options
	cmd     *exec.Cmd
	monitor *monitor
	console *console
	folder  string // for pictures
	// complaints are QEMU's own, of which it has some about things in order.
	complaints bytes.Buffer
	ended      chan struct{}
	cut        atomic.Bool // the power was cut
	failed     error       // why QEMU failed, once it has ended

	mu     sync.Mutex
	laptop *Laptop
}

// Start switches a board on. It runs until Cut, until it switches itself off,
// or until ctx ends.
func Start(ctx context.Context, opts Options) (*Pi, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, ErrMissing
	}
	boot, err := opts.Card.bootFiles(opts)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "otc-pi-")
	if err != nil {
		return nil, err
	}
	p := &Pi{card: opts.Card, opts: opts, folder: folder, console: newConsole(), ended: make(chan struct{})}
	ours, theirs, err := pair("monitor")
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	defer theirs.Close()
	p.cmd = exec.CommandContext(ctx, path, arguments(opts, boot)...)
	p.cmd.ExtraFiles = []*os.File{theirs} // monitorFD
	p.cmd.Stdout = p.console
	p.cmd.Stderr = &p.complaints
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, ours.Close(), os.RemoveAll(folder))
	}
	go p.wait(ctx)
	if p.monitor, err = newMonitor(ours); err == nil && opts.Laptop != "" {
		err = p.PlugLaptop(opts.Laptop)
	}
	if err == nil {
		_, err = p.monitor.do("cont", nil)
	}
	if err != nil {
		return nil, errors.Join(err, p.Cut(), errors.New(p.complaints.String()))
	}
	return p, nil
}

// finger is QEMU's touchscreen.
const finger = "usb-tablet"

// monitorFD is the file descriptor by which QEMU is told what to do.
const monitorFD = 3

// arguments is QEMU's command line.
func arguments(opts Options, boot *boot) []string {
	// What QEMU has written is safe from its death in this computer's memory. To wait
	// for the disk at each sector would let a busy one stop the board.
	const cache = "cache.direct=off,cache.no-flush=on"
	args := []string{
		"-machine", "raspi3b",
		// With several threads the emulated cores wait for each other: start
		// then takes 20 s and more.
		"-accel", "tcg,thread=single",
		"-kernel", boot.kernel, "-dtb", boot.tree, "-initrd", boot.initramfs, "-append", boot.cmdline,
		"-display", "none", "-serial", "stdio", "-S", "-no-reboot",
		"-chardev", fmt.Sprintf("socket,id=monitor,fd=%d", monitorFD), "-mon", "chardev=monitor,mode=control",
	}
	if !opts.NoFinger {
		args = append(args, "-device", finger)
	}
	if opts.Log == "" {
		return append(args, "-drive", "if=sd,format=raw,"+cache+",file="+opts.Card.path)
	}
	return append(args, "-drive", "if=sd,driver=blklogwrites,file.driver=raw,file.file.driver=file,"+cache+",file.file.filename="+opts.Card.path+
		",log.driver=file,log.filename="+opts.Log+",log-sector-size=512")
}

// wait waits for the end of QEMU, which the end of ctx brings about, too.
func (p *Pi) wait(ctx context.Context) {
	if err := p.cmd.Wait(); err != nil && !p.cut.Load() && ctx.Err() == nil {
		p.failed = fmt.Errorf("%s: %w\n%s", program, err, p.complaints.Bytes())
	}
	close(p.ended)
}

// Cut cuts the power, and waits until the board is dead. It is for boards that
// are off, too: the error says if QEMU itself has failed.
func (p *Pi) Cut() error {
	p.cut.Store(true)
	err := p.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-p.ended
	return errors.Join(err, p.failed, p.closeDoor(), os.RemoveAll(p.folder))
}

// Ended is closed when the board is off, by Cut or by itself.
func (p *Pi) Ended() <-chan struct{} { return p.ended }

// Console is what Linux and the device's program have said so far, to nobody on
// a real board.
func (p *Pi) Console() string { return p.console.text() }

// WaitConsole waits until text was said, and returns the line that it begins.
func (p *Pi) WaitConsole(ctx context.Context, text string) (string, error) {
	line, err := p.console.wait(ctx, text, p.ended)
	if err != nil {
		err = fmt.Errorf("waiting for the board to say %q: %w; it said\n%s", text, err, p.console.text())
	}
	return line, err
}
