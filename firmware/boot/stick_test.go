//go:build linux

package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mounts is a mounter that writes down what it is asked for.
type mounts struct {
	log  []string
	hook func(what string) error // told what is asked for, if not nil
}

func (m *mounts) do(what string) error {
	m.log = append(m.log, what)
	if m.hook == nil {
		return nil
	}
	return m.hook(what)
}

// failOnce has the next request that begins so fail.
func (m *mounts) failOnce(prefix string) {
	m.hook = func(what string) error {
		if !strings.HasPrefix(what, prefix) {
			return nil
		}
		m.hook = nil
		return errors.New("it failed")
	}
}

func (m *mounts) mount(source, target, kind string, flags uintptr, options string) error {
	verb := "mount"
	if flags&unix.MS_REMOUNT != 0 {
		verb = "remount"
	}
	for _, f := range []struct {
		flag uintptr
		name string
	}{{unix.MS_RDONLY, "ro"}, {unix.MS_NOSUID, "nosuid"}, {unix.MS_NODEV, "nodev"}, {unix.MS_NOEXEC, "noexec"},
		{unix.MS_SYNCHRONOUS, "sync"}, {unix.MS_NOATIME, "noatime"}} {
		if flags&f.flag != 0 {
			options += "," + f.name
		}
	}
	return m.do(fmt.Sprintf("%s %s %s %s %s", verb, kind, filepath.Base(source), filepath.Base(target), strings.Trim(options, ",")))
}

func (m *mounts) unmount(target string) error { return m.do("unmount " + filepath.Base(target)) }

// socket is a board's USB socket: /sys, /dev, and where sticks are mounted.
type socket struct {
	Roots
	*mounts
}

func newSocket(t *testing.T) (socket, *Stick) {
	t.Helper()
	dir := t.TempDir()
	s := socket{Roots{Sys: filepath.Join(dir, "sys"), Dev: filepath.Join(dir, "dev"), Stick: filepath.Join(dir, "stick")}, &mounts{}}
	for _, path := range []string{s.sys("block"), s.Dev, s.Stick} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return s, &Stick{roots: s.Roots, mounter: s.mounts}
}

// plug plugs in a disk, on this bus, with what is at the beginning of it and
// of its partitions.
func (s socket) plug(t *testing.T, name, bus string, contents map[string]string) {
	t.Helper()
	at := filepath.Join(s.sys("devices/platform", bus, "host0/block"), name)
	for part, text := range contents {
		put(t, filepath.Join(at, strings.TrimPrefix(part, name), "size"), "1")
		if part != name {
			put(t, filepath.Join(at, part, "size"), "1")
		}
		put(t, s.dev(part), text)
	}
	if err := os.Symlink(at, s.sys("block", name)); err != nil {
		t.Fatal(err)
	}
}

// fat is the first sector of a FAT file system of a kind.
func fat(kind string, id string) string {
	b := make([]byte, 512)
	b[510], b[511] = 0x55, 0xaa
	at, number := 54, 39
	if kind == "FAT32" {
		at, number = 82, 67
	}
	copy(b[at:], kind+"   ")
	copy(b[number:], id)
	return string(b)
}

func TestTheStickIsFound(t *testing.T) {
	mbr := string(mbrOf(entry{0x0c, 2048, 4096}))
	const usb, sata = "soc/3f980000.usb/usb1/1-1/1-1.2/1-1.2:1.0", "soc/ahci/ata1"
	for name, test := range map[string]struct {
		plug     func(t *testing.T, s socket)
		part, id string
		err      error
	}{
		"nothing": {plug: func(*testing.T, socket) {}},
		"one partition": {plug: func(t *testing.T, s socket) {
			s.plug(t, "sda", usb, map[string]string{"sda": mbr, "sda1": fat("FAT32", "\x4d\x3c\x2b\x1a")})
		}, part: "sda1", id: "1A2B-3C4D"},
		"no partitions": {plug: func(t *testing.T, s socket) {
			s.plug(t, "sda", usb, map[string]string{"sda": fat("FAT16", "\x01\x00\x00\x00")})
		}, part: "sda", id: "0000-0001"},
		"old FAT": {plug: func(t *testing.T, s socket) { s.plug(t, "sda", usb, map[string]string{"sda": fat("FAT12", "abcd")}) }, part: "sda", id: "6463-6261"},
		"second of two": {plug: func(t *testing.T, s socket) {
			s.plug(t, "sda", usb, map[string]string{"sda": mbr, "sda1": strings.Repeat("x", 512), "sda2": fat("FAT32", "abcd")})
		}, part: "sda2", id: "6463-6261"},
		"as a Mac formats it": {plug: func(t *testing.T, s socket) {
			s.plug(t, "sda", usb, map[string]string{"sda": mbr, "sda1": fat("FAT32", "efi!"), "sda2": fat("FAT32", "abcd")})
			put(t, filepath.Join(s.sys("block"), "sda/sda1/uevent"), "DEVTYPE=partition\nPARTN=1\nPARTNAME=EFI System Partition\n")
			put(t, filepath.Join(s.sys("block"), "sda/sda2/uevent"), "DEVTYPE=partition\nPARTN=2\nPARTNAME=PADS\n")
		}, part: "sda2", id: "6463-6261"},
		"as a Mac formats it with exFAT": {plug: func(t *testing.T, s socket) {
			s.plug(t, "sda", usb, map[string]string{"sda": mbr, "sda1": fat("FAT32", "efi!"), "sda2": strings.Repeat("x", 512)})
			put(t, filepath.Join(s.sys("block"), "sda/sda1/uevent"), "DEVTYPE=partition\nPARTN=1\nPARTNAME=EFI System Partition\n")
		}, err: ErrNoFAT},
		"beside an empty card reader": {plug: func(t *testing.T, s socket) {
			s.plug(t, "sda", usb, map[string]string{"sda": ""})
			s.plug(t, "sdb", usb, map[string]string{"sdb": fat("FAT32", "abcd")})
		}, part: "sdb", id: "6463-6261"},
		"an empty card reader":      {plug: func(t *testing.T, s socket) { s.plug(t, "sda", usb, map[string]string{"sda": ""}) }},
		"a disk that is not on USB": {plug: func(t *testing.T, s socket) { s.plug(t, "sda", sata, map[string]string{"sda": fat("FAT32", "abcd")}) }},
		"another file system": {plug: func(t *testing.T, s socket) {
			s.plug(t, "sda", usb, map[string]string{"sda": mbr, "sda1": fat("EXFAT", "abcd")})
		}, err: ErrNoFAT},
		"no signature": {plug: func(t *testing.T, s socket) {
			s.plug(t, "sda", usb, map[string]string{"sda": fat("FAT32", "abcd")[:510] + "xx"})
		}, err: ErrNoFAT},
	} {
		s, _ := newSocket(t)
		test.plug(t, s)
		want := ""
		if test.part != "" {
			want = s.dev(test.part)
		}
		if part, id, err := findStick(s.Roots); part != want || id != test.id || !errors.Is(err, test.err) {
			t.Errorf("%s: %q, %q, %v", name, part, id, err)
		}
	}
}

