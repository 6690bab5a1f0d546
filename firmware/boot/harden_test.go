//go:build linux

package boot

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestSettingsAreMadeAndLookedAt(t *testing.T) {
	r := Roots{Proc: t.TempDir()}
	all := append(settings(), modulesDisabled())
	for _, s := range all {
		put(t, r.proc("sys", s.name), "before\n")
	}
	if err := apply(r, all...); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if now, err := readLine(r.proc("sys", s.name)); now != s.value || err != nil {
			t.Errorf("%s is %q, %v", s.name, now, err)
		}
	}
	for _, s := range all {
		remove(t, r.proc("sys", s.name))
		if err := apply(r, all...); (err == nil) != s.optional {
			t.Errorf("a kernel without %s: %v", s.name, err)
		}
		// One that takes what is written, and does otherwise.
		if err := os.Symlink("/dev/null", r.proc("sys", s.name)); err != nil {
			t.Fatal(err)
		}
		if err := apply(r, s); (err == nil) != (s.value == "") {
			t.Errorf("a kernel that does not mean %s: %v", s.name, err)
		}
		remove(t, r.proc("sys", s.name))
		put(t, r.proc("sys", s.name), "")
	}
}

func TestThisProcessLeavesNoDumps(t *testing.T) {
	if err := noDumps(); err != nil {
		t.Fatal(err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit != (unix.Rlimit{}) {
		t.Errorf("%+v, %v", limit, err)
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); dumpable != 0 || err != nil {
		t.Errorf("dumpable: %d, %v", dumpable, err)
	}
}

// The kernel says itself what it keeps in memory: what was there before and what
// comes later.
func TestLockedMemoryStays(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may lock as much memory as it likes")
	}
	page := func() []byte {
		b, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Munmap(b) })
		return b
	}
	before := page()
	if flags := vmFlags(t, uintptr(unsafe.Pointer(&before[0]))); strings.Contains(flags, " lo") {
		t.Errorf("before: %s", flags)
	}
	if err := LockMemory(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munlockall() })
	for _, b := range [][]byte{before, page()} {
		if flags := vmFlags(t, uintptr(unsafe.Pointer(&b[0]))); !strings.Contains(flags, " lo") {
			t.Errorf("it may leave memory: %s", flags)
		}
	}
}

// vmFlags is what the kernel says of the memory at an address (proc(5), smaps).
func vmFlags(t *testing.T, at uintptr) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var from, to uintptr
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x ", &from, &to); n == 2 {
			inside = from <= at && at < to
		}
		if flags, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok && inside {
			return flags
		}
	}
	t.Fatal("the kernel does not know the address")
	return ""
}
