package display

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"slices"
	"strings"

	"github.com/fogleman/gg"

	"onetimechat/display/escape"
)

type textBox struct {
	text string
	rect image.Rectangle
}

// Renderer draws screens of one size. It is safe for concurrent use.
type Renderer struct {
	size image.Point
}

// NewRenderer makes a Renderer for one of Sizes.
func NewRenderer(size image.Point) (*Renderer, error) {
	if !slices.Contains(Sizes(), size) {
		return nil, fmt.Errorf("display: no screens for size %v", size)
	}
	return &Renderer{size: size}, nil
}

// Render draws s.
func (r *Renderer) Render(s Screen) *Frame {
	img := image.NewRGBA(image.Rectangle{Max: r.size})
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	f := &Frame{Name: s.name(), Image: img, Pages: 1}
	dc := gg.NewContextForRGBA(img)
	dc.SetColor(color.Black)
	var targets []Target
	say := func(text string) { f.Text = append(f.Text, strings.Split(escape.Text(text, nil), "\n")...) }
	add := func(name, label string, active bool) {
		targets = append(targets, Target{Name: name, Label: label, Active: active})
	}
	switch s := s.(type) {
	case Home:
		say(s.Owner)
		say(s.Link)
		for _, c := range s.Contacts {
			say(c.Name)
		}
		add("log", "Log", true)
	case ApproveSend:
		for _, c := range s.Costs {
			say(fmt.Sprintf("Send to %s? costs %d bytes, leaves %d bytes", c.Contact, c.Cost, c.Left))
		}
		say(s.Text)
		add("deny", "Deny", true)
		add("approve", "Approve", s.Ready)
	case ApproveOpen:
		for _, c := range s.From {
			say(fmt.Sprintf("%d from %s", c.Count, c.Contact))
		}
		add("deny", "Deny", true)
		add("read-here", "Read here", s.Ready)
		add("to-laptop", "To laptop", s.Ready)
	case ApproveLog:
		say("Show the log to the laptop?")
		add("deny", "Deny", true)
		add("to-laptop", "To laptop", s.Ready)
	case Reader:
		say("From " + s.From)
		say(s.Text)
		add("ok", "Done", true)
	case Warning:
		say(s.Title)
		say(s.Text)
		add("ok", "OK", true)
	case Log:
		for _, l := range s.Lines {
			say(l.When + " " + l.Text)
		}
		add("ok", "Done", true)
	case Fault:
		say(s.Title)
		say(s.Text)
	case Busy:
		say(s.Text)
	case Progress:
		say(s.Title)
		if s.Cancellable {
			add("cancel", "Cancel", true)
		}
	}
	for i, t := range f.Text {
		dc.DrawString(t, 8, float64(20+16*i))
	}
	h := 44 * r.size.Y / 240
	for i := range targets {
		w := r.size.X / len(targets)
		t := &targets[i]
		t.Rect = image.Rect(i*w+2, r.size.Y-h-2, (i+1)*w-2, r.size.Y-2)
		dc.DrawString(t.Label, float64(t.Rect.Min.X+8), float64(t.Rect.Min.Y+20))
		f.Text = append(f.Text, t.Label)
	}
	f.Targets = targets
	return f
}
