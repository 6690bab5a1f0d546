//go:build linux

package boot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"onetimechat/firmware/boot/conf"
)

// superblock is ext4's, as far as readSuper reads it, where it is in a
// partition.
func superblock(blocks uint32, state uint16, incompat uint32) string {
	b := make([]byte, 4096)
	s := b[1024:]
	binary.LittleEndian.PutUint32(s[0x04:], blocks)
	binary.LittleEndian.PutUint32(s[0x18:], 2)
	binary.LittleEndian.PutUint32(s[0x20:], 32768)
	binary.LittleEndian.PutUint16(s[0x38:], 0xef53)
	binary.LittleEndian.PutUint16(s[0x3a:], state)
	binary.LittleEndian.PutUint32(s[0x60:], incompat)
	return string(b)
}

const (
	sound    = 0x0001
	faulty   = 0x0003
	features = 0x02c2 // filetype, extent, 64bit, flex_bg, as mke2fs chooses
	unclean  = features | 0x0004
)

func TestTheSuperblockIsRead(t *testing.T) {
	want := super{blocks: 16384, blockSize: 4096, perGroup: 32768}
	for name, test := range map[string]struct {
		text string
		want super
	}{
		"sound":           {superblock(16384, sound, features), want},
		"unclean":         {superblock(16384, sound, unclean), super{16384, 4096, 32768, true, false}},
		"with errors":     {superblock(16384, faulty, features), super{16384, 4096, 32768, false, true}},
		"empty partition": {strings.Repeat("\x00", 4096), super{}},
		"cut off":         {superblock(16384, sound, features)[:2047], super{}},
		"no blocks":       {superblock(0, sound, features), super{}},
	} {
		got, err := readSuper(strings.NewReader(test.text))
		if got != test.want || (test.want == super{}) != errors.Is(err, ErrData) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	// More than 32 bits can count.
	text := []byte(superblock(5, sound, features))
	text[1024+0x150] = 3
	if got, err := readSuper(strings.NewReader(string(text))); got.blocks != 3<<32+5 || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// fakeBoard is a whole board but for its kernel, with a card in it that was
// never started from.
type fakeBoard struct {
	mounts
	roots Roots
}

func newBoard(t *testing.T) *fakeBoard {
	t.Helper()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	b := &fakeBoard{roots: Roots{at("root"), at("proc"), at("sys"), at("dev"), at("modules"), at("boot"), at("data"), at("stick")}}
	for _, s := range append(settings(), modulesDisabled()) {
		put(t, b.roots.proc("sys", s.name), "")
	}
	put(t, b.roots.proc("device-tree/model"), "Raspberry Pi 3 Model B\x00")
	put(t, b.roots.proc("device-tree/compatible"), pi3)
	put(t, b.roots.proc("device-tree/serial-number"), "00000000a1b2c3d4\x00")
	put(t, b.roots.module("order"), "a.ko\n?b.ko\n")
	put(t, b.roots.boot("otc.conf"), "owner = alice\n")
	put(t, b.roots.boot("manifest.txt"), "inputs\n")
	put(t, b.roots.root("manifest.txt"), "inputs\n")
	(slot{b.roots}).insert(t, "mmcblk0")
	put(t, b.roots.dev("mmcblk0p2"), superblock(16384, sound, features))
	return b
}

func (b *fakeBoard) loadModule(path, _ string) error { return b.do("load " + filepath.Base(path)) }

func (b *fakeBoard) openDisk(path string) (*os.File, error) {
	if err := b.do("open " + filepath.Base(path)); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR, 0)
}

func (b *fakeBoard) resizePartition(_ *os.File, data entry) error {
	if err := b.do("resize partition"); err != nil {
		return err
	}
	return write(b.roots.sys("block/mmcblk0/mmcblk0p2/size"), fmt.Sprintln(data.length))
}

func (b *fakeBoard) resizeFS(path string, blocks uint64) error {
	return b.do(fmt.Sprintf("resize %s to %d", filepath.Base(path), blocks))
}

// refuse has the kernel refuse what begins so.
func (b *fakeBoard) refuse(what string, err error) {
	b.hook = func(asked string) error {
		if strings.HasPrefix(asked, what) {
			return err
		}
		return nil
	}
}

// firstStartLog is all that a first start asks of the kernel.
var firstStartLog = []string{
	"mount proc proc proc nosuid,nodev,noexec",
	"mount sysfs sysfs sys nosuid,nodev,noexec",
	"mount devtmpfs devtmpfs dev mode=0755,nosuid,noexec",
	"load a.ko",
	"load b.ko",
	"mount configfs configfs config nosuid,nodev,noexec",
	"remount  . / ro",
	"mount vfat mmcblk0p1 boot ro,nosuid,nodev,noexec",
	"unmount boot",
	"open mmcblk0",
	"resize partition",
	"mount ext4 mmcblk0p2 data errors=remount-ro,data=ordered,nosuid,nodev,noexec,noatime",
	"resize data to 261632",
}

func TestAFirstStart(t *testing.T) {
	b := newBoard(t)
	b.hook = func(what string) error {
		if now, err := readLine(b.roots.proc("sys/kernel/modules_disabled")); now != "1" && strings.Contains(what, "mmcblk") {
			t.Errorf("%s while modules can be loaded (%q, %v)", what, now, err)
		}
		return nil
	}
	m := &Machine{Roots: b.roots}
	if err := m.start(b); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(b.log, firstStartLog) {
		t.Errorf("asked for %q", b.log)
	}
	want := Machine{Conf: conf.Default(), Manifest: []byte("inputs\n"), Model: "Raspberry Pi 3 Model B", Serial: "00000000a1b2c3d4",
		Net: netOf("00000000a1b2c3d4"), CID: testCID, Store: b.roots.data("card"), Roots: b.roots}
	want.Conf.Owner = "alice"
	if !reflect.DeepEqual(*m, want) {
		t.Errorf("%+v, want %+v", *m, want)
	}
}

// The next start finds nothing to grow, and what the settings say.
func TestALaterStart(t *testing.T) {
	b := newBoard(t)
	if err := (&Machine{Roots: b.roots}).start(b); err != nil {
		t.Fatal(err)
	}
	put(t, b.roots.dev("mmcblk0p2"), superblock(261632, sound, features))
	put(t, b.roots.boot("otc.conf"), "net = 7\r\nwatchdog = off\r\n")
	b.log = nil
	m := &Machine{Roots: b.roots}
	if err := m.start(b); err != nil || m.Net != 7 || m.Conf.Watchdog {
		t.Errorf("%+v, %v", m, err)
	}
	want := slices.DeleteFunc(slices.Clone(firstStartLog), func(what string) bool { return strings.HasPrefix(what, "resize") })
	if !slices.Equal(b.log, want) {
		t.Errorf("asked for %q", b.log)
	}
}

// Whatever the kernel refuses, nothing that comes after is done, but for the
// module that may fail and those behind one that does.
func TestAStartStopsAtTheFirstFailure(t *testing.T) {
	broken := errors.New("broken")
	for i, what := range firstStartLog {
		b := newBoard(t)
		b.hook = func(string) error {
			if len(b.log) == i+1 {
				return broken
			}
			return nil
		}
		err := (&Machine{Roots: b.roots}).start(b)
		if what == "load b.ko" {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", what, err)
		}
		want := firstStartLog[:i+1]
		switch what {
		case "load a.ko":
			want = firstStartLog[:i+2]
		case "mount configfs configfs config nosuid,nodev,noexec":
			want = firstStartLog[:i+2]
		}
		if !slices.Equal(b.log, want) {
			t.Errorf("%s: went on with %q", what, b.log[i+1:])
		}
		if _, err := os.Stat(b.roots.data("cid")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the card was taken for the pads' (%v)", what, err)
		}
	}
}

func TestWhatIsWrongWithACardIsNamed(t *testing.T) {
	grown := superblock(261632, sound, features)
	for name, test := range map[string]struct {
		spoil func(t *testing.T, b *fakeBoard)
		want  error
		says  string
		led   Signal
	}{
		"no otc.conf": {func(t *testing.T, b *fakeBoard) { remove(t, b.roots.boot("otc.conf")) }, ErrConfig, "an empty one will do", BadConfig},
		"a wrong otc.conf": {func(t *testing.T, b *fakeBoard) { put(t, b.roots.boot("otc.conf"), "owner = alice\nrotate = 45\n") },
			ErrConfig, `line 2, "rotate = 45"`, BadConfig},
		"a huge otc.conf": {func(t *testing.T, b *fakeBoard) { put(t, b.roots.boot("otc.conf"), strings.Repeat("#", smallFile+1)) },
			ErrConfig, "too long", BadConfig},
		"no boot partition": {func(_ *testing.T, b *fakeBoard) { b.failOnce("mount vfat") }, ErrBoot, "it failed", BadBoot},
		"no manifest":       {func(t *testing.T, b *fakeBoard) { remove(t, b.roots.boot("manifest.txt")) }, ErrBoot, "manifest.txt", BadBoot},
		"half an update": {func(t *testing.T, b *fakeBoard) { put(t, b.roots.boot("manifest.txt"), "newer inputs\n") },
			ErrBoot, "not copied to its end", BadBoot},
		"half of one with another kernel": {func(_ *testing.T, b *fakeBoard) { b.refuse("load a.ko", unix.ENOEXEC) }, ErrBoot, "a.ko: exec format", NoStart},
		"an initramfs without modules":    {func(t *testing.T, b *fakeBoard) { remove(t, b.roots.module("order")) }, ErrBoot, "order: no such file", NoStart},
		"one that is cut behind them":     {func(_ *testing.T, b *fakeBoard) { b.refuse("remount", unix.EBUSY) }, ErrBoot, "not there to its end", NoStart},
		"a smaller card":                  {func(t *testing.T, b *fakeBoard) { put(t, b.roots.sys("block/mmcblk0/size"), "100000\n") }, ErrSmallCard, "it has 48", 0},
		"no file system":                  {func(t *testing.T, b *fakeBoard) { put(t, b.roots.dev("mmcblk0p2"), strings.Repeat("x", 4096)) }, ErrData, "no ext4", 0},
		"a faulty one": {func(t *testing.T, b *fakeBoard) {
			put(t, b.roots.dev("mmcblk0p2"), superblock(16384, faulty, features))
		}, ErrData, "errors in itself", 0},
		"a worn-out card":           {func(_ *testing.T, b *fakeBoard) { b.refuse("open mmcblk0", unix.EROFS) }, ErrReadOnly, "another card", 0},
		"one that is noticed later": {func(_ *testing.T, b *fakeBoard) { b.refuse("mount ext4", unix.EACCES) }, ErrReadOnly, "another card", 0},
		"another card":              {func(t *testing.T, b *fakeBoard) { put(t, b.roots.data("cid"), otherCID+"\n") }, ErrOtherCard, otherCID, 0},
		"a copy of files":           {func(t *testing.T, b *fakeBoard) { put(t, b.roots.data("card/device"), "x") }, ErrNoCID, "missing", 0},
		"no card":                   {func(t *testing.T, b *fakeBoard) { remove(t, b.roots.sys("block/mmcblk0")) }, ErrNoCard, "not found", NoCard},
		"no device tree":            {func(t *testing.T, b *fakeBoard) { remove(t, b.roots.proc("device-tree")) }, fs.ErrNotExist, "device-tree", NoStart},
	} {
		synctest.Test(t, func(t *testing.T) { // waits for the card
			b := newBoard(t)
			put(t, b.roots.dev("mmcblk0p2"), grown)
			test.spoil(t, b)
			m := &Machine{Roots: b.roots}
			err := m.start(b)
			if !errors.Is(err, test.want) || !strings.Contains(fmt.Sprint(err), test.says) {
				t.Errorf("%s: %v", name, err)
			}
			if m.Conf.Panel == "" {
				t.Errorf("%s: the fault screen is not told which screen there is", name)
			}
			if m.LED != test.led {
				t.Errorf("%s: the LED flashes %d times, want %d", name, m.LED, test.led)
			}
		})
	}
}

// A fault in otc.conf, or beside it, is shown on the screen that otc.conf names.
func TestAWrongSettingIsShownOnTheScreenThereIs(t *testing.T) {
	for want, spoil := range map[error]struct{ file, text string }{
		ErrConfig: {"otc.conf", "owner = \r\nrotate = 90\r\nlink = wifi\r\nPanel = Waveshare35\r\n"},
		ErrBoot:   {"manifest.txt", "newer inputs\n"},
	} {
		b := newBoard(t)
		put(t, b.roots.boot("otc.conf"), "rotate = 90\r\nPanel = Waveshare35\r\n")
		put(t, b.roots.boot(spoil.file), spoil.text)
		m := &Machine{Roots: b.roots}
		if err := m.start(b); !errors.Is(err, want) || m.Conf.Panel != conf.Waveshare35 || m.Conf.Rotate != 90 {
			t.Errorf("%v, on %q turned by %d", err, m.Conf.Panel, m.Conf.Rotate)
		}
	}
}

func TestTheCardMayComeLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(t)
		remove(t, b.roots.sys("block/mmcblk0"))
		time.AfterFunc(cardTime-time.Second, func() { (slot{b.roots}).insert(t, "mmcblk0") })
		if err := (&Machine{Roots: b.roots}).start(b); err != nil {
			t.Error(err)
		}
	})
}

