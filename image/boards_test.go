package main

import (
	"bytes"
	picture "image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fogleman/gg"
	"github.com/golang/freetype/truetype"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"onetimechat/hal/link"
)

// boardPictures is where the pictures in README.md beside this file are.
const boardPictures = "testdata/boards"

// socket is a socket on a board's edge, in mm as the board's mechanical drawing
// has it, seen from above with the pin header at the top.
type socket struct {
	x, y, w, h float64
	name       string
	plug       string // what belongs there; "" for what stays empty
}

// outline is a board's size in mm and its sockets.
type outline struct {
	name    string // as in link.Boards
	w, h    float64
	sockets []socket
}

const (
	plugPower  = "power"
	plugLaptop = "laptop"
	plugFriend = "friend"
	plugBoth   = "laptop, friend"
	plugTouch  = "touch, friend"
)

func outlines() []outline {
	return []outline{
		{"3B", 85, 56, []socket{{6, 50, 9, 7, "micro-USB", plugPower}, {66, 37, 21, 16, "Ethernet", plugBoth}, {70, 20, 17, 13, "USB-A", plugTouch}, {70, 3, 17, 13, "USB-A", ""}}},
		{"3B+", 85, 56, []socket{{6, 50, 9, 7, "micro-USB", plugPower}, {66, 37, 21, 16, "Ethernet", plugBoth}, {70, 20, 17, 13, "USB-A", plugTouch}, {70, 3, 17, 13, "USB-A", ""}}},
		{"3A+", 65, 56, []socket{{6, 50, 9, 7, "micro-USB", plugPower}, {52, 24, 15, 14, "USB-A", plugBoth}}},
		{"Zero 2 W", 65, 30, []socket{{50, 24, 9, 7, "micro-USB", plugPower}, {37, 24, 9, 7, "micro-USB", plugBoth}}},
		{"4B", 85, 56, []socket{{7, 50, 9, 7, "USB-C", plugLaptop}, {66, 3, 21, 16, "Ethernet", plugFriend}, {70, 22, 17, 13, "USB-A", plugTouch}, {70, 40, 17, 13, "USB-A", ""}}},
	}
}

const (
	pictureW, pictureH = 760, 430
	perMM              = 5.0
	boardX, boardY     = 40.0, 70.0
)

func face(t *testing.T, ttf []byte, size float64) font.Face {
	t.Helper()
	f, err := truetype.Parse(ttf)
	if err != nil {
		t.Fatal(err)
	}
	return truetype.NewFace(f, &truetype.Options{Size: size, Hinting: font.HintingFull})
}

// drawBoard draws a board from above, with what belongs into each socket.
func drawBoard(t *testing.T, o outline, b link.Board) picture.Image {
	t.Helper()
	bold, plain := face(t, gobold.TTF, 20), face(t, goregular.TTF, 16)
	ink := color.RGBA{0x17, 0x21, 0x2b, 0xff}
	c := gg.NewContext(pictureW, pictureH)
	c.SetRGB255(0xec, 0xf0, 0xf3)
	c.Clear()
	c.SetColor(ink)
	c.SetFontFace(bold)
	c.DrawString(b.Model, boardX, 40)
	c.SetRGB255(0x2e, 0x7d, 0x4f)
	c.DrawRoundedRectangle(boardX, boardY, o.w*perMM, o.h*perMM, 15)
	c.Fill()
	c.SetFontFace(plain)
	// The pin header, along the upper edge from 7 mm on, and the card's slot.
	c.SetRGB255(0x1c, 0x1c, 0x1c)
	c.DrawRectangle(boardX+7*perMM, boardY+perMM, 51*perMM, 5*perMM)
	c.Fill()
	c.SetRGB255(0xc9, 0xcf, 0xd4)
	c.DrawRectangle(boardX-10, boardY+(o.h/2-6)*perMM, 60, 12*perMM)
	c.Fill()
	c.SetColor(ink)
	c.DrawStringAnchored("card", boardX+20, boardY+o.h/2*perMM, 0.5, 0.35)
	below := 0.0
	for _, s := range o.sockets {
		x, y, w, h := boardX+s.x*perMM, boardY+s.y*perMM, s.w*perMM, s.h*perMM
		c.SetRGB255(0xd5, 0xd8, 0xdb)
		c.DrawRectangle(x, y, w, h)
		c.FillPreserve()
		c.SetColor(ink)
		c.SetLineWidth(2)
		c.Stroke()
		what := s.name
		if s.plug != "" {
			what += ": " + s.plug
		}
		// From an upper socket's right side, or a lower one's underside, a line
		// leads to what it is for.
		if s.y+s.h > o.h {
			ly := boardY + o.h*perMM + 35 + below
			c.DrawLine(x+w/2, y+h, x+w/2, ly-8)
			c.Stroke()
			c.DrawString(what, x+w/2-10, ly+10)
			below += 30
			continue
		}
		c.DrawLine(x+w, y+h/2, x+w+20, y+h/2)
		c.Stroke()
		c.DrawStringAnchored(what, x+w+26, y+h/2, 0, 0.35)
	}
	return c.Image()
}

// Each model has a picture of where to plug in what.
func TestTheBoardsLookAsStored(t *testing.T) {
	boards := link.Boards()
	if len(boards) != len(outlines()) {
		t.Fatalf("%d outlines for %d boards", len(outlines()), len(boards))
	}
	page := readme(t)
	for i, o := range outlines() {
		b := boards[i]
		if b.Name != o.name {
			t.Fatalf("outline %d is of %s, the board is %s", i, o.name, b.Name)
		}
		checkSockets(t, o, b)
		name := filepath.Join(boardPictures, strings.ReplaceAll(b.Name, " ", "-")+".png")
		if !strings.Contains(page, b.Link) || !strings.Contains(page, b.Meeting) {
			t.Errorf("what README.md says of the %s is not what the device says", b.Name)
		}
		checkPicture(t, name, drawBoard(t, o, b))
	}
}

func readme(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// checkPicture holds a stored picture, which README.md shows, to what is drawn now.
func checkPicture(t *testing.T, name string, now picture.Image) {
	t.Helper()
	if !strings.Contains(readme(t), name) {
		t.Errorf("README.md lacks %s", name)
	}
	var drawn bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&drawn, now); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, drawn.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, drawn.Bytes()) {
		t.Errorf("%s is not as drawn now: run with -update, and look at it", name)
	}
}

// checkSockets holds a drawing to what package link says of the board.
func checkSockets(t *testing.T, o outline, b link.Board) {
	t.Helper()
	has := make(map[string]string)
	for _, s := range o.sockets {
		has[s.name] += s.plug
	}
	if _, ok := has["Ethernet"]; ok != b.Ethernet {
		t.Errorf("the %s is drawn with Ethernet: %v", b.Name, ok)
	}
	for _, s := range []link.Socket{b.Host, b.Gadget} {
		if _, ok := has[string(s)]; s != link.USBNone && !ok {
			t.Errorf("the %s is drawn without %s", b.Name, s)
		}
	}
	laptop := "Ethernet"
	switch {
	case b.Gadget != link.USBNone:
		laptop = string(b.Gadget)
	case !b.Ethernet: // an adapter
		laptop = string(b.Host)
	}
	if !strings.Contains(has[laptop], "laptop") {
		t.Errorf("on the %s the laptop belongs to %s, and is drawn elsewhere: %v", b.Name, laptop, has)
	}
}