func pluggedStick(t *testing.T) (socket, *Stick) {
	t.Helper()
	s, stick := newSocket(t)
	s.plug(t, "sda", "soc/usb1/1-1", map[string]string{"sda": "", "sda1": fat("FAT32", "\x4d\x3c\x2b\x1a")})
	return s, stick
}

const (
	readOnly  = "mount vfat sda1 stick umask=077,ro,nosuid,nodev,noexec,sync,noatime"
	readWrite = "remount vfat sda1 stick umask=077,nosuid,nodev,noexec,sync,noatime"
	unmounted = "unmount stick"
)

// Until something on it is opened, a stick can be pulled out without harm.
func TestAStickIsWrittenToOnlyWhenSomethingIsOpened(t *testing.T) {
	s, stick := pluggedStick(t)
	put(t, s.stick("alice.bob.random.store"), "pad")
	for range 2 {
		s.log = nil
		folder, name, err := stick.Look()
		if err != nil || name != "stick 1A2B-3C4D" {
			t.Fatalf("%q, %v", name, err)
		}
		if names, err := folder.List(); err != nil || !slices.Equal(names, []string{"alice.bob.random.store"}) {
			t.Errorf("%q, %v", names, err)
		}
		if _, _, err := stick.Look(); err == nil {
			t.Error("the stick was mounted twice")
		}
		for range 2 {
			file, err := folder.Open("alice.bob.random.store")
			if err != nil {
				t.Fatal(err)
			}
			file.Close()
		}
		if err := folder.Close(); err != nil {
			t.Error(err)
		}
		if want := []string{readOnly, readWrite, unmounted}; !slices.Equal(s.log, want) {
			t.Errorf("%q", s.log)
		}
	}
}

func TestEveryWayToChangeAStickMakesItWritable(t *testing.T) {
	for name, change := range map[string]func(f Folder) error{
		"open":   func(f Folder) error { _, err := f.Open("a"); return err },
		"create": func(f Folder) error { _, err := f.Create("b"); return err },
		"rename": func(f Folder) error { return f.Rename("a", "b") },
		"remove": func(f Folder) error { return f.Remove("a") },
	} {
		s, stick := pluggedStick(t)
		put(t, s.stick("a"), "")
		folder, _, err := stick.Look()
		if err != nil {
			t.Fatal(err)
		}
		// A stick with its switch on "lock".
		before := snapshot(t, s.Stick)
		s.failOnce("remount")
		if err := change(folder); err == nil || snapshot(t, s.Stick) != before {
			t.Errorf("%s on a locked stick: %v", name, err)
		}
		if err := change(folder); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := folder.Close(); err != nil || !slices.Equal(s.log, []string{readOnly, readWrite, readWrite, unmounted}) {
			t.Errorf("%s: %q, %v", name, s.log, err)
		}
	}
}

func TestAStickThatCannotBeMountedIsToldOf(t *testing.T) {
	_, empty := newSocket(t)
	if folder, name, err := empty.Look(); folder != nil || name != "" || err != nil {
		t.Errorf("nothing is plugged in: %v, %q, %v", folder, name, err)
	}
	s, stick := pluggedStick(t)
	s.failOnce("mount")
	if folder, _, err := stick.Look(); folder != nil || err == nil {
		t.Errorf("%v, %v", folder, err)
	}
	// The folder is in use: what was mounted is unmounted.
	held, err := os.Open(s.Stick)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(held.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	s.log = nil
	if folder, _, err := stick.Look(); folder != nil || err == nil || !slices.Equal(s.log, []string{readOnly, unmounted}) {
		t.Errorf("%v, %v, %q", folder, err, s.log)
	}
	held.Close()
	folder, _, err := stick.Look()
	if err != nil {
		t.Fatalf("after failures: %v", err)
	}
	if _, err := folder.Open("missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	folder.Close()
}
