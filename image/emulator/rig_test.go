//go:build linux

package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onetimechat/display"
	"onetimechat/image/emulator"
	"onetimechat/padstore/seal"
)

// built is what the tests run on, made anew by TestMain.
var built struct {
	folder string
	image  string // the very image that is flashed onto cards
	writer string // the program that writes images and updates
	otc    string // the laptop's program
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run makes the image and the laptop's program, and runs the tests.
func run(m *testing.M) int {
	if _, err := exec.LookPath("qemu-system-aarch64"); err != nil {
		fmt.Println(emulator.ErrMissing)
		return 1
	}
	begin := time.Now()
	folder, err := os.MkdirTemp("", "otc-emulator-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(folder)
	built.folder = folder
	built.image, built.otc, built.writer = filepath.Join(folder, "otc-pad.img"), filepath.Join(folder, "otc"), filepath.Join(folder, "image")
	program := filepath.Join(folder, "init")
	for _, c := range []struct {
		env  []string
		args []string
	}{
		{[]string{"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0"}, []string{"go", "build", "-trimpath", "-o", program, "../../firmware"}},
		{nil, []string{"go", "build", "-o", built.writer, ".."}},
		{nil, []string{"go", "build", "-o", built.otc, "../../hostlink/otc"}},
		{nil, []string{built.writer, "--binary", program, "--out", built.image, "--cache", "../../out/cache", "--xz=false"}},
	} {
		cmd := exec.Command(c.args[0], c.args[1:]...)
		cmd.Env = append(os.Environ(), c.env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Printf("%s: %v\n%s", strings.Join(c.args, " "), err, out)
			return 1
		}
	}
	fmt.Printf("image made in %.1f s\n", time.Since(begin).Seconds())
	return m.Run()
}

// Sizes of cards.
const (
	smallCard = 256 << 20
	largeCard = 1 << 30
)

// anyPort is where a laptop's door is.
const anyPort = "127.0.0.1:0"

// patience is how long is waited for what must come, with a computer in mind that
// is ten times as busy as a quiet one. Only a failure takes it.
const patience = 5 * time.Minute

// flash makes a new card with settings in its otc.conf.
func flash(t *testing.T, size int64, settings map[string]string) *emulator.Card {
	t.Helper()
	c, err := emulator.Flash(built.image, filepath.Join(t.TempDir(), "card.img"), size)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set(settings); err != nil {
		t.Fatal(err)
	}
	return c
}

// device is an emulated pad device with somebody in front of it, who knows the
// screens by their pictures.
type device struct {
	*emulator.Pi
	t        *testing.T
	card     *emulator.Card
	renderer *display.Renderer
	began    time.Time
}

// area is where a frame stands on the glass: the largest that fits, in its
// middle.
var area = image.Rect(80, 80, 560, 400)

// start switches a board on.
func start(t *testing.T, opts emulator.Options) *device {
	t.Helper()
	renderer, err := display.NewRenderer(area.Size())
	if err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, card: opts.Card, renderer: renderer, began: time.Now()}
	if d.Pi, err = emulator.Start(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.keepLast(opts.MAC)
		d.cut()
	})
	return d
}

// keepLast keeps what is on the screen in the end if the test has failed: it may
// have waited for one board, and another be why.
func (d *device) keepLast(board byte) {
	d.t.Helper()
	if !d.t.Failed() {
		return
	}
	if screen, err := d.Screen(); err == nil {
		d.t.Logf("in the end a screen was as in %s", d.keep(fmt.Sprintf("board %d in the end", board), screen))
	}
}

func (d *device) cut() {
	d.t.Helper()
	if err := d.Cut(); err != nil {
		d.t.Error(err)
	}
}

// wait waits for a picture. A wait in vain keeps what was there instead.
func (d *device) wait(what string, ok func(*image.RGBA) bool) *image.RGBA {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	got, err := d.WaitScreen(ctx, ok)
	var stuck *emulator.Stuck
	if errors.As(err, &stuck) {
		d.t.Fatalf("%s does not come: %v; see %s", what, err, d.keep(what, stuck.Screen))
	}
	if err != nil {
		d.t.Fatalf("%s: %v", what, err)
	}
	return got
}

// says waits until the board says a text, and returns the line that it begins. A
// wait in vain keeps what is on the screen.
func (d *device) says(ctx context.Context, text string) string {
	d.t.Helper()
	line, err := d.WaitConsole(ctx, text)
	if err != nil {
		kept := "the screen is dark"
		if screen, dark := d.Screen(); dark == nil {
			kept = "see " + d.keep("waiting for "+text, screen)
		}
		d.t.Fatalf("%v; %s", err, kept)
	}
	return line
}

// keep saves a picture for whoever looks into a failure.
func (d *device) keep(what string, m image.Image) string {
	d.t.Helper()
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(d.t.Name()+"-"+what))
	folder := "../../out/emulator"
	path := filepath.Join(folder, name+".png")
	err := os.MkdirAll(folder, 0o755)
	if err != nil {
		return err.Error()
	}
	f, err := os.Create(path)
	if err != nil {
		return err.Error()
	}
	if err := errors.Join(png.Encode(f, m), f.Close()); err != nil {
		return err.Error()
	}
	return path
}

