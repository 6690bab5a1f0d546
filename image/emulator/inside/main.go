//go:build linux

// Command inside is a laptop at the USB gadget of an emulated board, inside the
// board itself: QEMU's Raspberry Pi has no USB port that could be a device's, so
// Linux's dummy_hcd joins the gadget to a USB host in the same kernel. The
// emulator's tests lay this program over /init; no image has it.
//
// As PID 1 it starts itself once more and then becomes the board's own program,
// which is at /pad meanwhile. The other process waits for the gadget's far end,
// takes it into a network namespace of its own, gets a lease there, asks the
// device for its status, and counts who runs and listens on the board. If the
// archive holds a file garbageFile, it then floods the device (flood.go) and asks
// once more. It tells what it sees on the console, in lines that begin with mark.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"onetimechat/hostlink"
)

// mark begins each line on the console.
const mark = "laptop inside: "

// The program's parts, as its first argument.
const (
	waits = "waits" // for the cable
	asks  = "asks"  // at the cable, whose interface is the second argument
)

func main() {
	if err := run(); err != nil {
		fmt.Println(mark + "failed: " + err.Error())
		os.Exit(1)
	}
}

func run() error {
	switch {
	case os.Getpid() == 1:
		files := []uintptr{0, 1, 2}
		if _, err := syscall.ForkExec("/init", []string{"/init", waits}, &syscall.ProcAttr{Files: files}); err != nil {
			return err
		}
		return syscall.Exec("/pad", []string{"/init"}, os.Environ())
	case len(os.Args) == 2 && os.Args[1] == waits:
		name := awaitCable()
		if err := moveIn(name); err != nil {
			return err
		}
		// The whole process, and not this thread alone, is where the cable is.
		return syscall.Exec("/proc/self/exe", []string{"/init", asks, name}, nil)
	case len(os.Args) == 3 && os.Args[1] == asks:
		return ask(os.Args[2])
	}
	return errors.New("this program belongs into an emulated board")
}

// look is how often the laptop looks for what must come.
const look = 100 * time.Millisecond

// awaitCable waits for the interface that the host's driver for NCM makes, once
// the kernel shows such things.
func awaitCable() string {
	for n := 1; ; n++ {
		time.Sleep(look)
		if n%(5*silent) == 0 {
			interfaces, err := net.Interfaces()
			fmt.Printf("%sno cable: %+v, %v\n", mark, interfaces, err)
		}
		drivers, err := filepath.Glob("/sys/class/net/*/device/driver")
		if err != nil {
			continue
		}
		for _, link := range drivers {
			driver, err := os.Readlink(link)
			if err == nil && filepath.Base(driver) == "cdc_ncm" {
				return strings.Split(link, "/")[4]
			}
		}
	}
}

// ask is what a laptop does that was plugged in.
func ask(name string) error {
	device, err := getLease(name)
	if err != nil {
		return err
	}
	if err := askStatus(device); err != nil {
		return err
	}
	if err := errors.Join(census(), sleepers()); err != nil {
		return err
	}
	if packets, err := os.ReadFile(garbageFile); err == nil {
		if err := floodAndAsk(name, device, string(packets)); err != nil {
			return err
		}
	}
	fmt.Println(mark + "done")
	return nil
}

// askStatus asks until it is answered.
func askStatus(device netip.Addr) error {
	client, err := hostlink.NewClient(fmt.Sprintf("%v:%d", device, hostlink.Port))
	if err != nil {
		return err
	}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		status, err := client.Status(ctx, time.Now())
		cancel()
		if err == nil {
			fmt.Printf("%sowner %s, screen %s\n", mark, status.Owner, status.Screen)
			return nil
		}
		time.Sleep(look)
	}
}

// census tells the programs that run on the board, this one too, with the KiB of
// memory that each holds and that it keeps from being swapped (proc_pid_status(5)),
// and the sockets of the board's network: protocol, local address and port, and
// state, in the kernel's hexadecimal (proc_pid_net(5)).
func census() error {
	programs, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return err
	}
	for _, link := range programs {
		program, err := os.Readlink(link)
		if err != nil {
			continue // the kernel's own have none
		}
		held, err := resident(filepath.Dir(link))
		if err != nil {
			return err
		}
		locked, err := number(filepath.Join(filepath.Dir(link), "status"), "VmLck:")
		if err != nil {
			return err
		}
		fmt.Printf("%sprogram %s %d %d\n", mark, program, held, locked)
	}
	for _, protocol := range []string{"tcp", "tcp6", "udp", "udp6", "raw", "raw6", "packet"} {
		text, err := os.ReadFile("/proc/1/net/" + protocol)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if field := strings.Fields(line); len(field) > 3 && strings.HasSuffix(field[0], ":") {
				fmt.Println(mark + "socket " + protocol + " " + field[1] + " " + field[3])
			}
		}
	}
	return nil
}

// sleepers tells the USB devices, hubs among them, each with the seconds of idleness
// after which it sleeps; -1 is never (power/autosuspend in the kernel's
// Documentation/ABI/testing/sysfs-bus-usb).
func sleepers() error {
	devices, err := filepath.Glob("/sys/bus/usb/devices/*/power/autosuspend")
	if err != nil {
		return err
	}
	for _, path := range devices {
		delay, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Printf("%ssleeper %s %s\n", mark, strings.Split(path, "/")[5], strings.TrimSpace(string(delay)))
	}
	return nil
}

// resident is the memory that a process holds, in KiB (proc_pid_status(5)).
func resident(process string) (held int, err error) {
	return number(filepath.Join(process, "status"), "VmRSS:")
}

// number is the first one behind a word in a file of the kernel's.
func number(path, word string) (n int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), word)
	_, err = fmt.Sscan(rest, &n)
	return n, err
}
