package device

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"onetimechat/display"
)

// Board is what is known of the machine that the device is.
type Board struct {
	Model string // "Raspberry Pi 3 Model B"; "" where it is not known
	Image string // SHA-256 of the image's manifest, in hex; "" where there is no image
	// LowVoltage tells whether the power supply is too weak now, if the kernel
	// tells; nil: it does not.
	LowVoltage func() (low, known bool)
}

// showAbout tells what the device is, until it is tapped away.
func (d *Device) showAbout(ctx context.Context) {
	facts := d.aboutFacts()
	_, _ = d.choose(ctx, choice{patience: errandFor, yields: true, screen: func(page int, _ bool) display.Screen {
		return display.About{Facts: facts, Page: page}
	}})
}

// aboutFacts is what the device is: of its owner, their contacts and its pads
// there is nothing in it.
func (d *Device) aboutFacts() []display.Fact {
	card := "cannot be read"
	if free, err := d.store.Free(); err == nil {
		card = roomText(free) + " free"
	}
	return []display.Fact{
		{Name: "Program", Value: ProgramText()},
		{Name: "Image", Value: d.board.imageText()},
		{Name: "Board", Value: orUnknown(d.board.Model)},
		{Name: "Screen", Value: d.screenText()},
		{Name: "Randomness", Value: d.rateText()},
		{Name: "Power", Value: d.board.powerText()},
		{Name: "Card", Value: card},
		{Name: "Started", Value: fmt.Sprintf("%v ago, start %d", d.store.Uptime().Truncate(time.Second), d.store.Start())},
	}
}

func orUnknown(text string) string { return cmp.Or(text, "not known") }

// ProgramText is what the program was built from, as the Go toolchain noted it.
func ProgramText() string {
	built, ok := debug.ReadBuildInfo()
	if !ok {
		return "not known"
	}
	text := "built outside of a repository"
	changed := ""
	for _, s := range built.Settings {
		switch {
		case s.Key == "vcs.revision":
			text = "commit " + s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " with changes"
		}
	}
	return text + changed + ", " + built.GoVersion
}

func (b Board) imageText() string {
	if b.Image == "" {
		return "none: this program was started on a computer"
	}
	return "SHA-256 of manifest.txt: " + b.Image
}

func (b Board) powerText() string {
	if b.LowVoltage != nil {
		switch low, known := b.LowVoltage(); {
		case low:
			return "too weak now (under-voltage): take a better supply, and a short cable"
		case known:
			return "no under-voltage now"
		}
	}
	return "not known: the kernel does not tell of under-voltage"
}

// screenText names the panel, and what is drawn on it.
func (d *Device) screenText() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	size := d.frame.Image.Rect.Size()
	text := fmt.Sprintf("frames of %dx%d, %s", size.X, size.Y, rotationText(d.store.Settings().Rotation))
	if named, ok := d.panel.(fmt.Stringer); ok {
		text = named.String() + "; " + text
	}
	return text
}

// rateText says how fast randomness is made, and of what.
func (d *Device) rateText() string {
	var names []string
	for _, s := range d.fill.sources() {
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return "this device has no noise source"
	}
	text := "not measured yet"
	if rate := d.fill.rate(); rate > 0 {
		text = bytesASecond(rate)
	}
	return text + ", from " + strings.Join(names, ", ")
}

func bytesASecond(rate float64) string {
	if rate < 10_000 {
		return fmt.Sprintf("%.0f bytes of pad a second", rate)
	}
	return fmt.Sprintf("%.0f kB of pad a second", rate/1000)
}
