//go:build linux

package emulator_test

import (
	"context"
	"encoding/json"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"onetimechat/display"
	"onetimechat/hostlink"
	"onetimechat/image/emulator"
)

// figure is a measured number, in the form that the bench program reads from
// this package's tests. A test measures it, and does not depend on it.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Limit float64 `json:"limit"`
	Goal  string  `json:"goal"`
	Met   bool    `json:"met"`
}

func (f figure) print(t *testing.T) {
	t.Helper()
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("figure %s", text)
}

// sealings is how many messages are sealed to find how long one takes: the first
// few, for which the emulator has code to translate, are to be fewer than half.
const sealings = 9

// How long a start and a message take. It runs before the tests that run beside
// each other, so the figures are those of a board that is alone. The start is
// one after a power cut, as most are.
func TestFigures(t *testing.T) {
	bare := bareStart(t)
	card, _ := paired(t)
	up := func() (d *device, drawn, answered float64) {
		d = start(t, emulator.Options{Card: card, Laptop: anyPort})
		d.titled(home("alice"))
		drawn = time.Since(d.began).Seconds()
		d.answers()
		return d, drawn, time.Since(d.began).Seconds()
	}
	d, _, _ := up() // which has the meeting's journal of the file system to replay
	d.cut()
	d, drawn, answered := up()
	figure{
		Name: "pi-home", Value: drawn, Unit: "s", Limit: bare, Goal: "≤ 8 s, ≤ 3 s over the limit", Met: drawn <= 8 && drawn-bare <= 3,
	}.print(t)
	figure{
		Name: "pi-link", Value: answered, Unit: "s", Limit: bare, Goal: "≤ 9 s, ≤ 3 s over the limit", Met: answered <= 9 && answered-bare <= 3,
	}.print(t)
	var took []float64
	for range sealings {
		took = append(took, d.seals(t).Seconds()*1000)
	}
	slices.Sort(took)
	sealed := took[len(took)/2]
	figure{Name: "pi-seal", Value: sealed, Unit: "ms", Limit: 150, Goal: "≤ the limit", Met: sealed <= 150}.print(t)
}

// bareStart is how long the image's kernel takes to an init that does nothing,
// in seconds.
func bareStart(t *testing.T) float64 {
	t.Helper()
	init := over(t, []overlaid{{"init", 0o500, boardProgram(t, "./testdata/bare")}})
	d := start(t, emulator.Options{Card: flash(t, smallCard, nil), Over: init})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d.says(ctx, "bare init is up")
	took := time.Since(d.began).Seconds()
	d.cut()
	return took
}

// seals has 100 bytes sealed, and returns how long that took: from the request
// to the question, and from the tap to the answer, without the time between.
func (d *device) seals(t *testing.T) time.Duration {
	t.Helper()
	text := strings.Repeat("ten bytes ", 10)
	left := d.answers().Pads[0].SendLeft - costOf(text)
	question := display.ApproveSend{Text: text, Costs: []display.Cost{{Contact: "bob", Cost: costOf(text), Left: left}}}
	asks := d.renderer.Render(question)
	question.Ready = true // half a second later, which may be before anybody looks
	asked := d.renderer.Render(question)
	client, err := hostlink.NewClient(d.Link())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	begin := time.Now()
	go func() {
		_, err := client.Package(t.Context(), hostlink.PackageRequest{From: "alice", To: []string{"bob"}, Text: text})
		done <- err
	}()
	// The last thing that is drawn is the lower edge of the buttons.
	from := image.Pt(0, asked.Targets[len(asked.Targets)-1].Rect.Max.Y-1)
	line := image.Rectangle{Min: from, Max: image.Pt(area.Dx(), from.Y+1)}.Add(area.Min)
	for limit := begin.Add(patience); ; {
		got, err := d.Line(line.Min.Y)
		if err != nil {
			t.Fatal(err)
		}
		if eitherOn(got, line, asks, asked) {
			break
		}
		if time.Now().After(limit) {
			t.Fatal("the question does not come")
		}
	}
	took := time.Since(begin)
	d.isAllThere(asks, asked)
	ready := d.sees(question)
	begin = time.Now()
	d.touch(ready, "approve")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Logf("%v to the question, %v from the tap to the answer", took, time.Since(begin))
	return took + time.Since(begin)
}

// isAllThere checks that each pixel of the glass is one of a question's, which may
// be drawn anew at this moment, to be ready.
func (d *device) isAllThere(asks, asked *display.Frame) {
	d.t.Helper()
	got, err := d.Screen()
	if err != nil {
		d.t.Fatal(err)
	}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			if !eitherOn(got, image.Rect(x, y, x+1, y+1), asks, asked) {
				d.t.Fatalf("the question is not all there when the edge of its buttons is: not at %d,%d", x, y)
			}
		}
	}
}
