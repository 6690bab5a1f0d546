package device

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/entropy"
	"onetimechat/padstore"
)

// noiseFor is how long the noise may take for the little that the self-test draws.
const noiseFor = time.Minute

// errSkipped: the owner left a part of the self-test out.
var errSkipped = errors.New("left out by its owner")

// finding is what came of a part of the self-test.
type finding struct {
	display.TestResult
	details []string // for the report
}

// untested are the parts of the self-test before it is made. The link shows by
// being used: see linkFinding.
func untested() []finding {
	var all []finding
	for _, name := range []string{"Picture", "Touch", "Noise", "Card"} {
		all = append(all, untried(name, "the self-test was not made since the start"))
	}
	return all
}

func untried(name, why string) finding {
	return finding{TestResult: display.TestResult{Name: name, Text: why}}
}

func passed(name, text string) finding {
	return finding{TestResult: display.TestResult{Name: name, Outcome: display.Passed, Text: text}}
}

func failed(name, text string) finding {
	return finding{TestResult: display.TestResult{Name: name, Outcome: display.Failed, Text: text}}
}

// selfTest tries the device's parts, one after the other, and shows, logs and
// keeps what came of it.
func (d *Device) selfTest(ctx context.Context) {
	var found []finding
	for _, part := range []func(context.Context) finding{d.testPicture, d.testTouch, d.testNoise, d.testCard} {
		found = append(found, part(ctx))
		if ctx.Err() != nil || d.faulted() {
			return
		}
	}
	d.mu.Lock()
	d.tested = found
	d.mu.Unlock()
	found = d.findings()
	shown := display.SelfTest{}
	for _, f := range found {
		d.record(padstore.Entry{Kind: padstore.KindSelfTest, Text: f.text()})
		shown.Results = append(shown.Results, f.TestResult)
	}
	d.refresh(false)
	_, _ = d.choose(ctx, choice{patience: errandFor, yields: true, screen: func(page int, _ bool) display.Screen {
		shown.Page = page
		return shown
	}})
}

// findings are the self-test's, and what is known of the link by now.
func (d *Device) findings() []finding {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append(d.tested[:len(d.tested):len(d.tested)], d.linkFinding())
}

// text is the finding in one line.
func (f finding) text() string { return f.Name + ": " + f.Outcome.String() + ": " + f.Text }

// testPicture asks the owner what they see.
func (d *Device) testPicture(ctx context.Context) finding {
	const name = "Picture"
	target, err := d.choose(ctx, choice{patience: errandFor, screen: func(int, bool) display.Screen { return display.TestPattern{} }})
	switch {
	case err != nil:
		return untried(name, err.Error())
	case target != "yes":
		return failed(name, "its owner sees something that should not be so; "+d.screenText())
	}
	return passed(name, "as it should be, as its owner says; "+d.screenText())
}

// testTouch has the owner touch crosses. A touch may be off by half a button, as
// low as the smallest are: beyond that it would land in another one.
func (d *Device) testTouch(ctx context.Context) finding {
	const name = "Touch"
	d.mu.Lock()
	size := d.frame.Image.Rect.Size()
	d.mu.Unlock()
	if display.KeysOnly(size) {
		return untried(name, "this screen is worked by keys")
	}
	crosses := display.TouchCrosses(size)
	most := size.Y / 11
	var details []string
	var worst image.Point
	for i, cross := range crosses {
		t, err := d.await(ctx, choice{patience: errandFor, screen: func(int, bool) display.Screen {
			return display.TestTouch{Cross: i}
		}})
		if err == nil && t.target != "touch" {
			err = errSkipped
		}
		if err != nil {
			f := untried(name, fmt.Sprintf("%v, at cross %d of %d", err, i+1, len(crosses)))
			f.details = details
			return f
		}
		off := t.at.Sub(cross)
		details = append(details, fmt.Sprintf("cross %d at %d,%d was touched at %d,%d", i+1, cross.X, cross.Y, t.at.X, t.at.Y))
		if square(off) > square(worst) {
			worst = off
		}
	}
	f := passed(name, fmt.Sprintf("%d crosses; the worst touch was %s its cross", len(crosses), awayText(worst)))
	if square(worst) > most*most {
		f.Outcome = display.Failed
	}
	f.details = details
	return f
}

// awayText says where a point is as seen from another one.
func awayText(p image.Point) string {
	across, down := "to the right", "below"
	if p.X < 0 {
		across, p.X = "to the left", -p.X
	}
	if p.Y < 0 {
		down, p.Y = "above", -p.Y
	}
	return fmt.Sprintf("%d pixels %s and %d pixels %s", p.X, across, p.Y, down)
}

// square is a distance, squared.
func square(p image.Point) int { return p.X*p.X + p.Y*p.Y }

// testNoise draws from the noise, through all its health tests, and throws away
// what comes.
func (d *Device) testNoise(ctx context.Context) finding {
	const name = "Noise"
	well := d.fill.noise
	if len(d.fill.sources()) == 0 {
		f := untried(name, entropy.ErrNoSource.Error())
		f.details = d.fill.details()
		return f
	}
	d.put(waiting("Measuring the noise"))
	ctx, cancel := context.WithTimeout(ctx, noiseFor)
	defer cancel()
	var b [fillMin]byte
	defer clear(b[:])
	began := time.Now()
	err := well.Draw(ctx, b[:])
	took := time.Since(began)
	f := passed(name, d.rateText())
	if err != nil {
		f = failed(name, fmt.Sprintf("%v, after %.1f s", err, took.Seconds()))
	}
	f.details = d.fill.details()
	return f
}

// testCard has the store try the card, and look at its pads.
func (d *Device) testCard(context.Context) finding {
	const name = "Card"
	d.put(waiting("Trying the card"))
	h, err := d.store.Check()
	if err != nil {
		d.refusal(err)
		return failed(name, err.Error())
	}
	text := fmt.Sprintf("%d KiB written and synced in %.2f s, and read back; %s free; ", padstore.CheckSize>>10, h.Wrote.Seconds(), roomText(h.Free))
	switch {
	case h.Damaged > 0:
		return failed(name, text+fmt.Sprintf("of %d pads %d are damaged", h.Pads, h.Damaged))
	case h.Pads == 0:
		return passed(name, text+"there is no pad yet")
	}
	return passed(name, text+fmt.Sprintf("pads: %d, all sound", h.Pads))
}

// linkFinding is whether a laptop was heard. mu is held.
func (d *Device) linkFinding() finding {
	const name = "Link"
	if d.heard.IsZero() {
		return untried(name, "no laptop has asked since the start: on it, type otc selftest")
	}
	return passed(name, fmt.Sprintf("a laptop asked %v ago", time.Since(d.heard).Truncate(time.Second)))
}

// hear notes that a laptop has asked.
func (d *Device) hear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heard = time.Now()
}
