package device

import (
	"context"
	"errors"
	"fmt"
	"time"

	"onetimechat/display"
	"onetimechat/hostlink"
	"onetimechat/padstore"
)

// event is a kind of thing that happens to questions, with whom it is about.
type event struct{ kind, contact string }

// everyEvent is how many events of a kind and contact are logged one by one
// per start. Of more, only each tenfold number is: a laptop can cause them, and
// must not push other entries out of the log.
const everyEvent = 20

// note adds to the log.
func (d *Device) note(kind, contact, text string) {
	d.mu.Lock()
	e := event{kind, contact}
	d.events[e]++
	n := d.events[e]
	over := d.fault != nil || d.stopped // a stop is not the laptop's doing
	d.mu.Unlock()
	if over || n > everyEvent && !tenfold(n) {
		return
	}
	entry := padstore.Entry{Kind: kind, Contact: contact, Text: text}
	if n > everyEvent {
		entry.Count = n
	}
	d.record(entry)
}

func (d *Device) record(e padstore.Entry) {
	if err := d.store.Record(e); err != nil {
		d.refusal(err)
	}
}

// tenfold tells whether n is a power of ten.
func tenfold(n int64) bool {
	for n > 1 && n%10 == 0 {
		n /= 10
	}
	return n == 1
}

// tellOutcome logs how a question ended, if not with an approval.
func (d *Device) tellOutcome(q question, err error) {
	switch {
	case errors.Is(err, hostlink.Rejected):
		d.note(padstore.KindDenied, q.contact, "the owner denied "+q.about)
	case errors.Is(err, hostlink.TimedOut):
		d.note(padstore.KindTimedOut, q.contact, "nobody answered the question about "+q.about)
	case errors.Is(err, hostlink.Withdrawn):
		d.note(padstore.KindWithdrawn, q.contact, "the laptop withdrew its question about "+q.about)
	}
}

// showLog shows the log until it is tapped away, or the device switched off from
// there, if powerOff offers that.
func (d *Device) showLog(ctx context.Context, powerOff bool) {
	entries := d.store.Log()
	screen := display.Log{PowerOff: powerOff}
	for _, e := range entries {
		screen.Lines = append(screen.Lines, logLine(e))
	}
	target, err := d.choose(ctx, choice{patience: logFor, yields: true, screen: func(page int, _ bool) display.Screen {
		s := screen
		s.Page = page
		return s
	}})
	if err != nil {
		return // nobody may have read it
	}
	d.markRead(entries)
	if target == "power-off" {
		d.switchOff(ctx)
	}
}

// switchOff stops the device in order, if its owner is sure.
func (d *Device) switchOff(ctx context.Context) {
	off, err := d.yesOrNo(ctx, display.Ask{
		Title: "Switch the device off?",
		Text:  "Nothing is lost, then or if you unplug it without asking: every use of a pad is on the card before anything leaves the device.",
		Yes:   "Switch off", No: "Stay on",
	})
	if err == nil && off {
		d.put(waiting("Switching off. Unplug the device when the screen is dark."))
		d.off()
		<-ctx.Done() // the screen stays as it is
	}
}

// markRead notes that the owner has seen entries, the newest first, and nothing
// that came while they were on the screen.
func (d *Device) markRead(entries []padstore.Entry) {
	if len(entries) == 0 {
		return
	}
	if err := d.store.MarkRead(entries[0].Seq); err != nil {
		d.refusal(err)
		return
	}
	d.refresh(false)
}

func logLine(e padstore.Entry) display.LogLine {
	up := e.Uptime
	when := fmt.Sprintf("start %d, %02d:%02d:%02d", e.Start, int(up.Hours()), int(up.Minutes())%60, int(up.Seconds())%60)
	if !e.Told.IsZero() {
		when += "; laptop says " + e.Told.UTC().Format("2006-01-02 15:04 MST")
	}
	return display.LogLine{When: when, Text: released(e).Sentence(), New: e.New}
}

// Log gives the log to the laptop, if the owner approves. The laptop gets what
// was there when it asked.
func (d *Device) Log(ctx context.Context) ([]hostlink.LogEntry, error) {
	var list []hostlink.LogEntry
	a := d.do(ctx, &call{request: frameRequest[string]("device_log")}, func(ctx context.Context, c *call) answer {
		entries, err := d.askForLog(ctx, c)
		for _, e := range entries {
			list = append(list, released(e))
		}
		return answer{err: err}
	})
	if a.err != nil {
		return nil, a.err
	}
	return list, nil
}

func (d *Device) askForLog(ctx context.Context, c *call) ([]padstore.Entry, error) {
	entries := d.store.Log()
	err := d.grant(ctx, c, question{
		screen: func(_ int, ready bool) display.Screen {
			return display.ApproveLog{Entries: len(entries), Ready: ready}
		},
		about: "giving the log to the laptop",
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// grant asks whether the laptop may have something that it can always ask for.
// What the owner has just denied is not asked again.
func (d *Device) grant(ctx context.Context, c *call, q question) error {
	turn, err := d.turnFor(ctx, c)
	if err != nil {
		return err
	}
	q.request = c.request
	_, err = turn.ask(ctx, q)
	return err
}

func released(e padstore.Entry) hostlink.LogEntry {
	r := hostlink.LogEntry{
		Start: e.Start, Uptime: int64(e.Uptime / time.Second),
		Kind: e.Kind, Contact: e.Contact, Text: e.Text, Count: e.Count,
	}
	if !e.Told.IsZero() {
		r.Told = e.Told.Unix()
	}
	return r
}
