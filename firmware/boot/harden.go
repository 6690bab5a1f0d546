//go:build linux

package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// setting is one of the kernel's switches under /proc/sys.
type setting struct {
	name, value string
	optional    bool // not in every kernel
}

// settings are the switches as a pad device has them.
func settings() []setting {
	return []setting{
		{name: "kernel/printk", value: "1\t4\t1\t7"}, // the screen is the device's
		{name: "kernel/sysrq", value: "0"},           // a keyboard has nothing to say
		{name: "kernel/kptr_restrict", value: "2"},
		{name: "kernel/dmesg_restrict", value: "1"},
		{name: "kernel/kexec_load_disabled", value: "1", optional: true},
		{name: "kernel/yama/ptrace_scope", value: "3", optional: true},
		{name: "kernel/modprobe", value: ""}, // there is no program to call
		// Where nothing can be. No process may dump anyway (noDumps).
		{name: "kernel/core_pattern", value: "/dev/null/none"},
		// Each network interface begins so, a meeting's too: no address or route is
		// taken from who is there.
		{name: "net/ipv4/conf/default/accept_redirects", value: "0"},
		// IPv4 takes a redirect where either the interface or all are told to (Linux,
		// include/linux/inetdevice.h, IN_DEV_RX_REDIRECTS).
		{name: "net/ipv4/conf/all/accept_redirects", value: "0"},
		{name: "net/ipv6/conf/default/accept_redirects", value: "0", optional: true},
		{name: "net/ipv6/conf/default/accept_ra", value: "0", optional: true},
	}
}

// modulesDisabled keeps further modules out until the next start.
func modulesDisabled() setting { return setting{name: "kernel/modules_disabled", value: "1"} }

// apply sets switches, and looks whether they are set.
func apply(r Roots, list ...setting) error {
	var failed []error
	for _, s := range list {
		path := r.proc("sys", s.name)
		err := write(path, s.value+"\n")
		if errors.Is(err, fs.ErrNotExist) && s.optional {
			continue
		}
		now := ""
		if err == nil {
			now, err = readLine(path)
		}
		if err == nil && strings.TrimSpace(now) != s.value {
			err = fmt.Errorf("it is %q", now)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("setting %s to %q: %w", s.name, s.value, err))
		}
	}
	return errors.Join(failed...)
}

// write writes to a file that is there.
func write(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// noDumps keeps this process' memory out of core dumps and other processes.
// Its children inherit the limit, and must call it for the rest.
func noDumps() error {
	return errors.Join(
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
	)
}

// LockMemory keeps every page that this process touches in memory, now and later:
// pad bytes may be on any of them. It is a second line: there is no swap, and no
// process may dump. Pages that Go has only set aside are touched by nobody, and take
// none.
func LockMemory() error {
	if err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT); err != nil {
		return fmt.Errorf("locking the program's memory: %w", err)
	}
	return nil
}

// quietConsole keeps the kernel's text console off the screen, and keyboards
// off the console. A kernel without one is quiet.
func quietConsole(r Roots) error {
	const (
		setMode, graphics   = 0x4b3a, 1 // KDSETMODE, KD_GRAPHICS (linux/kd.h)
		setKeyboard, noKeys = 0x4b45, 4 // KDSKBMODE, K_OFF
	)
	tty, err := os.OpenFile(r.dev("tty0"), os.O_RDWR|unix.O_NOCTTY, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	if err != nil {
		return err
	}
	defer tty.Close()
	return errors.Join(
		unix.IoctlSetInt(int(tty.Fd()), setMode, graphics),
		unix.IoctlSetInt(int(tty.Fd()), setKeyboard, noKeys),
	)
}
