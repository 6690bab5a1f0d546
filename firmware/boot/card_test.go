//go:build linux

package boot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const testCID = "03534453433136478023456789015b31"

// writeImage writes the beginning of an image on a card of size bytes, as far
// as its boot partition's label.
func writeImage(t *testing.T, path string, size int64) {
	t.Helper()
	image := make([]byte, 2049*512)
	copy(image, mbrOf(testLayout.boot, testLayout.data))
	copy(image[2048*512+71:], "OTC-BOOT   ")
	put(t, path, string(image))
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// slot is a board's card slots: /sys and /dev as folders.
type slot struct{ Roots }

func newSlot(t *testing.T) slot {
	t.Helper()
	dir := t.TempDir()
	s := slot{Roots{Sys: filepath.Join(dir, "sys"), Dev: filepath.Join(dir, "dev")}}
	if err := os.MkdirAll(s.Dev, 0o700); err != nil {
		t.Fatal(err)
	}
	return s
}

// put writes a file, and the folders above it.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// insert puts a card into the slot; its CID comes last.
func (s slot) insert(t *testing.T, name string) {
	t.Helper()
	writeImage(t, s.dev(name), 1<<30)
	put(t, s.sys("block", name, "size"), "2097152\n")
	put(t, s.sys("block", name, name+"p1", "size"), "2048\n")
	put(t, s.sys("block", name, name+"p2", "size"), "131072\n")
	put(t, s.sys("block", name, "device/cid"), testCID+"\n")
}

func TestTheCardIsFoundByWhatIsOnIt(t *testing.T) {
	s := newSlot(t)
	if _, err := findCard(s.Roots); !errors.Is(err, ErrNoCard) {
		t.Fatal(err)
	}
	// Others, as an eMMC has them, or somebody's card in a reader.
	put(t, s.sys("block/mmcblk0boot0/size"), "8192\n")
	put(t, s.sys("block/sda/size"), "8192\n")
	s.insert(t, "mmcblk0")
	if err := os.WriteFile(s.dev("mmcblk0"), mbrOf(entry{0x83, 2048, 4096}), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := findCard(s.Roots); !errors.Is(err, ErrNoCard) || !strings.Contains(err.Error(), "mmcblk0: the card is divided in another way") {
		t.Fatal(err)
	}
	s.insert(t, "mmcblk1")
	if c, err := findCard(s.Roots); err != nil || c != (card{"mmcblk1", testCID, 1 << 30}) {
		t.Fatalf("%+v, %v", c, err)
	}
	// Two of a kind: nobody can say which one is meant.
	s.insert(t, "mmcblk0")
	if c, err := findCard(s.Roots); !errors.Is(err, ErrNoCard) {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestACardWithSomethingMissingIsNotTaken(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, s slot){
		"no CID":       func(t *testing.T, s slot) { remove(t, s.sys("block/mmcblk0/device/cid")) },
		"an odd CID":   func(t *testing.T, s slot) { put(t, s.sys("block/mmcblk0/device/cid"), "0353\n") },
		"no size":      func(t *testing.T, s slot) { remove(t, s.sys("block/mmcblk0/size")) },
		"an odd size":  func(t *testing.T, s slot) { put(t, s.sys("block/mmcblk0/size"), "-8\n") },
		"no boot":      func(t *testing.T, s slot) { remove(t, s.sys("block/mmcblk0/mmcblk0p1")) },
		"no data":      func(t *testing.T, s slot) { remove(t, s.sys("block/mmcblk0/mmcblk0p2")) },
		"no device":    func(t *testing.T, s slot) { remove(t, s.dev("mmcblk0")) },
		"empty device": func(t *testing.T, s slot) { put(t, s.dev("mmcblk0"), "") },
		"other label": func(t *testing.T, s slot) {
			put(t, s.dev("mmcblk0"), string(mbrOf(testLayout.boot, testLayout.data))+strings.Repeat("\x00", 1<<22))
		},
	} {
		s := newSlot(t)
		s.insert(t, "mmcblk0")
		spoil(t, s)
		if c, err := findCard(s.Roots); !errors.Is(err, ErrNoCard) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

const otherCID = "03534453433136478023456789025b31"

func TestPadsStayOnTheCardTheyWereMadeOn(t *testing.T) {
	for name, test := range map[string]struct {
		on   map[string]string // the data partition: files, or folders with a / at the end
		want error
	}{
		"first start":                       {on: nil},
		"first start, as mke2fs leaves it":  {on: map[string]string{"lost+found/": ""}},
		"cut before the note was written":   {on: map[string]string{"cid.new": ""}},
		"cut while the note was written":    {on: map[string]string{"lost+found/": "", "cid.new": testCID[:7]}},
		"another card's note half written":  {on: map[string]string{"cid.new": otherCID + "\n"}},
		"a folder for pads and nothing yet": {on: map[string]string{"card/": ""}},
		"later":                             {on: map[string]string{"cid": testCID + "\n", "card/device": "x"}},
		"later, without any pad":            {on: map[string]string{"cid": testCID}},
		"a copy":                            {on: map[string]string{"cid": otherCID + "\n", "card/device": "x"}, want: ErrOtherCard},
		"a copy without any pad":            {on: map[string]string{"cid": otherCID + "\n"}, want: ErrOtherCard},
		"a copy without the note":           {on: map[string]string{"card/device": "x"}, want: ErrNoCID},
		"a copy, and a note half written":   {on: map[string]string{"card/device": "x", "cid.new": testCID}, want: ErrNoCID},
		"pads in an unknown place":          {on: map[string]string{"old": ""}, want: ErrNoCID},
		"an unknown folder":                 {on: map[string]string{"old/": ""}, want: ErrNoCID},
		"an empty note":                     {on: map[string]string{"cid": ""}, want: ErrNoCID},
		"half a note":                       {on: map[string]string{"cid": testCID[:16]}, want: ErrNoCID},
		"a note with more in it":            {on: map[string]string{"cid": testCID + testCID}, want: ErrNoCID},
		"a note in capitals":                {on: map[string]string{"cid": strings.ToUpper(testCID)}, want: ErrNoCID},
	} {
		data := t.TempDir()
		for file, text := range test.on {
			if folder, ok := strings.CutSuffix(file, "/"); ok {
				if err := os.MkdirAll(filepath.Join(data, folder), 0o700); err != nil {
					t.Fatal(err)
				}
				continue
			}
			put(t, filepath.Join(data, file), text)
		}
		before := snapshot(t, data)
		err := checkCID(data, testCID)
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
			continue
		}
		after := snapshot(t, data)
		if err != nil {
			if after != before {
				t.Errorf("%s: refused, but changed:\n%s\nto\n%s", name, before, after)
			}
			continue
		}
		if now, err := readLine(filepath.Join(data, "cid")); now != testCID || err != nil {
			t.Errorf("%s: the note says %q, %v", name, now, err)
		}
		if info, err := os.Stat(filepath.Join(data, "card")); err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: the store's folder: %v", name, err)
		}
		if err := checkCID(data, testCID); err != nil || snapshot(t, data) != after {
			t.Errorf("%s: the next start: %v", name, err)
		}
		if err := checkCID(data, otherCID); !errors.Is(err, ErrOtherCard) {
			t.Errorf("%s: on another card then: %v", name, err)
		}
	}
}

// A card that moves from a Pi 3 to a Pi 4, or back, is the same card: one of them
// shows the last byte of its CID, a checksum, and the other shows zeros there.
func TestACardMovesBetweenBoards(t *testing.T) {
	withoutSum := testCID[:30] + "00"
	for name, move := range map[string][2]string{
		"from a Pi 3 to a Pi 4": {testCID, withoutSum},
		"from a Pi 4 to a Pi 3": {withoutSum, testCID},
	} {
		data := t.TempDir()
		for _, cid := range []string{move[0], move[1], move[0]} {
			if err := checkCID(data, cid); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			put(t, filepath.Join(data, "card/device"), "x")
		}
		for _, other := range []string{otherCID, otherCID[:30] + "00"} {
			if err := checkCID(data, other); !errors.Is(err, ErrOtherCard) {
				t.Errorf("%s: %v on another card", name, err)
			}
		}
	}
}

// snapshot lists what is below a folder.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		all.WriteString(path + "\n")
		if d.Type().IsRegular() {
			text, err := os.ReadFile(path)
			all.WriteString(string(text) + "\n")
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// Names are taken within the partition only.
func TestALinkIsNoNote(t *testing.T) {
	data, outside := t.TempDir(), filepath.Join(t.TempDir(), "cid")
	put(t, outside, testCID)
	if err := os.Symlink(outside, filepath.Join(data, "cid")); err != nil {
		t.Fatal(err)
	}
	if err := checkCID(data, testCID); err == nil {
		t.Error("a link out of the partition was followed")
	}
}
