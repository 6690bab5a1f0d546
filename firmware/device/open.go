package device

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"onetimechat/display"
	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/uid"
)

// Unpackage opens packages, after its owner said where their texts may go.
// Packages that do not verify are answered without him: a forgery never
// reaches the screen.
func (d *Device) Unpackage(ctx context.Context, req hostlink.UnpackageRequest) ([]hostlink.Opened, error) {
	switch {
	case req.To != d.store.Owner():
		return nil, hostlink.NoPad
	case len(req.Packages) > hostlink.MaxBatch:
		return nil, hostlink.TooLong
	}
	c := &call{id: req.ID, opens: true}
	var parts [][]byte
	for _, in := range req.Packages {
		parts = append(parts, []byte(in.From), in.Package)
		c.contacts = append(c.contacts, in.From)
	}
	c.request = frameRequest("unpackage", parts...)
	a := d.do(ctx, c, func(ctx context.Context, c *call) answer { return d.open(ctx, c, req) })
	if a.err != nil {
		return nil, a.err
	}
	list := make([]hostlink.Opened, len(a.opened))
	for i, o := range a.opened {
		list[i] = o.Opened
	}
	return list, nil
}

// batch is the packages of one request, on their way.
type batch struct {
	packages []hostlink.Incoming
	at       []padstore.Verified
	done     []opened // an Err there means that this one is out
	twin     []int    // the earlier package whose pad this one claims too, or -1
}

// waiting lists the packages that are still to be opened.
func (b *batch) waiting() []int {
	var list []int
	for i := range b.packages {
		if b.done[i].Err == "" && b.twin[i] < 0 {
			list = append(list, i)
		}
	}
	return list
}

// refuse answers everything that is still to be opened with err.
func (b *batch) refuse(err error) {
	var why hostlink.Refusal
	if !errors.As(err, &why) {
		why = hostlink.DeviceFault
	}
	for _, i := range b.waiting() {
		b.done[i].Err = why
	}
}

// open is the use case: verify, take the turn, verify again, ask, open.
func (d *Device) open(ctx context.Context, c *call, req hostlink.UnpackageRequest) answer {
	b := &batch{
		packages: req.Packages,
		at:       make([]padstore.Verified, len(req.Packages)),
		done:     make([]opened, len(req.Packages)),
		twin:     slices.Repeat([]int{-1}, len(req.Packages)),
	}
	keep := false
	if d.verify(b); len(b.waiting()) > 0 {
		keep = d.decide(ctx, c, b)
	}
	d.settleTwins(b)
	return answer{opened: b.done, keep: keep}
}

// decide asks the owner about what verified. It is true when pad was burned.
func (d *Device) decide(ctx context.Context, c *call, b *batch) (burned bool) {
	turn, err := d.turnFor(ctx, c)
	if err != nil {
		b.refuse(err)
		return false
	}
	if d.verify(b); len(b.waiting()) == 0 {
		return false
	}
	where, err := turn.ask(ctx, b.question(c))
	if err != nil {
		b.refuse(err)
		return false
	}
	texts, burned := d.burn(b)
	if where == "read-here" {
		why := hostlink.ShownOnDevice
		if !turn.read(texts) {
			why = hostlink.DeviceFault
		}
		b.keepHere(texts, why)
	}
	return burned
}

// verify looks at the packages that are not out yet, and puts out those that
// do not verify. Of several that claim the same pad the first one stays.
func (d *Device) verify(b *batch) {
	for _, i := range b.waiting() {
		in := b.packages[i]
		if in.From == d.store.Owner() {
			b.done[i].Err = hostlink.ToYourself
			continue
		}
		at, err := padstore.Verified{}, padstore.ErrNoPad
		if uid.Valid(in.From) {
			at, err = d.store.Verify(in.From, in.Package)
		}
		if err != nil {
			b.fail(i, d.refusal(err))
			continue
		}
		b.at[i] = at
		b.twin[i] = b.rival(i)
	}
}

// rival is the first package that is to be opened and claims some of the pad
// that package i claims; -1 if there is none.
func (b *batch) rival(i int) int {
	for j, other := range b.at[:i] {
		if b.done[j].Err == "" && b.twin[j] < 0 && other.Pad == b.at[i].Pad && other.Start < b.at[i].End && b.at[i].Start < other.End {
			return j
		}
	}
	return -1
}

// fail puts package i out.
func (b *batch) fail(i int, why hostlink.Refusal) {
	b.done[i].Err = why
	b.done[i].Reuse = why == hostlink.AlreadyOpened
}

// settleTwins answers packages that claimed the same pad as an earlier one of
// the batch: already opened if that one was, and otherwise just like it.
func (d *Device) settleTwins(b *batch) {
	for i, j := range b.twin {
		if j < 0 {
			continue
		}
		switch first := b.done[j]; first.Err {
		case "", hostlink.ShownOnDevice:
			b.fail(i, hostlink.AlreadyOpened)
		default:
			b.fail(i, first.Err)
		}
		d.record(padstore.Entry{Kind: padstore.KindReuse, Contact: b.packages[i].From, Text: "packages came that claim the same pad"})
	}
}

