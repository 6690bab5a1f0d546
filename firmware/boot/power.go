//go:build linux

package boot

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// keep is the life of PID 1: start, device, fault screen, end. It never
// returns, because then the kernel would panic.
func keep() {
	k := newKeeper("/proc/self/exe")
	end := PowerOff
	err := guarded(func() error {
		end = k.life(&Machine{}, kernel{})
		return nil
	})
	if err != nil {
		console(err.Error())
		end = k.hold()
	}
	k.shutdown(end)
	select {} // the board would not go off
}

// life brings the machine up, keeps the device, and shows the fault if there
// is one. It returns what is to become of the board.
func (k *keeper) life(m *Machine, sys system) End {
	err := guarded(func() error { return m.start(sys) })
	if err == nil && m.Conf.Watchdog {
		k.dog, err = openWatchdog(m.Roots)
	}
	if err == nil {
		out := k.run(roleMain, briefing{Machine: m}, true)
		if out.fault == nil {
			return out.end
		}
		err = out.fault
	}
	return k.fault(m, sys, err)
}

// fault shows the fault until the owner has seen enough. The card can be
// pulled out meanwhile.
func (k *keeper) fault(m *Machine, sys system, reason error) End {
	console("fault: " + reason.Error())
	if err := release(m.Roots, sys); err != nil {
		console(err.Error())
	}
	out := k.run(roleFault, briefing{Machine: m, Reason: reason.Error()}, false)
	if out.fault == nil {
		return out.end
	}
	console("no fault screen: " + out.fault.Error())
	return k.hold()
}

// hold waits for a signal: there is nothing better to do, and starting again
// would do it all again.
func (k *keeper) hold() End {
	tick := time.NewTicker(kickTime)
	defer tick.Stop()
	ward := ward{dead: true}
	for {
		select {
		case s := <-k.signals:
			if s != unix.SIGCHLD {
				ward.stop(s)
				return ward.outcome().end
			}
			ward.bury()
		case <-tick.C:
			_ = k.dog.kick()
		}
	}
}

// release takes everything off the card.
func release(r Roots, m mounter) error {
	unix.Sync()
	return errors.Join(m.unmount(r.stick()), m.unmount(r.data()), m.unmount(r.boot()))
}

// shutdown ends the machine in order. It returns only if it cannot.
func (k *keeper) shutdown(end End) {
	if err := release(Roots{}, kernel{}); err != nil {
		console(err.Error())
	}
	unix.Sync()
	if err := k.dog.stop(); err != nil {
		console(err.Error())
	}
	command := unix.LINUX_REBOOT_CMD_POWER_OFF
	if end == Reboot {
		command = unix.LINUX_REBOOT_CMD_RESTART
	}
	console("reboot: " + fmt.Sprint(unix.Reboot(command)))
}

// guarded has a panic of PID 1 be a fault like any other.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the program that starts the device has crashed: %v", p)
		}
	}()
	return f()
}

// console says something to whoever has a console; the owner has none.
func console(text string) { fmt.Fprintln(os.Stderr, "otc-pad:", text) }
