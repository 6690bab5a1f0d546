//go:build linux

package emulator_test

import (
	"context"
	"errors"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onetimechat/display"
	"onetimechat/image/card"
	"onetimechat/image/emulator"
)

// faultOf waits for a fault screen, and returns why: as the board says on its
// serial port, and as stands on the screen, which must be the same, to the
// letter.
func (d *device) faultOf() string {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	const mark = "otc-pad: fault: "
	d.says(ctx, mark)
	reason := ""
	d.wait("the fault screen", func(got *image.RGBA) bool {
		// The reason may have several lines, and others may follow it.
		_, said, _ := strings.Cut(strings.ReplaceAll(d.Console(), "\r\n", "\n"), mark)
		lines := strings.Split(said, "\n")
		for n := range lines {
			reason = strings.Join(lines[:n+1], "\n")
			f := d.renderer.Render(display.Fault{
				Title: "The device has stopped",
				Text:  "No pad is used. Switch the device off and on again.\n\n" + reason,
			})
			if emulator.Same(got, area, f.Image, image.Point{}) {
				return true
			}
		}
		return false
	})
	return reason
}

// Each reason for not starting is on the screen, in words, and no pad is used.
func TestFaultsAreShown(t *testing.T) {
	t.Parallel()
	faults := map[string]struct {
		spoil func(t *testing.T) *emulator.Card
		want  []string
	}{
		"no otc.conf": {func(t *testing.T) *emulator.Card {
			return rewritten(t, nil)
		}, []string{"otc.conf on the card cannot be used. Change it on any computer"}},
		"unreadable otc.conf": {func(t *testing.T) *emulator.Card {
			return rewritten(t, []byte("# mine\r\nwatchdog = off\r\nowner = Alice Smith\r\n"))
		}, []string{"otc.conf, line 3", `"owner = Alice Smith"`}},
		"half an update": {func(t *testing.T) *emulator.Card {
			c := flash(t, smallCard, nil)
			if err := c.WriteBoot("manifest.txt", []byte("# What a newer image was made of\n")); err != nil {
				t.Fatal(err)
			}
			return c
		}, []string{"Copy an update's files onto it", "an update that was not copied to its end"}},
		"cut initramfs": {func(t *testing.T) *emulator.Card {
			c := flash(t, smallCard, nil)
			whole := bootFile(t, c.Path(), "initramfs")
			if err := c.WriteBoot("initramfs", whole[:len(whole)*19/20]); err != nil {
				t.Fatal(err)
			}
			return c
		}, []string{"Copy an update's files onto it", "initramfs is not there to its end"}},
		"damaged partition": {func(t *testing.T) *emulator.Card {
			c, _ := paired(t)
			overwrite(t, c.Path(), card.DataStart+1024, make([]byte, 1024))
			return c
		}, []string{"the card's data partition is damaged"}},
		"another card": {copiedCard, []string{
			"this is another card than the one that the pads were made on", "The pads' card: 00112233445566778899aabbccddeeff",
		}},
		"another owner": {func(t *testing.T) *emulator.Card {
			c, _ := paired(t)
			if err := c.Set(map[string]string{"owner": "carol"}); err != nil {
				t.Fatal(err)
			}
			return c
		}, []string{"alice", "carol"}},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			c := f.spoil(t)
			t.Parallel()
			d := start(t, emulator.Options{Card: c})
			reason := d.faultOf()
			if name == "unreadable otc.conf" {
				d.pictured("fault")
			}
			for _, want := range f.want {
				if !strings.Contains(reason, want) {
					t.Errorf("the fault is %q, without %q", reason, want)
				}
			}
			t.Logf("%s", reason)
		})
	}
}

// rewritten is a fresh card with another otc.conf, or none.
func rewritten(t *testing.T, text []byte) *emulator.Card {
	t.Helper()
	c := flash(t, smallCard, nil)
	if err := c.WriteBoot("otc.conf", text); err != nil {
		t.Fatal(err)
	}
	return c
}

func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(with, at)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// copiedCard is a card with pads that were made on another one: all emulated
// cards have the same CID, so the other's is written into the copy.
func copiedCard(t *testing.T) *emulator.Card {
	t.Helper()
	c, _ := paired(t)
	folder := t.TempDir()
	data, note := filepath.Join(folder, "data.ext4"), filepath.Join(folder, "cid")
	extract(t, c.Path(), data)
	if err := os.WriteFile(note, []byte("00112233445566778899aabbccddeeff\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, []int{0, 1}, "e2fsck", "-f", "-p", data)
	tool(t, []int{0}, "debugfs", "-w", "-R", "rm cid", data)
	tool(t, []int{0}, "debugfs", "-w", "-R", "write "+note+" cid", data)
	putBack(t, c, data)
	return c
}

// putBack writes a data partition onto the card that it was extracted from.
func putBack(t *testing.T, c *emulator.Card, data string) {
	t.Helper()
	in, err := os.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(c.Path(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.NewOffsetWriter(out, card.DataStart), in)
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
}

// What is missing beside the card is said, too, and does not stop what can go on
// without it.
func TestPartsThatAreMissing(t *testing.T) {
	t.Parallel()
	t.Run("touchscreen", func(t *testing.T) {
		t.Parallel()
		d := start(t, emulator.Options{Card: flash(t, smallCard, nil), NoFinger: true})
		d.sees(display.Fault{
			Title: "There is no touchscreen",
			Text:  "Plug one in: the device then goes on by itself. Nothing is wrong with the pads.",
		})
		if err := d.PlugFinger(); err != nil {
			t.Fatal(err)
		}
		d.taps(keyboard(), "key-a")
		a := keyboard()
		a.Text = "a"
		d.sees(a)
	})
	t.Run("noise", func(t *testing.T) {
		t.Parallel()
		d := start(t, emulator.Options{
			Card:   flash(t, smallCard, map[string]string{"owner": "alice", "reservoir": "1 MiB"}),
			Broken: []string{"soc/rng@7e104000"},
		})
		without := home("alice")
		without.Reserve = nil
		d.taps(without, "new-contact")
		d.sees(display.NewContact{Laptop: true, Problem: "This device has no noise source. Plug one in."})
	})
	t.Run("room", func(t *testing.T) {
		t.Parallel()
		// A card that the default reservoir does not fit has a smaller one.
		c := flash(t, smallCard, map[string]string{"owner": "alice"})
		d := start(t, emulator.Options{Card: c})
		none := home("alice")
		none.Reserve = &display.Reserve{}
		empty := d.renderer.Render(none)
		none.Reserve = &display.Reserve{Filling: true}
		growing := d.renderer.Render(none)
		meaning, below := image.Rect(0, 84, area.Dx(), 105), image.Rect(0, 105, area.Dx(), area.Dy())
		d.wait("a reservoir that is filled", func(got *image.RGBA) bool {
			return !eitherOn(got, meaning.Add(area.Min), empty, growing) &&
				emulator.Same(got, below.Add(area.Min), empty.Image, below.Min)
		})
		d.cut()
		level := opened(t, unpack(t, c.Path()), "alice").Reservoir().Level()
		if level.Ready == 0 || level.Capacity < smallCard/16 || level.Capacity > smallCard/4 {
			t.Errorf("the reservoir is %+v on a card of %d bytes", level, smallCard)
		}
	})
}
