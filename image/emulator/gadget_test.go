//go:build linux

package emulator_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cavaliergopher/cpio"

	"onetimechat/hostlink"
	"onetimechat/image/card"
	"onetimechat/image/emulator"
	"onetimechat/image/kernel"
)

// The link as a USB gadget: Linux's host takes it for a network adapter, gets
// an address by it and no way into the internet, and is answered; and on the
// whole board nobody runs or listens but the device.
func TestTheGadgetIsALaptopsNetworkAdapter(t *testing.T) {
	t.Parallel()
	d, lease := leased(t)
	if !strings.HasSuffix(lease, "lease 10.77.7.2 of 10.77.7.1, type ACK, router [], DNS []") {
		t.Errorf("got a %s", lease)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if line := d.says(ctx, insideMark+"owner"); !strings.HasSuffix(line, "owner alice, screen home") {
		t.Errorf("the device answers: %s", line)
	}
	d.says(ctx, insideMark+"done")
	var programs []string
	doors, ours, locked, awake := 0, 0, 0, 0
	for line := range strings.Lines(d.Console()) {
		_, said, ok := strings.Cut(strings.TrimSpace(line), insideMark)
		what, rest, _ := strings.Cut(said, " ")
		switch {
		case ok && what == "program":
			program, held, stays := "", 0, 0
			if _, err := fmt.Sscanf(rest, "%s %d %d", &program, &held, &stays); err != nil {
				t.Fatalf("%q: %v", rest, err)
			}
			programs = append(programs, program)
			if program == "/pad" {
				ours += held
				locked = max(locked, stays)
			}
		case ok && what == "socket":
			t.Log(rest)
			doors++
			checkDoor(t, strings.Fields(rest))
		case ok && what == "sleeper":
			if awake++; !strings.HasSuffix(rest, " -1") {
				t.Errorf("USB device %s: it sleeps after so many seconds, and a Pi 3's controller with it", rest)
			}
		}
	}
	// PID 1, the device, and the laptop that is inside for this test.
	if slices.Sort(programs); !slices.Equal(programs, []string{"/init", "/pad", "/pad"}) {
		t.Errorf("programs on the board: %q", programs)
	}
	if locked == 0 {
		t.Error("no program on the board keeps its memory from being swapped")
	}
	if awake == 0 {
		t.Error("no USB hub was seen")
	}
	if doors == 0 {
		t.Error("no socket on the board was seen, not even the link's")
	}
	memory := float64(ours) / 1024
	figure{Name: "pi-memory", Value: memory, Unit: "MiB", Limit: 48, Goal: "≤ the limit, both processes", Met: memory <= 48}.print(t)
}

// checkDoor checks a socket of the board: protocol, local address and port in
// the kernel's hexadecimal, and state.
func checkDoor(t *testing.T, socket []string) {
	t.Helper()
	const listens = "0A"
	protocol, state := socket[0], socket[2]
	_, port, _ := strings.Cut(socket[1], ":")
	number, err := hex.DecodeString(port)
	if err != nil || len(number) != 2 {
		t.Fatalf("socket %q", socket)
	}
	at := int(number[0])<<8 | int(number[1])
	switch {
	case strings.HasPrefix(protocol, "tcp") && (at == hostlink.Port || state != listens):
	case protocol == "udp" && (at == 67 || at == 5353), protocol == "udp6" && at == 5353:
	default:
		t.Errorf("the board has a socket %q", socket)
	}
}

// insideMark begins what the laptop inside tells on the console.
const insideMark = "laptop inside: "

// leased starts a board with a laptop inside, and waits until that has a lease, of
// which it returns what is said.
func leased(t *testing.T, more ...overlaid) (d *device, lease string) {
	t.Helper()
	card := flash(t, smallCard, map[string]string{"owner": "alice", "link": "usb", "net": "7", "reservoir": "1 MiB"})
	d = start(t, emulator.Options{Card: card, Over: laptopInside(t, more...)})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lease = d.says(ctx, insideMark+"lease")
	d.took(lease)
	return d, lease
}

// inside keeps the laptop inside: to unpack a kernel takes long.
var inside struct {
	once  sync.Once
	files []overlaid
}

// laptopInside is what is laid over the initramfs: the laptop inside, and what a
// test gives it.
func laptopInside(t *testing.T, more ...overlaid) []byte {
	t.Helper()
	inside.once.Do(func() { inside.files = makeLaptop(t) })
	if inside.files == nil {
		t.Fatal("there is no laptop inside")
	}
	return over(t, append(more, inside.files...))
}

// makeLaptop returns dummy_hcd, to be loaded last, and a laptop in place of the
// program that is PID 1, which starts that.
func makeLaptop(t *testing.T) []overlaid {
	t.Helper()
	laptop := boardProgram(t, "./inside")
	deb, err := kernel.Fetch(t.Context(), "../../out/cache", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	linux, err := kernel.Read(deb)
	if err != nil {
		t.Fatal(err)
	}
	dummy, err := linux.Module("dummy_hcd")
	if err != nil {
		t.Fatal(err)
	}
	pad, order := inInitramfs(t, "init"), inInitramfs(t, "modules/order")
	return []overlaid{
		{"pad", 0o500, pad},
		{"init", 0o500, laptop},
		{"modules/" + dummy.File, 0o400, dummy.Data},
		{"modules/order", 0o400, append(order, dummy.File+"\n"...)},
	}
}

// overlaid is a file that a test lays over the initramfs.
type overlaid struct {
	name string
	mode cpio.FileMode
	data []byte
}

func over(t *testing.T, files []overlaid) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := cpio.NewWriter(&archive)
	for _, f := range files {
		err := w.WriteHeader(&cpio.Header{Name: f.name, Mode: cpio.TypeReg | f.mode, Size: int64(len(f.data))})
		if err == nil {
			_, err = w.Write(f.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// boardProgram builds a program for the board.
func boardProgram(t *testing.T, folder string) []byte {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, folder)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// inInitramfs is a file of the image's initramfs.
func inInitramfs(t *testing.T, name string) []byte {
	t.Helper()
	c, err := card.Open(built.image)
	if err != nil {
		t.Fatal(err)
	}
	root, err := c.ReadFile("initramfs")
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	for r := cpio.NewReader(bytes.NewReader(root)); ; {
		head, err := r.Next()
		if err != nil {
			t.Fatalf("%s in the initramfs: %v", name, err)
		}
		if head.Name == name {
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
}
