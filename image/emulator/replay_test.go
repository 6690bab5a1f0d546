//go:build linux

package emulator_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"onetimechat/hostlink"
	"onetimechat/image/card"
	"onetimechat/image/emulator"
	"onetimechat/padstore"
)

// replays is how many states of the card are looked at.
const replays = 50

// write is one entry of QEMU's log of what was written to the card, in the form
// of Linux's dm-log-writes. SD cards are given one block after the other, and
// have no command to flush: what one says is written counts as written.
type write struct {
	at   int64 // on the card, in bytes
	data []byte
	end  int64 // where the entry ends in the log
}

// ofSuperblock tells whether it is a part of the block that holds ext4's
// superblock, of two sectors with one checksum. That block is taken to be
// written whole: ext4 writes it in place at each start, past its journal, and a
// card that tears it leaves a fault and no way on.
func (w write) ofSuperblock() bool {
	const block = 4096
	return len(w.data) > 0 && w.at >= card.DataStart && w.at < card.DataStart+block
}

// readLog reads the log. An entry that is cut short is QEMU's last.
func readLog(t *testing.T, path string) []write {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const sector = 512
	const discarded = 4
	head := make([]byte, sector)
	// The first sector says how many entries there are, when QEMU ends in order.
	if _, err := io.ReadFull(f, head); err != nil {
		t.Fatal(err)
	}
	var log []write
	for end := int64(sector); ; {
		if _, err := io.ReadFull(f, head); err != nil {
			return log
		}
		field := func(i int) int64 { return int64(binary.LittleEndian.Uint64(head[8*i:])) }
		if field(0)+field(1) > smallCard/sector {
			t.Fatalf("the log has a write of %d sectors at %d", field(1), field(0))
		}
		w := write{at: field(0) * sector}
		if field(2)&discarded == 0 {
			w.data = make([]byte, field(1)*sector)
		}
		if _, err := io.ReadFull(f, w.data); err != nil {
			return log
		}
		end += sector + int64(len(w.data))
		w.end = end
		log = append(log, w)
	}
}

// released is a package that came out of alice's device, or went in and was
// opened, when the log of the card had so many bytes.
type released struct {
	logged int64
	pkg    []byte
	text   string
	opened bool
}

// After whichever of its writes the power is cut: the file system comes up sound,
// the store opens, and no pad of which something has left the device serves again.
func TestEveryStateOfTheCardIsSafe(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	cardA, cardB := paired(t)
	folderB := unpack(t, cardB.Path())
	replayed := filepath.Join(t.TempDir(), "replayed.img")
	copyFile(t, cardA.Path(), replayed)
	log := filepath.Join(t.TempDir(), "writes")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out := session(t, cardA, folderB, log)
	writes := readLog(t, log)
	if len(writes) < 100 {
		t.Fatalf("only %d writes are logged", len(writes))
	}
	begin, done := time.Now(), 0
	for i := range replays {
		from, to := i*len(writes)/replays, (i+1)*len(writes)/replays
		n := from + rng.IntN(to-from) + 1
		for n < len(writes) && writes[n].ofSuperblock() {
			n++
		}
		n = max(n, done)
		replay(t, replayed, writes[done:n])
		done = n
		checkCard(t, unpack(t, replayed), folderB, writes[n-1].end, out)
	}
	t.Logf("%d states after some of %d writes in %.1f s", replays, len(writes), time.Since(begin).Seconds())
}

// session has alice's device start, seal and open, and notes what came out of
// it when.
func session(t *testing.T, alice *emulator.Card, folderB, log string) (out []released) {
	t.Helper()
	bob := opened(t, copyFolder(t, folderB), "bob")
	c := &cutter{t: t, card: alice, owner: "alice", peer: "bob"}
	c.on(log)
	logged := func() int64 {
		info, err := os.Stat(log)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	for i := range 3 {
		text := fmt.Sprintf("Logged message %d.", i)
		var sealed []hostlink.Sealed
		var err error
		done := c.calls(func(ctx context.Context, client *hostlink.Client) {
			sealed, err = client.Package(ctx, hostlink.PackageRequest{From: "alice", To: []string{"bob"}, Text: text})
		})
		c.approveSend(text)
		<-done
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, released{logged: logged(), pkg: sealed[0].Package, text: text})

		theirs, err := bob.Seal("alice", text)
		if err != nil {
			t.Fatal(err)
		}
		var texts []hostlink.Opened
		done = c.calls(func(ctx context.Context, client *hostlink.Client) {
			texts, err = client.Unpackage(ctx, hostlink.UnpackageRequest{To: "alice", Packages: []hostlink.Incoming{{From: "bob", Package: theirs.Package}}})
		})
		c.approveOpen(text)
		<-done
		if err != nil || texts[0].Text != text {
			t.Fatalf("opened is %+v, %v", texts, err)
		}
		out = append(out, released{logged: logged(), pkg: theirs.Package, text: text, opened: true})
	}
	c.cut()
	return out
}

// replay writes to a card what the log says.
func replay(t *testing.T, path string, writes []write) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range writes {
		if _, err := f.WriteAt(w.data, w.at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkCard opens alice's store as the card has it now, of which everything in
// out up to logged has left the device.
func checkCard(t *testing.T, folderA, folderB string, logged int64, out []released) {
	t.Helper()
	alice, bob := opened(t, folderA, "alice"), opened(t, copyFolder(t, folderB), "bob")
	if fault := alice.Fault(); fault != nil || len(alice.Pads()) != 1 || alice.Pads()[0].Fault {
		t.Fatalf("alice's pads are %+v, %v", alice.Pads(), fault)
	}
	for _, r := range out {
		if r.logged > logged {
			continue
		}
		if r.opened {
			if _, err := alice.Verify("bob", r.pkg); !errors.Is(err, padstore.ErrAlreadyOpened) {
				t.Errorf("what was opened verifies again: %v", err)
			}
		} else if got, err := bob.Unseal("alice", r.pkg); err != nil || got.Text != r.text {
			t.Errorf("bob opens %q, %v", got.Text, err)
		}
	}
	fresh, err := alice.Seal("bob", "after the cut")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := bob.Unseal("alice", fresh.Package); err != nil || got.Text != "after the cut" {
		t.Errorf("pad serves again: bob opens %q, %v", got.Text, err)
	}
}

// copyFolder copies a store's folder.
func copyFolder(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}