// sees waits until the glass shows exactly that screen, to the last pixel.
func (d *device) sees(s display.Screen) *display.Frame {
	d.t.Helper()
	f := d.renderer.Render(s)
	d.wait("the screen "+f.Name, func(got *image.RGBA) bool {
		return emulator.Same(got, area, f.Image, image.Point{})
	})
	return f
}

// seesOne waits until the glass shows exactly one of two screens.
func (d *device) seesOne(a, b display.Screen) {
	d.t.Helper()
	is, or := d.renderer.Render(a), d.renderer.Render(b)
	d.wait("the screen "+is.Name, func(got *image.RGBA) bool { return eitherOn(got, area, is, or) })
}

// eitherOn tells whether a part of the glass shows what one of two frames has there.
func eitherOn(got *image.RGBA, where image.Rectangle, a, b *display.Frame) bool {
	from := where.Min.Sub(area.Min)
	return emulator.Same(got, where, a.Image, from) || emulator.Same(got, where, b.Image, from)
}

// taps waits until the glass shows exactly that screen, and taps a target until it is
// gone.
func (d *device) taps(s display.Screen, target string) {
	d.t.Helper()
	f := d.sees(s)
	d.tapsAway(onGlass(f, f.Image.Rect), func() { d.touch(f, target) })
}

// onGlass tells whether a part of f is on the glass.
func onGlass(f *display.Frame, part image.Rectangle) func(*image.RGBA) bool {
	return func(got *image.RGBA) bool { return emulator.Same(got, part.Add(area.Min), f.Image, part.Min) }
}

// tapsAway taps until what is there has gone. Until half a second after it came a
// target is dead, and looks alike.
func (d *device) tapsAway(there func(*image.RGBA) bool, tap func()) {
	d.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		time.Sleep(time.Second)
		tap()
		ctx, cancel := context.WithTimeout(d.t.Context(), 10*time.Second)
		_, err := d.WaitScreen(ctx, func(got *image.RGBA) bool { return !there(got) })
		cancel()
		if err == nil {
			return
		}
	}
	d.t.Fatal("what is tapped does not go")
}

// seesTarget waits until a target of the screen is on the glass, alive, whatever
// else is there.
func (d *device) seesTarget(s display.Screen, target string) (*display.Frame, *image.RGBA) {
	d.t.Helper()
	f := d.renderer.Render(s)
	rect := find(d.t, f, target).Rect
	return f, d.wait("the target "+target, func(got *image.RGBA) bool {
		return emulator.Same(got, rect.Add(area.Min), f.Image, rect.Min)
	})
}

// tapsLike waits for a target, as seesTarget does, and taps it until it is gone.
func (d *device) tapsLike(s display.Screen, target string) {
	d.t.Helper()
	f, _ := d.seesTarget(s, target)
	d.tapsAway(onGlass(f, find(d.t, f, target).Rect), func() { d.touch(f, target) })
}

// titleBar is where a screen's title bar is.
var titleBar = image.Rect(0, 0, area.Dx(), 32)

// titled waits until the glass shows the screen's title bar.
func (d *device) titled(s display.Screen) *display.Frame {
	d.t.Helper()
	f := d.renderer.Render(s)
	d.wait("the title of "+f.Name, onGlass(f, titleBar))
	return f
}

func (d *device) touch(f *display.Frame, target string) {
	d.t.Helper()
	rect := find(d.t, f, target).Rect
	d.touchAt(rect.Min.Add(rect.Size().Div(2)))
}

// touchAt taps a point of the frame.
func (d *device) touchAt(p image.Point) {
	d.t.Helper()
	if err := d.Tap(p.Add(area.Min)); err != nil {
		d.t.Fatal(err)
	}
}

func find(t *testing.T, f *display.Frame, target string) display.Target {
	t.Helper()
	for _, at := range f.Targets {
		if at.Name == target && at.Active {
			return at
		}
	}
	t.Fatalf("the screen %s has no %s that is alive", f.Name, target)
	return display.Target{}
}

// took logs how long something took since the board was switched on.
func (d *device) took(what string) {
	d.t.Helper()
	d.t.Logf("%s after %.1f s", what, time.Since(d.began).Seconds())
}

// link is the address that the home screen shows.
const link = "10.77.1.1:9051"

// reservoir is what the devices of tests lay up, in bytes.
const reservoir = 1 << 20

// home is the home screen of a device whose reservoir is full.
func home(owner string, contacts ...display.Contact) display.Home {
	return display.Home{
		Owner: owner, Link: link, NewContact: true, Details: true, Settings: true, Contacts: contacts,
		Reserve: &display.Reserve{Ready: reservoir, Capacity: reservoir, Messages: messages(reservoir), Wait: time.Second / 2},
	}
}

// unread is a home screen after a stop that was not in order.
func unread(h display.Home) display.Home {
	h.Unread = true
	return h
}

// messages is how many texts of 100 bytes each way a pad is good for.
func messages(pad int64) int64 {
	each := seal.Unconditional.SegmentSizeOfText(100, seal.DefaultBucket)
	return (pad/2 - seal.CellSize) / each
}
