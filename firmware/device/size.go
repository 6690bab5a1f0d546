package device

import (
	"fmt"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/meeting"
	"onetimechat/padstore/seal"
)

// perDay is how many texts of 100 bytes a day each side is thought to write,
// where a screen says how long a pad lasts.
const perDay = 50

// copyRate is what a slow card takes in at a meeting, in bytes of pad a
// second, where a screen says how long one takes.
const copyRate = 2 << 20

// size is one size of a pad that the owner can choose.
type size struct {
	label string
	bytes int64
	wait  time.Duration
	each  int64 // bytes that a text of 100 bytes takes of it
}

// sizes are what the owner can choose from, the smallest first; none if there
// is no randomness to make a pad of.
func sizes(o meeting.Offer) []size {
	var list []size
	if o.Resume.Bytes > 0 {
		list = append(list, sizeOf(o, o.Resume.Bytes))
	}
	last := int64(0)
	for _, in := range []struct {
		label string
		time  time.Duration
	}{
		{"Now", 0}, {"In 5 minutes", 5 * time.Minute}, {"In an hour", time.Hour}, {"Overnight", 8 * time.Hour},
	} {
		bytes := min(o.Most, o.Ready+int64(o.Rate*in.time.Seconds()))
		if in.time > 0 {
			bytes = min(bytes, copyRate*int64(in.time.Seconds()))
		}
		bytes = round(bytes)
		if bytes < meeting.MinBytes || bytes < last+last/4 {
			continue // too little, or hardly more than the one before
		}
		last = bytes
		list = append(list, size{in.label, bytes, waitFor(o, bytes), textSize(o.Bucket)})
	}
	return list
}

// sizeOf is the size of so many bytes, which one of the owners chose.
func sizeOf(o meeting.Offer, bytes int64) size {
	s := size{bytes: bytes, wait: waitFor(o, bytes), each: textSize(o.Bucket)}
	if s.goesOn(o) {
		s.label, s.wait, s.each = "Go on", waitFor(o, bytes-o.Resume.Done), textSize(o.Resume.Bucket)
	}
	return s
}

// goesOn tells whether a pad of this size is the one that both devices began.
func (s size) goesOn(o meeting.Offer) bool { return s.bytes > 0 && s.bytes == o.Resume.Bytes }

// round rounds down to a size that is easy to say, and that a pad can have.
func round(bytes int64) int64 {
	unit := int64(32)
	for _, u := range []int64{1 << 10, 64 << 10, 1 << 20, 16 << 20, 1 << 30} {
		if bytes >= 4*u {
			unit = u
		}
	}
	return bytes / unit * unit
}

// waitFor is about how long a pad of so many bytes takes.
func waitFor(o meeting.Offer, bytes int64) time.Duration {
	seconds := float64(bytes) / copyRate
	if more := bytes - o.Ready; more > 0 && o.Rate > 0 {
		seconds = max(seconds, float64(more)/o.Rate)
	}
	return time.Duration(seconds * float64(time.Second))
}

// textSize is how many bytes of pad a text of 100 bytes takes.
func textSize(bucket int) int64 {
	return seal.Unconditional.SegmentSizeOfText(100, bucket)
}

// messages is about how many texts that take each so much of a pad each side can send.
func messages(bytes, each int64) int64 { return max(0, bytes/2-seal.CellSize) / each }

func (s size) screen() display.SizeChoice {
	n := messages(s.bytes, s.each)
	return display.SizeChoice{Label: s.label, Bytes: s.bytes, Messages: n, Years: float64(n) / perDay / 365, Wait: s.wait}
}

// sizeTarget is the name under which the i-th size is tapped.
func sizeTarget(i int) string { return fmt.Sprintf("size-%d", i+1) }

// knownText says what the new pad does to the ones there are.
func knownText(o meeting.Offer) string {
	switch o.Known {
	case meeting.Again:
		return "A fresh pad: the one you have with " + o.Contact + " will only open."
	case meeting.Unproven:
		return "You have an imported pad with " + o.Contact + ". Is this the same person?"
	}
	return ""
}
