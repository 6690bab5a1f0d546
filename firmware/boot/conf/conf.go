// Package conf reads and writes otc.conf, the text file on the card's boot
// partition in which an owner may set up a pad device on any PC.
//
// Start with Parse; Default says what an empty file means, and Conf.Text is the
// file that a new image carries. Lines are "key = value", with # before a
// comment. What Windows makes of such a file is accepted: CRLF, a byte-order
// mark, capitals. Anything not understood is an Error that names its line and
// value: a device that guessed would keep pads in a way its owner did not ask
// for. The package does no I/O and refuses UTF-16.
package conf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Name is the file's name on the boot partition.
const Name = "otc.conf"

// MaxSize is the longest file that is read, in bytes; the one in a new image
// has about 2500.
const MaxSize = 64 << 10

// Link is which port the laptop is plugged into.
type Link string

// Auto is what suits the board: package link knows which port that is.
const (
	Auto     Link = "auto"
	USB      Link = "usb"
	Ethernet Link = "ethernet"
)

// Panel is which screen and touchscreen the device has.
type Panel string

// Framebuffer is a screen that the kernel offers as /dev/fb0: HDMI, the first 7-inch
// display, and the emulator's; the kernel drives its touchscreen, too. The others are
// plugged onto the pin header; package product knows what they are.
const (
	Framebuffer Panel = "fb"
	PiTFT28     Panel = "pitft28" // whichever of the next two is there
	PiTFT28R    Panel = "pitft28r"
	PiTFT28C    Panel = "pitft28c"
	Waveshare35 Panel = "waveshare35"
	Waveshare13 Panel = "waveshare13"
)

// Panels returns all there are.
func Panels() []Panel {
	return []Panel{Framebuffer, PiTFT28, PiTFT28R, PiTFT28C, Waveshare35, Waveshare13}
}

// Conf is what otc.conf says. The zero value is not valid: begin with Default.
type Conf struct {
	Owner     string // a valid user id, or "": the first start asks on the screen
	Panel     Panel
	Link      Link
	Net       int   // 1 to 254: the device is 10.77.Net.1; 0: Net comes from the board's serial number
	Rotate    int   // degrees clockwise: 0, 90, 180 or 270
	Reservoir int64 // bytes: randomness laid up for meetings, at least 1 MiB
	Watchdog  bool  // restart the board when the program hangs
	// Comparator is the SPI port on whose MISO line a noise comparator is, such
	// as "SPI0.1"; "": there is none.
	Comparator string
	Buttons    Buttons
}

// Buttons are the GPIO lines of push-buttons to ground, by their BCM numbers; 0:
// there is none, or the one that the panel has.
type Buttons struct{ Approve, Deny, Page int }

// Default is what an empty file means.
func Default() Conf {
	return Conf{Panel: Framebuffer, Link: Auto, Reservoir: 256 << 20, Watchdog: true}
}

// Error is what is wrong with otc.conf.
type Error struct {
	Line int    // from 1; 0: the file as a whole
	Text string // the line, cut to a length that fits a screen; "" with Line 0
	Why  string // what is wrong, and what would be right
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return Name + ": " + e.Why
	}
	return fmt.Sprintf("%s, line %d, %q: %s", Name, e.Line, e.Text, e.Why)
}

// maxShown is how many characters of a wrong line an Error shows.
const maxShown = 60

// Parse reads a whole otc.conf. Keys that are not in it keep their default.
// The error, if any, is an *Error for the first line that is wrong.
func Parse(text []byte) (Conf, error) {
	c := Default()
	switch {
	case len(text) > MaxSize:
		return Conf{}, &Error{Why: fmt.Sprintf("longer than %d bytes: this is not the file that the image came with", MaxSize)}
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return Conf{}, &Error{Why: "not UTF-8 text: save it as UTF-8, or copy the file of the image again"}
	}
	seen := make(map[string]int)
	for i, line := range lines(text) {
		if err := c.read(line, i+1, seen); err != nil {
			return Conf{}, &Error{Line: i + 1, Text: shown(line), Why: err.Error()}
		}
	}
	return c, nil
}

// Salvage is the default, with the screen that lines of a text say, whatever the
// others are: what Parse finds wrong has to be shown to the owner.
func Salvage(text []byte) Conf {
	c := Default()
	for _, line := range lines(text[:min(len(text), MaxSize)]) {
		read := c
		if read.read(line, 1, map[string]int{}) == nil {
			c.Panel, c.Rotate = read.Panel, read.Rotate
		}
	}
	return c
}

// lines splits text, without its byte-order mark, at LF, CRLF, or the lone CR of very
// old editors.
func lines(text []byte) []string {
	plain := strings.TrimPrefix(string(text), "\ufeff")
	return strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(plain), "\n")
}

// read takes one line into c. seen remembers the line of each key.
func (c *Conf) read(line string, number int, seen map[string]int) error {
	line, _, _ = strings.Cut(line, "#")
	if line = strings.TrimSpace(line); line == "" {
		return nil
	}
	key, value, ok := strings.Cut(line, "=")
	if !ok {
		return errors.New("not of the form key = value; begin a comment with #")
	}
	key = strings.ToLower(strings.TrimSpace(key))
	value = strings.TrimSpace(value)
	if before := seen[key]; before > 0 {
		return fmt.Errorf("%s is set in line %d already", shown(key), before)
	}
	seen[key] = number
	return c.Set(key, value)
}

// shown is a line as an Error shows it: without blanks around it, and cut.
func shown(line string) string {
	r := []rune(strings.TrimSpace(line))
	if len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return string(r)
}
