package device

import (
	"context"
	"fmt"
	"strings"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/entropy"
	"onetimechat/hal/noise"
	"onetimechat/padstore"
)

const (
	// findTime is how often new noise sources are looked for.
	findTime = 2 * time.Second
	// settleTime is how long the filling waits at the start for sources on USB,
	// which the kernel needs a while to find. Else each start would lay up a
	// little that is made without them, and the reservoir tells of a few changes
	// of its sources only.
	settleTime = 5 * time.Second
)

// sources are those that there are by now; nil if this device has none.
func (f *fill) sources() []entropy.SourceState {
	if f.noise == nil {
		return nil
	}
	return f.noise.State()
}

// findNoise has the sources join that have been plugged in, and tells whether
// there were any. Only the filling does so, between two of its pieces: what it
// says of a piece to the reservoir is then what the piece was made of.
func (d *Device) findNoise() (found bool) {
	f := d.fill
	if f.noise == nil || f.find == nil || !f.looked.IsZero() && time.Since(f.looked) < findTime {
		return false
	}
	f.looked = time.Now()
	more, err := f.find()
	for _, s := range more {
		d.takeIn(s)
	}
	if f.miss(err) && err != nil {
		d.note(padstore.KindNoise, "", missedText(err))
	}
	if len(more) > 0 {
		d.refresh(false)
	}
	return len(more) > 0
}

// takeIn has a source join, unless there are as many as a pad can tell of: then it is
// said to be left out.
func (d *Device) takeIn(s noise.Source) {
	f, name := d.fill, s.Describe().Name
	if len(f.sources()) < padstore.MaxOrigins {
		f.noise.Join(s)
		return
	}
	_ = s.Close() // nothing was read of it
	f.mu.Lock()
	f.unused = append(f.unused, name)
	f.mu.Unlock()
	d.note(padstore.KindNoise, "", "the noise source "+name+" is "+unusedText())
}

// settleNoise has the sources join that Linux finds within a while of the start.
func (d *Device) settleNoise(ctx context.Context) {
	if d.fill.find == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for ctx.Err() == nil {
		d.awaitNoise(ctx, nil)
	}
}

// awaitNoise waits for c, or for a source that is plugged in.
func (d *Device) awaitNoise(ctx context.Context, c <-chan struct{}) {
	var clock <-chan time.Time
	if d.fill.find != nil {
		ticker := time.NewTicker(findTime)
		defer ticker.Stop()
		clock = ticker.C
	}
	for {
		select {
		case <-c:
			return
		case <-ctx.Done():
			return
		case <-clock:
			if d.findNoise() {
				return
			}
		}
	}
}

// miss notes what kept sources from being found, and tells whether that is new.
func (f *fill) miss(err error) (changed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.missed
	f.missed = err
	return was == nil || err == nil || was.Error() != err.Error()
}

// facts is how the sources are, and why there may be others that were not found.
func (f *fill) facts() (facts []display.Fact) {
	for _, s := range f.sources() {
		facts = append(facts, display.Fact{Name: s.Name, Value: sourceText(s)})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range f.unused {
		facts = append(facts, display.Fact{Name: name, Value: unusedText()})
	}
	if f.missed != nil {
		facts = append(facts, display.Fact{Name: "Not found", Value: missedText(f.missed)})
	}
	return facts
}

// details are the facts, each in a line.
func (f *fill) details() (lines []string) {
	for _, fact := range f.facts() {
		lines = append(lines, fact.Name+": "+fact.Value)
	}
	return lines
}

// unusedText says why a source is left out.
func unusedText() string {
	return fmt.Sprintf("not used: a pad is made of %d sources at most", padstore.MaxOrigins)
}

func missedText(err error) string {
	return "not all that is plugged in can be looked at, so that a source may be missing here: " + strings.ReplaceAll(err.Error(), "\n", "; ")
}

// noSource says that there is none, and what to do.
func (f *fill) noSource() string {
	text := "This device has no noise source."
	if f.find == nil {
		return text
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if text += " Plug one in."; f.missed != nil {
		text += " But " + missedText(f.missed) + "."
	}
	return text
}
