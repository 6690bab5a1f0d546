//go:build linux

package emulator_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"onetimechat/image/emulator"
)

// A card that is full to the last block: pads have all their room from the
// beginning, so nothing of a conversation ends. What needs more says so.
func TestAFullCard(t *testing.T) {
	t.Parallel()
	t.Run("with pads", func(t *testing.T) {
		t.Parallel()
		c, bobs := paired(t)
		crowd(t, c)
		alice := sits(t, "alice", c, "")
		alice.sees(unread(home("alice", alice.contact())))
		alice.sealsAndOpens(opened(t, unpack(t, bobs.Path()), "bob"))
	})
	t.Run("without", func(t *testing.T) {
		t.Parallel()
		c := flash(t, smallCard, nil)
		d := start(t, emulator.Options{Card: c})
		d.sees(keyboard()) // its partition has grown
		d.cut()
		crowd(t, c)
		if err := c.Set(map[string]string{"owner": "alice"}); err != nil {
			t.Fatal(err)
		}
		d = start(t, emulator.Options{Card: c})
		if reason := d.faultOf(); !strings.Contains(reason, "full") {
			t.Errorf("the fault is %q", reason)
		} else {
			t.Log(reason)
		}
	})
}

// crowd fills a card's data partition to its last block.
func crowd(t *testing.T, c *emulator.Card) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data.ext4")
	extract(t, c.Path(), data)
	tool(t, []int{0, 1}, "e2fsck", "-f", "-p", data)
	const block = 4096
	filler := filepath.Join(t.TempDir(), "filler")
	for i, blocks := range []int64{1 << 20, 1024, 64, 8, 1} {
		for n := range 64 {
			free := freeBlocks(t, data)
			// Each file takes a few blocks for its own list of blocks.
			if free < blocks && i > 0 || free < 2 {
				break
			}
			if err := os.WriteFile(filler, bytes.Repeat([]byte{0xff}, int(min(blocks, free-1)*block)), 0o600); err != nil {
				t.Fatal(err)
			}
			tool(t, []int{0}, "debugfs", "-w", "-R", fmt.Sprintf("write %s filler-%d-%d", filler, blocks, n), data)
		}
	}
	if free := freeBlocks(t, data); free > 2 {
		t.Fatalf("%d blocks are free", free)
	}
	putBack(t, c, data)
}

// freeBlocks is how many blocks a file system has free.
func freeBlocks(t *testing.T, data string) int64 {
	t.Helper()
	out, err := exec.Command("/usr/sbin/dumpe2fs", "-h", data).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(out), "Free blocks:")
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
