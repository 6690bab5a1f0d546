package display

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"onetimechat/display/escape"
	"onetimechat/hal/product"
)

// checkFrame fails if anything on f is clipped, overlaps, or cannot be tapped
// or read.
func checkFrame(t *testing.T, size image.Point, f *Frame) {
	t.Helper()
	screen := image.Rectangle{Max: size}
	for i, b := range f.boxes {
		if !b.rect.In(b.box) {
			t.Errorf("%q covers %v, outside its box %v", b.text, b.rect, b.box)
		}
		if !b.rect.In(screen) {
			t.Errorf("%q covers %v, outside the screen", b.text, b.rect)
		}
		for _, other := range f.boxes[:i] {
			if b.rect.Overlaps(other.rect) {
				t.Errorf("%q at %v overlaps %q at %v", b.text, b.rect, other.text, other.rect)
			}
		}
		for _, target := range f.Targets {
			if b.rect.Overlaps(target.Rect) && !b.rect.In(target.Rect) {
				t.Errorf("%q at %v overlaps target %s at %v", b.text, b.rect, target.Name, target.Rect)
			}
		}
		ground := f.Image.RGBAAt(b.rect.Min.X, b.rect.Min.Y)
		if ratio := contrast(b.ink, ground); ratio < 4.5 {
			t.Errorf("%q has contrast %.2f, ink %v on %v", b.text, ratio, b.ink, ground)
		}
	}
	least := leastTarget(size)
	for i, target := range f.Targets {
		if !target.Rect.In(screen) {
			t.Errorf("target %s at %v is outside the screen", target.Name, target.Rect)
		}
		if h, w := target.Rect.Dy(), target.Rect.Dx(); h < least || w < least {
			t.Errorf("target %s is %d×%d pixels, a fingertip %d", target.Name, w, h, least)
		}
		for _, other := range f.Targets[:i] {
			if target.Rect.Overlaps(other.Rect) || target.Name == other.Name {
				t.Errorf("targets %s %v and %s %v collide", target.Name, target.Rect, other.Name, other.Rect)
			}
		}
	}
	if f.Page < 0 || f.Page >= f.Pages {
		t.Errorf("page %d of %d", f.Page, f.Pages)
	}
	if f.Pages > 1 && !strings.Contains(strings.Join(f.Text, "\n"), fmt.Sprintf("Page %d of %d", f.Page+1, f.Pages)) {
		t.Errorf("page %d of %d is not told: %q", f.Page+1, f.Pages, f.Text)
	}
}

// fingertip is how high and wide a target has to be on the glass.
const fingertip = 9 * physic.MilliMetre

// leastTarget is how many pixels a fingertip is on the panels for which a size is
// made, the one with the finest pixels counting.
//
// What it does not hold: a panel turned by 90 or 270 degrees shows the screens of
// a smaller one, on which 9 mm of its own pixels would leave no room for words.
func leastTarget(size image.Point) int {
	if KeysOnly(size) {
		return 34 // as high as two lines: it is to be read, not to be hit
	}
	// Raspberry Pi's 7" display, "Raspberry Pi Touch Display", is no product on the
	// header. It shows 154.08 × 85.92 mm: its pixels are less high than wide.
	pitches := map[image.Point]physic.Distance{{X: 800, Y: 480}: 85920 * physic.MicroMetre / 480}
	for _, p := range product.Products() {
		finest, ok := pitches[p.Display.Size]
		if p.HasTouch() && (!ok || p.Display.Pitch < finest) {
			pitches[p.Display.Size] = p.Display.Pitch
		}
	}
	pitch := pitches[size] // a size for no panel is a mistake, and divides by zero
	return int((fingertip + pitch - 1) / pitch)
}

