//go:build linux

package boot

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// loopCard is a card that is a file on this computer, with the computer's own
// kernel behind it: a loop device with partitions.
type loopCard struct {
	name  string // loop0
	roots Roots
	card  card
}

// insert has the kernel take an image for a card, until the test ends or eject
// is called.
func insert(t *testing.T, image string) *loopCard {
	t.Helper()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no loop devices here, so the growth of a real file system is not tried: %v", err)
	}
	defer control.Close()
	number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
	if err != nil {
		t.Skipf("no free loop device, so the growth of a real file system is not tried: %v", err)
	}
	c := &loopCard{name: fmt.Sprintf("loop%d", number), roots: Roots{Data: t.TempDir()}}
	loop, err := os.OpenFile("/dev/"+c.name, os.O_RDWR, 0)
	if err != nil {
		t.Skipf("the growth of a real file system is not tried: %v", err)
	}
	defer loop.Close()
	file, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	err = unix.IoctlLoopConfigure(int(loop.Fd()), &unix.LoopConfig{
		Fd:   uint32(file.Fd()),
		Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_PARTSCAN},
	})
	if err != nil {
		t.Skipf("the growth of a real file system is not tried: %v", err)
	}
	t.Cleanup(func() { c.eject(t) })
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	c.card = card{name: c.name, cid: testCID, size: info.Size()}
	if err := addPartition(loop, c.card); err != nil {
		t.Skipf("no partitions on loop devices here, so the growth of a real file system is not tried: %v", err)
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat("/dev/" + c.card.dataPart()); err == nil {
			return c
		}
		if time.Now().After(end) {
			t.Skip("nothing makes device files for partitions here, so the growth of a real file system is not tried")
		}
	}
}

// addPartition does what a kernel does that cannot read an MBR: this one may
// be such a one.
func addPartition(loop *os.File, c card) error {
	if _, err := os.Stat("/sys/block/" + c.name + "/" + c.dataPart()); err == nil {
		return nil
	}
	mbr, err := readMBR(loop)
	if err != nil {
		return err
	}
	l, err := readLayout(mbr)
	if err != nil {
		return err
	}
	part := unix.BlkpgPartition{Start: int64(l.data.start) * 512, Length: int64(l.data.length) * 512, Pno: 2}
	arg := unix.BlkpgIoctlArg{Op: unix.BLKPG_ADD_PARTITION, Datalen: int32(unsafe.Sizeof(part)), Data: (*byte)(unsafe.Pointer(&part))}
	err = ioctl(loop, unix.BLKPG, unsafe.Pointer(&arg))
	runtime.KeepAlive(&part)
	return err
}

// eject takes the card out, mounted or not, as a power cut would find it after
// all of its writes.
func (c *loopCard) eject(t *testing.T) {
	if c.name == "" {
		return
	}
	if err := (kernel{}).unmount(c.roots.data()); err != nil {
		t.Error(err)
	}
	loop, err := os.Open("/dev/" + c.name)
	if err != nil {
		t.Error(err)
		return
	}
	if err := errors.Join(unix.IoctlSetInt(int(loop.Fd()), unix.LOOP_CLR_FD, 0), loop.Close()); err != nil {
		t.Error(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat("/dev/" + c.card.dataPart()); err != nil {
			break
		}
		if time.Now().After(end) {
			t.Errorf("%s is still there", c.name)
			break
		}
	}
	c.name = ""
}

// mayGrow tells whether ext4 lets us grow it, which needs CAP_SYS_RESOURCE.
func mayGrow(t *testing.T) bool {
	t.Helper()
	var caps [2]unix.CapUserData
	if err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &caps[0]); err != nil {
		t.Fatal(err)
	}
	return caps[0].Effective&(1<<unix.CAP_SYS_RESOURCE) != 0
}

// dataSize is the size of the mounted file system, in bytes.
func (c *loopCard) dataSize(t *testing.T) int64 {
	t.Helper()
	part, err := os.Open(c.roots.dev(c.card.dataPart()))
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	s, err := readSuper(part)
	if err != nil {
		t.Fatal(err)
	}
	return int64(s.blocks) * s.blockSize
}

// check has e2fsck look at the file system of an image, which is not mounted.
func check(t *testing.T, image string) {
	t.Helper()
	c := insert(t, image)
	defer c.eject(t)
	if out, err := exec.Command("e2fsck", "-fn", "/dev/"+c.card.dataPart()).CombinedOutput(); err != nil {
		t.Errorf("the file system is not sound: %v\n%s", err, out)
	}
}

// makeImage makes an image as it is before the first start, on a card of size
// bytes.
func makeImage(t *testing.T, size int64) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "card.img")
	writeImage(t, image, size)
	if err := os.Truncate(image, size); err != nil {
		t.Fatal(err)
	}
	offset := fmt.Sprintf("offset=%d", testLayout.data.start*sectorSize)
	mkfs := exec.Command("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-E", offset, image, fmt.Sprintf("%dk", testLayout.data.length/2))
	mkfs.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := mkfs.CombinedOutput(); err != nil {
		t.Skipf("no mke2fs here, so the growth of a real file system is not tried: %v\n%s", err, out)
	}
	return image
}
