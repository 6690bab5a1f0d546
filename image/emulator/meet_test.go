//go:build linux

package emulator_test

import (
	"image"
	"testing"

	"onetimechat/display"
	"onetimechat/image/emulator"
)

// words stand for those that nobody knows before.
var words = [4]string{"apple", "river", "seven", "paper"}

// meeting has two fresh devices make a pad by taps, over a cable, and returns
// their cards. It ends with the power cut, as a pulled plug does.
func meeting(t *testing.T) (alice, bob *emulator.Card) {
	t.Helper()
	one, other, err := emulator.Cable()
	if err != nil {
		t.Fatal(err)
	}
	enter := func(owner string, mac byte, plug *emulator.Plug) *device {
		d := start(t, emulator.Options{Card: flash(t, smallCard, map[string]string{"owner": owner, "reservoir": "1 MiB"}), MAC: mac})
		if err := d.PlugCable("meeting", plug); err != nil {
			t.Fatal(err)
		}
		return d
	}
	a, b := enter("alice", 1, one), enter("bob", 2, other)
	for owner, d := range map[string]*device{"alice": a, "bob": b} {
		d.taps(home(owner), "new-contact")
	}
	// How many sizes there are depends on how fast the noise was.
	size := a.titled(display.MeetingSize{Peer: "bob", PerDay: 50, Choices: []display.SizeChoice{{Label: "Now"}}})
	a.tapsAway(onGlass(size, titleBar), func() { a.touchAt(find(t, size, "size-1").Rect.Min.Add(image.Pt(20, 20))) })
	b.tapsLike(display.MeetingConfirm{Peer: "alice", PerDay: 50, Ready: true}, "confirm")
	inA := display.MeetingWords{Peer: "bob", Words: words, Ready: true}
	inB := display.MeetingWords{Peer: "alice", Words: words, Ready: true}
	likeA, isA := a.seesTarget(inA, "same")
	likeB, isB := b.seesTarget(inB, "same")
	compareWords(t, isA, isB, likeA, likeB)
	a.tapsLike(inA, "same")
	b.tapsLike(inB, "same")
	for _, d := range []*device{a, b} {
		d.tapsLike(display.Paired{InUse: true}, "ok")
		d.sees(display.Busy{Text: "Unplug the cable between the two devices."})
		d.took("a new pad")
		d.cut()
	}
	return a.card, b.card
}

// compareWords holds two screens of words against each other, as their owners
// do: where two such screens with the same words look alike, these must.
func compareWords(t *testing.T, a, b *image.RGBA, likeA, likeB *display.Frame) {
	t.Helper()
	rows := 0
	for y := range area.Dy() {
		row := image.Rect(0, y, area.Dx(), y+1)
		if !emulator.Same(likeA.Image, row, likeB.Image, row.Min) {
			continue
		}
		rows++
		if !emulator.Same(a, row.Add(area.Min), b, row.Min.Add(area.Min)) {
			t.Fatalf("the words differ in row %d", y)
		}
	}
	if rows < area.Dy()/2 {
		t.Fatalf("only %d rows are alike: is this test looking at words?", rows)
	}
}