// contrast is the ratio of WCAG 2.2, section "contrast ratio".
func contrast(a, b color.RGBA) float64 {
	luminance := func(c color.RGBA) float64 {
		channel := func(v uint8) float64 {
			s := float64(v) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*channel(c.R) + 0.7152*channel(c.G) + 0.0722*channel(c.B)
	}
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func forEverySize(t *testing.T, test func(t *testing.T, r *Renderer, size image.Point)) {
	for _, size := range Sizes() {
		t.Run(sizeText(size), func(t *testing.T) { test(t, renderer(t, size), size) })
	}
}

func TestAFingertipInPixels(t *testing.T) {
	want := map[image.Point]int{{X: 320, Y: 240}: 50, {X: 480, Y: 320}: 59, {X: 800, Y: 480}: 51, {X: 240, Y: 240}: 34}
	for _, size := range Sizes() {
		if got := leastTarget(size); got != want[size] {
			t.Errorf("%v: %d, want %d", size, got, want[size])
		}
	}
}

func TestContrastOfKnownPairs(t *testing.T) {
	if got := contrast(color.RGBA{0, 0, 0, 255}, colWhite); math.Abs(got-21) > 0.001 {
		t.Errorf("black on white is %.3f, want 21", got)
	}
	if got := contrast(color.RGBA{0x77, 0x77, 0x77, 255}, colWhite); math.Abs(got-4.478) > 0.001 {
		t.Errorf("#777 on white is %.3f, want 4.478", got)
	}
}

// Show on laptop is the longest label there is beside two others.
func TestLabelsOfAMessageKeepOffTheirBorders(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		for _, ready := range []bool{false, true} {
			f := r.Render(ApproveOpen{From: []From{{"bob", 1, false}}, Ready: ready})
			for _, b := range f.boxes {
				for _, target := range f.Targets {
					if in := target.Rect; b.rect.In(in) && (b.rect.Min.X < in.Min.X+3 || b.rect.Max.X > in.Max.X-3) {
						t.Errorf("ready %v: %q at %v, target %s at %v", ready, b.text, b.rect, target.Name, in)
					}
				}
			}
		}
	})
}

// A page that holds but the room after the last line would be an empty one.
func TestNoPageIsEmpty(t *testing.T) {
	line := row{10, func(image.Rectangle) {}}
	facts := group{line, line, line, {height: 2}}
	for available := 10; available < 80; available++ {
		for i, page := range paginate([]group{facts, facts}, available) {
			if inked(page) == 0 {
				t.Errorf("of %d pixels, page %d is empty", available, i+1)
			}
			if inked(page) > available {
				t.Errorf("of %d pixels, page %d needs %d", available, i+1, inked(page))
			}
		}
	}
}

// What holds of every screen of the gallery, in every size: drawing one takes longer
// than looking at it.
func TestEverySampleIsWhatAScreenHasToBe(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, size image.Point) {
		for _, s := range samples() {
			f := r.Render(s.screen)
			t.Run(s.name, func(t *testing.T) {
				t.Run("nothing clipped or overlapping", func(t *testing.T) { checkFrame(t, size, f) })
				t.Run("keys reach whatever lives", func(t *testing.T) { checkKeys(t, f) })
				t.Run("the ring is seen", func(t *testing.T) { checkRing(t, size, f) })
				t.Run("what is pressed is seen", func(t *testing.T) { checkPressed(t, f) })
				t.Run("its text is all that is drawn", func(t *testing.T) { checkText(t, f) })
				t.Run("it looks as stored", func(t *testing.T) {
					comparePicture(t, filepath.Join(gallery, s.name+"-"+sizeText(size)+".png"), seen(f, size).Image)
				})
			})
		}
	})
}

// random makes texts and screens, the nastier the better.
type random struct{ *rand.Rand }

func newRandom(t *testing.T) random {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return random{rand.New(rand.NewPCG(seed, 0))}
}

func (r random) text(most int) string {
	var b strings.Builder
	for range r.IntN(most + 1) {
		switch r.IntN(12) {
		case 0:
			b.WriteByte('\n')
		case 1, 2:
			b.WriteByte(' ')
		case 3:
			b.WriteRune(rune(r.IntN(0x110000)))
		case 4:
			b.WriteByte(byte(r.IntN(256)))
		case 5:
			b.WriteString([]string{"<U+", "<0x", "<U+0041>", "<", ">", "↵", "␣", "↪"}[r.IntN(8)])
		case 6:
			b.WriteRune(rune(0x370 + r.IntN(0x180)))
		default:
			b.WriteByte(byte('!' + r.IntN(94)))
		}
	}
	return b.String()
}

func (r random) words(most int) string {
	var words []string
	for range r.IntN(most + 1) {
		words = append(words, strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(12)))
	}
	return strings.Join(words, " ")
}

func (r random) id() string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789_-mmmmwwww"
	b := []byte{"amw0"[r.IntN(4)]}
	for range r.IntN(32) {
		b = append(b, letters[r.IntN(len(letters))])
	}
	return string(b)
}

func (r random) amount() int64 { return r.Int64N(1 << (1 + r.IntN(48))) }

func (r random) gauge() Gauge {
	total := r.amount()
	left := r.Int64N(total + 1)
	return Gauge{Left: left, Total: total, Messages: left / 144}
}