// question asks what to do with what verified: so many from whom.
func (b *batch) question(c *call) question {
	screen := display.ApproveOpen{}
	var about []string
	for _, i := range b.waiting() {
		from := b.packages[i].From
		k := slices.IndexFunc(screen.From, func(f display.From) bool { return f.Contact == from })
		if k < 0 {
			k = len(screen.From)
			screen.From = append(screen.From, display.From{Contact: from})
		}
		screen.From[k].Count++
		screen.From[k].Skip = screen.From[k].Skip || b.skips(i)
		screen.Cost += b.at[i].End - b.at[i].Start
	}
	for _, f := range screen.From {
		messages := "1 message"
		if f.Count > 1 {
			messages = fmt.Sprintf("%d messages", f.Count)
		}
		about = append(about, messages+" from "+f.Contact)
	}
	return question{
		screen: func(page int, ready bool) display.Screen {
			s := screen
			s.Page, s.Ready = page, ready
			return s
		},
		about:   "opening " + strings.Join(about, ", "),
		contact: screen.From[0].Contact,
		request: c.request,
	}
}

// skips tells whether packages before package i are missing, those of this
// batch not counted.
func (b *batch) skips(i int) bool {
	return b.at[i].Skip && !slices.ContainsFunc(b.waiting(), func(j int) bool {
		return b.at[j].Pad == b.at[i].Pad && b.at[j].End == b.at[i].Start
	})
}

// text is an opened text with its sender.
type text struct {
	place int // in the batch
	from  string
	text  string
	skip  bool
}

// burn opens what the owner approved. The store looks at each package once
// more, so that one that was opened meanwhile is refused.
func (d *Device) burn(b *batch) (texts []text, burned bool) {
	for _, i := range b.waiting() {
		in := b.packages[i]
		o, err := d.store.Unseal(in.From, in.Package)
		if err != nil {
			b.fail(i, d.refusal(err))
			burned = burned || errors.Is(err, padstore.ErrMalformed)
			continue
		}
		burned = true
		b.done[i].Skip = o.Skip
		b.done[i].text = []byte(o.Text)
		texts = append(texts, text{i, in.From, o.Text, o.Skip})
	}
	return texts, burned
}

// keepHere takes the texts out of the answer, and says why there is none.
func (b *batch) keepHere(texts []text, why hostlink.Refusal) {
	for _, t := range texts {
		clear(b.done[t.place].text)
		b.done[t.place].text = nil
		b.done[t.place].Err = why
	}
}

// read shows texts on the device, one after the other. The turn ends when the
// owner has done with the last one. It is false if the device has stopped
// meanwhile: then nobody has seen them.
func (t *turn) read(texts []text) bool {
	d := t.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(texts) == 0 {
		t.handOver(d.notice("Nothing to read", "What was to be opened holds no text that can be shown. The log says more."))
		return true
	}
	t.handOver(d.reader(texts, 0))
	return d.fault == nil && !d.stopped
}

// reader shows texts[i] and then the rest. mu is held.
func (d *Device) reader(texts []text, i int) *view {
	now := texts[i]
	v := &view{patience: readerFor}
	v.screen = func(page int, _ bool) display.Screen {
		return display.Reader{From: now.from, Text: now.text, Skip: now.skip, Page: page, Index: i + 1, Count: len(texts)}
	}
	done := func() func() {
		if i+1 < len(texts) {
			d.show(d.reader(texts, i+1))
			return nil
		}
		d.nextTurn()
		return func() { d.settle(texts) }
	}
	v.expire = func() { d.cover(v, "A message is open here") }
	v.tap = func(string) func() {
		if v.read {
			return done()
		}
		d.show(d.unreadView(v, done))
		return nil
	}
	return v
}

// unreadView makes sure that the pages of a text that were not shown are not lost
// by a tap beside Next: its pad is burned, and nothing brings it back.
func (d *Device) unreadView(reader *view, done func() func()) *view {
	return &view{
		guarded: true, patience: readerFor, expire: reader.expire,
		screen: func(page int, ready bool) display.Screen {
			return display.Ask{
				Title: "Close it unread?",
				Text:  "Not all pages of this message were shown. Once it is closed, it cannot be opened again.",
				Yes:   "Close", No: "Read on", Grave: true, Ready: ready, Page: page,
			}
		},
		tap: func(target string) func() {
			if target == "yes" {
				return done()
			}
			d.showAgain(reader)
			return nil
		},
	}
}

// settle tells the store that texts were read.
func (d *Device) settle(texts []text) {
	for _, t := range texts {
		if err := d.store.Settle(t.from); err != nil {
			d.refusal(err)
			return
		}
	}
}
