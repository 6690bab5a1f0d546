//go:build linux

package emulator_test

import (
	"context"
	"flag"
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"onetimechat/display"
	"onetimechat/image/emulator"
)

// malformed is how many packets there are: as many as an emulated board takes in
// a few seconds.
var malformed = flag.Int("malformed", 20_000, "packets of garbage that TestAFloodOfMalformedPackets sends")

// A laptop sends nothing but garbage, at each of the link's doors and at what
// Linux has beneath them. Afterwards the device is as it was: it gives addresses,
// says its name, answers a laptop and its owner's finger, has nothing new to tell
// of, and holds no more memory.
func TestAFloodOfMalformedPackets(t *testing.T) {
	t.Parallel()
	packets := *malformed
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	d, _ := leased(t, overlaid{"garbage", 0o400, fmt.Appendf(nil, "%d %d", packets, seed)})
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	for _, step := range []string{"owner", "weight:"} {
		d.says(ctx, insideMark+step)
		d.took(step)
	}
	owner := home("alice")
	owner.Link = "10.77.7.1:9051"
	said := saidToNobody(d.Console())
	d.says(ctx, insideMark+"done")
	d.took("the flood, and what was asked after it,")
	d.taps(owner, "log")
	log := d.seesOneEntry("The device was switched on.")
	d.tapsAway(onGlass(log, find(t, log, "ok").Rect), func() { d.touch(log, "ok") })
	d.sees(owner)
	checkFlood(t, d.Console(), packets)
	if more := saidToNobody(d.Console()) - said; more > 2<<10 {
		t.Errorf("%d bytes were said to nobody", more)
	}
}

// saidToNobody is how much the laptop inside has not said, in bytes.
func saidToNobody(console string) (said int) {
	for line := range strings.Lines(console) {
		if !strings.HasPrefix(line, insideMark) {
			said += len(line)
		}
	}
	return said
}

// checkFlood checks what the laptop inside has told.
func checkFlood(t *testing.T, console string, packets int) {
	t.Helper()
	t.Log(console)
	type weight struct{ held, free, came int }
	var weights []weight
	said := map[string]int{}
	for line := range strings.Lines(console) {
		what, ok := strings.CutPrefix(strings.TrimSpace(line), insideMark)
		var w weight
		if _, err := fmt.Sscanf(what, "weight: held %d free %d came %d", &w.held, &w.free, &w.came); ok && err == nil {
			weights = append(weights, w)
		}
		said[what]++
	}
	for want, times := range map[string]int{"owner alice, screen home": 2, "lease 10.77.7.2 of 10.77.7.1, type ACK, router [], DNS []": 2, "name at 10.77.7.1": 1} {
		if said[want] != times {
			t.Errorf("the laptop inside says %q %d times", want, said[want])
		}
	}
	if len(weights) != 3 {
		t.Fatalf("the board was weighed %d times", len(weights))
	}
	before, after := weights[0], weights[2]
	if after.came < packets*9/10 {
		t.Errorf("only %d packets came through", after.came)
	}
	// 200,000 packets, weighed twenty times: the programs grew from 39 to 46 MiB over
	// the first 50,000, as far as Go's collector lets its heap go, and stayed there;
	// Linux kept 20 MiB more over the first 100,000.
	// Twice that is allowed: of 20,000 packets, 0.8 KiB each, and in Linux 2.5 KiB.
	const slack, linuxSlack = 16 << 10, 48 << 10 // KiB
	if after.held > before.held+slack || after.free < before.free-linuxSlack {
		t.Errorf("memory was lost: %+v", weights)
	}
}

// seesOneEntry waits until the log is on the glass, with nothing but this in it,
// whenever that was.
func (d *device) seesOneEntry(text string) *display.Frame {
	d.t.Helper()
	f := d.renderer.Render(display.Log{PowerOff: true, Lines: []display.LogLine{{When: "start 1, 00:00:00", Text: text}}})
	const when = 57 // pixels down to the end of the line that says it
	rest := image.Rect(0, when, area.Dx(), area.Dy())
	d.wait("a log of one entry", func(got *image.RGBA) bool {
		return emulator.Same(got, rest.Add(area.Min), f.Image, rest.Min)
	})
	return f
}