func (r random) screen() Screen {
	switch r.IntN(10) {
	case 0:
		s := Home{Owner: r.id(), Link: "http://192.168.100.100:65535", Unread: r.IntN(2) == 0, Page: r.IntN(5) - 1}
		for range r.IntN(9) {
			s.Contacts = append(s.Contacts, Contact{r.id(), r.gauge(), r.gauge(), r.Int64N(3) * r.amount(), r.words(8)})
		}
		return s
	case 1, 2:
		s := ApproveSend{Text: r.text(900), Page: r.IntN(40) - 1, Ready: r.IntN(2) == 0}
		for range 1 + r.IntN(8) {
			s.Costs = append(s.Costs, Cost{r.id(), r.amount(), r.amount()})
		}
		return s
	case 3:
		s := ApproveOpen{Cost: r.amount(), Ready: r.IntN(2) == 0, Page: r.IntN(4) - 1}
		for range 1 + r.IntN(12) {
			s.From = append(s.From, From{r.id(), 1 + r.IntN(10000), r.IntN(3) == 0})
		}
		return s
	case 4:
		return Reader{From: r.id(), Text: r.text(900), Skip: r.IntN(2) == 0, Page: r.IntN(40) - 1, Index: 88, Count: 99}
	case 5:
		return Warning{Title: r.words(8), Text: r.words(120), Page: r.IntN(4)}
	case 6:
		s := Log{Page: r.IntN(4)}
		for range r.IntN(20) {
			s.Lines = append(s.Lines, LogLine{"start 12345, 9999:59:59; laptop says " + r.text(20), r.words(20), r.IntN(2) == 0})
		}
		return s
	case 7:
		return Fault{Title: r.words(8), Text: r.words(120), Page: r.IntN(4)}
	case 8:
		return Busy{Text: r.words(12)}
	}
	return Progress{Title: r.words(8), Done: r.amount(), Total: r.amount(), Unit: []string{"bytes", "cells"}[r.IntN(2)],
		Rate: r.amount(), Left: time.Duration(r.amount()), Cancellable: r.IntN(2) == 0}
}

func TestNothingClippedOrOverlappingOnRandomScreens(t *testing.T) {
	random := newRandom(t)
	forEverySize(t, func(t *testing.T, r *Renderer, size image.Point) {
		for range 150 {
			s := random.screen()
			checkFrame(t, size, r.Render(s))
			if t.Failed() {
				t.Fatalf("%#v", s)
			}
		}
	})
}

// unlay reads the text back from the lines of its pages, by the rules written
// at layExact.
func unlay(lines []string) (string, error) {
	var b strings.Builder
	for i, line := range lines {
		body, ends := strings.CutSuffix(line, string(markNewline))
		body, broken := strings.CutSuffix(body, string(markBroken))
		b.WriteString(strings.ReplaceAll(body, string(markSpace), " "))
		switch {
		case ends:
			b.WriteByte('\n')
		case broken, strings.HasSuffix(line, string(markSpace)), i == len(lines)-1:
		default:
			b.WriteByte(' ')
		}
	}
	return escape.Decode(b.String())
}

// words is a screen without its picture, for those who look at the words and targets
// of many: most of the time to draw a screen goes into its pixels.
func words(r *Renderer, s Screen) *Frame { return r.draw(s, &image.RGBA{}) }

// pages lays out every page of s and returns the lines of its text.
func pages(r *Renderer, s func(page int) Screen) (lines []string) {
	for page, last := 0, false; !last; page++ {
		f := words(r, s(page))
		for _, b := range f.boxes {
			if b.body {
				lines = append(lines, b.text)
			}
		}
		last = f.LastPage()
	}
	return lines
}

func TestEveryCharacterIsOnSomePageInOrder(t *testing.T) {
	random := newRandom(t)
	texts := []string{"", " ", "\n", "a\n", "\n\n a", longText, hostileText, strings.Repeat("\n", 200) + "and then this",
		strings.Repeat("x", 500), strings.Repeat(" ", 300), strings.Repeat("ab ", 200)}
	for range 12 {
		texts = append(texts, random.text(700))
	}
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		for _, text := range texts {
			for name, screen := range map[string]func(int) Screen{
				"approve-send": func(page int) Screen { return ApproveSend{Text: text, Costs: costs("bob", "carol"), Page: page} },
				"reader":       func(page int) Screen { return Reader{From: "bob", Text: text, Page: page, Index: 1, Count: 1} },
			} {
				lines := pages(r, screen)
				got, err := unlay(lines)
				if err != nil || got != text {
					t.Fatalf("%s: from %q read back %q (%v), want %q", name, lines, got, err, text)
				}
			}
		}
	})
}

// checkText fails unless the words of a frame are those drawn.
func checkText(t *testing.T, f *Frame) {
	t.Helper()
	for i, b := range f.boxes {
		if f.Text[i] != b.text {
			t.Errorf("line %d is %q, drawn is %q", i, f.Text[i], b.text)
		}
	}
	all := strings.Join(f.Text, " ")
	for _, target := range f.Targets {
		if !strings.Contains(all, target.Label) {
			t.Errorf("label %q is not in the text", target.Label)
		}
	}
}
