package adversary

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// apart runs the test again in a process with mounts of its own, where nobody
// need be root; there it is true.
func apart(t *testing.T) bool {
	t.Helper()
	if os.Getenv(mounts) != "" {
		// Nothing of it is seen outside.
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mounts+"="+bin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	output, err := cmd.CombinedOutput()
	if t.Logf("%s", output); err != nil || !strings.Contains(string(output), "--- PASS: "+t.Name()) {
		t.Fatal("apart:", err)
	}
	return false
}

// smallDisk mounts a disk of so many bytes at folder, and returns what fills it
// to the brim and makes room again.
func smallDisk(t *testing.T, folder, size string) (fill, room func()) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "mode=700,size="+size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(folder, "ballast")
	fill = func() {
		file, err := os.Create(ballast)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for err == nil {
			_, err = file.Write(make([]byte, 4096))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	room = func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	return fill, room
}

// crampedWorld is a world of which one folder is a disk of so many bytes that is
// full by now, until room makes room.
func crampedWorld(t *testing.T, folder, size string) (w *world, room func()) {
	t.Helper()
	dir := t.TempDir()
	fill, room := smallDisk(t, filepath.Join(dir, folder), size)
	w = newWorldIn(t, dir, "64KiB")
	w.alice.tapping()
	w.bob.tapping()
	fill()
	return w, room
}

// The laptop's disk is full: nothing is asked, no pad is spent, and otc says
// why.
func TestALaptopWithoutRoomAsksNothing(t *testing.T) {
	if !apart(t) {
		return
	}
	w, room := crampedWorld(t, "alice-laptop", "64k")
	before := w.alice.pad()
	exit, output := w.alice.says("send", "bob", "no-room")
	if exit == 0 || !strings.Contains(output, "no space") {
		t.Errorf("exit code %d, %s", exit, output)
	}
	if w.alice.pad() != before || w.alice.tapped("approve", "") != 0 {
		t.Errorf("the device was asked, or went from %+v to %+v", before, w.alice.pad())
	}
	room()
	w.comes(t, "room")
}

// The relay's disk is full: the message is kept in the outbox, its owner is
// not asked again, and it is delivered once when there is room.
func TestARelayWithoutRoomLosesNothing(t *testing.T) {
	if !apart(t) {
		return
	}
	w, room := crampedWorld(t, "relay", "1m")
	var kept []string
	for _, text := range []string{"first", "second", "third"} { // there may be room in the database for one more
		exit, output := w.alice.says("send", "bob", text)
		if exit != 0 && !strings.Contains(output, "in the outbox") {
			t.Errorf("exit code %d, %s", exit, output)
		}
		if exit != 0 {
			kept = append(kept, text)
		}
	}
	if len(kept) == 0 {
		t.Error("the relay takes messages on a full disk")
	}
	room()
	w.relay.kill() // a relay that could not write has stopped by itself
	w.relay.start()
	if exit, output := w.alice.says("outbox", "retry"); exit != 0 {
		t.Errorf("with room again: exit code %d, %s", exit, output)
	}
	if _, got := w.bob.receive(); len(got) != 3 || got[0].brief() != "first" || got[1].brief() != "second" || got[2].brief() != "third" {
		t.Errorf("bob reads %+v", got)
	}
	if n := w.alice.tapped("approve", ""); n != 3 {
		t.Errorf("alice was asked %d times about three texts", n)
	}
}

// The relay is started on a disk without any room: it takes nothing, and delivers what
// it has; with room again it goes on by itself.
func TestARelayThatBeginsWithoutRoomDelivers(t *testing.T) {
	if !apart(t) {
		return
	}
	dir := t.TempDir()
	fill, room := smallDisk(t, filepath.Join(dir, "relay"), "2m")
	w := newWorldIn(t, dir, "64KiB")
	w.alice.tapping()
	w.bob.tapping()
	if exit, output := w.alice.says("send", "bob", "before"); exit != 0 {
		t.Fatalf("exit code %d, %s", exit, output)
	}
	w.relay.stop()
	fill()
	w.relay.start()
	if _, got := w.bob.receive(); len(got) != 1 || got[0].brief() != "before" {
		t.Errorf("bob reads %+v", got)
	}
	if exit, output := w.alice.says("send", "bob", "after"); exit != 5 || !strings.Contains(output, "in the outbox") {
		t.Errorf("exit code %d, %s", exit, output)
	}
	room()
	if exit, output := w.alice.says("outbox", "retry"); exit != 0 {
		t.Errorf("with room again: exit code %d, %s", exit, output)
	}
	if _, got := w.bob.receive(); len(got) != 1 || got[0].brief() != "after" {
		t.Errorf("bob reads %+v", got)
	}
}

// The device's card is full: pads and their records have their room from the
// beginning, so that every message is still sealed and opened.
func TestADeviceWithoutRoomKeepsItsPromises(t *testing.T) {
	if !apart(t) {
		return
	}
	w, room := crampedWorld(t, "alice-card", "64m")
	sent := []string{"first", "second", "third"}
	for _, text := range sent {
		if exit, output := w.alice.says("send", "bob", text); exit != 0 {
			t.Errorf("on a full card: exit code %d, %s", exit, output)
		}
		if exit, output := w.bob.says("send", "alice", "answer to "+text); exit != 0 {
			t.Errorf("exit code %d, %s", exit, output)
		}
		if _, got := w.alice.receive(); len(got) != 1 || got[0].brief() != "answer to "+text {
			t.Errorf("on a full card alice reads %+v", got)
		}
	}
	room()
	w.alice.device.kill()
	w.alice.device.start()
	if exit, output := w.alice.says("send", "bob", "room"); exit != 0 {
		t.Fatalf("with room again: exit code %d, %s", exit, output)
	}
	_, got := w.bob.receive()
	var texts []string
	for _, a := range got {
		texts = append(texts, a.Text)
	}
	if !slices.Equal(texts, append(sent, "room")) {
		t.Errorf("bob reads %+v", got)
	}
}

// comes checks that a text goes from alice to bob.
func (w *world) comes(t *testing.T, text string) {
	t.Helper()
	if exit, output := w.alice.says("send", "bob", text); exit != 0 {
		t.Errorf("exit code %d, %s", exit, output)
	}
	if _, got := w.bob.receive(); len(got) != 1 || got[0].brief() != text {
		t.Errorf("bob reads %+v, want %s", got, text)
	}
}