// After a power cut the journal is replayed by a mount of its own, and what it
// brings to light counts.
func TestAPowerCutIsReplayedFirst(t *testing.T) {
	for state, want := range map[uint16]error{sound: nil, faulty: ErrData} {
		b := newBoard(t)
		put(t, b.roots.dev("mmcblk0p2"), superblock(16384, sound, unclean))
		b.hook = func(what string) error {
			if what == "unmount data" {
				put(t, b.roots.dev("mmcblk0p2"), superblock(261632, state, features))
			}
			return nil
		}
		err := (&Machine{Roots: b.roots}).start(b)
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%v, want %v", err, want)
		}
		mount := firstStartLog[len(firstStartLog)-2]
		expect := append(slices.Clone(firstStartLog[:len(firstStartLog)-2]), strings.Replace(mount, "ordered,", "ordered,ro,", 1), "unmount data")
		if want == nil {
			expect = append(expect, mount)
		}
		if !slices.Equal(b.log, expect) {
			t.Errorf("asked for %q", b.log)
		}
	}
}

// What PID 1 does with a start that fails: nothing is left on the card, and the
// reason is on the screen.
func TestAFailedStartEndsOnTheFaultScreen(t *testing.T) {
	k := startKeeper(t, "shows")
	b := newBoard(t)
	b.failOnce("mount vfat")
	m := &Machine{Roots: b.roots}
	if end := k.life(m, b); end != Reboot {
		t.Errorf("%v", end)
	}
	if shown, err := readLine(b.roots.Sys + "/shown"); shown != "Raspberry Pi 3 Model B fb: "+ErrBoot.Error()+": it failed" || err != nil {
		t.Errorf("%q, %v", shown, err)
	}
	if got := b.log[len(b.log)-3:]; !slices.Equal(got, []string{"unmount stick", "unmount data", "unmount boot"}) {
		t.Errorf("%q", got)
	}
}

func TestACrashOfTheStartIsAFault(t *testing.T) {
	if err := guarded(func() error { panic("index out of range") }); err == nil {
		t.Error("no fault")
	}
}

// A fault screen that fails too does not start the machine again.
func TestTheMachineHoldsStillWithoutAFaultScreen(t *testing.T) {
	k := startKeeper(t, "fails")
	b := newBoard(t)
	ended := make(chan End)
	b.failOnce("load a.ko")
	go func() { ended <- k.life(&Machine{Roots: b.roots}, b) }()
	for shown := ""; shown == ""; shown, _ = readLine(b.roots.Sys + "/shown") {
		select {
		case end := <-ended:
			t.Fatalf("it went on to %v", end)
		case <-time.After(time.Millisecond):
		}
	}
	k.signals <- unix.SIGINT
	if end := <-ended; end != Reboot {
		t.Errorf("%v", end)
	}
}
