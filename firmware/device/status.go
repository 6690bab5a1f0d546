package device

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"onetimechat/display"
	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

// Status answers what a laptop may always know. told is its time, zero when it
// told none.
func (d *Device) Status(told time.Time) hostlink.Status {
	if !told.IsZero() {
		d.store.Tell(told)
		d.hear()
	}
	s := hostlink.Status{
		Owner:     d.store.Owner(),
		Device:    markOf(d.store.DeviceID()),
		Start:     d.store.Start(),
		Uptime:    int64(d.store.Uptime() / time.Second),
		LogUnread: d.store.Unread(),
		Pads:      []hostlink.Pad{},
	}
	for _, p := range d.store.Pads() {
		s.Pads = append(s.Pads, hostlink.Pad{
			Contact: p.Contact, Number: p.Number, Suite: p.Suite.String(), Bucket: p.Bucket,
			Source: p.Source, State: string(p.State),
			SendLeft: p.SendLeft, ReceiveLeft: p.ReceiveLeft,
			SendMessages: p.SendMessages, ReceiveMessages: p.ReceiveMessages,
			Forgeries: p.Forgeries, Damaged: p.Fault,
		})
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s.Screen = d.frame.Name
	return s
}

// markOf is the card's name for a laptop, which is to notice a restored copy: a
// digest, because the id itself is what contacts know the device by. It is ""
// until the device has an id. (A digest of a pad's id would not do: that of an
// imported pad depends on pad bytes.)
func markOf(deviceID string) string {
	if deviceID == "" {
		return ""
	}
	digest := sha256.Sum256([]byte("otc card " + deviceID))
	return hex.EncodeToString(digest[:16])
}

// NextRef is the host's place in a relay's mailbox, as saved.
func (d *Device) NextRef(owner, server string) (ref int64, known bool, err error) {
	switch {
	case d.faulted():
		return 0, false, hostlink.DeviceFault
	case owner != d.store.Owner():
		return 0, false, hostlink.NoPad
	}
	ref, known = d.store.NextRef(server)
	return ref, known, nil
}

// SaveNextRef keeps the host's place in a relay's mailbox.
func (d *Device) SaveNextRef(owner, server string, ref int64) error {
	switch {
	case d.faulted():
		return hostlink.DeviceFault
	case owner != d.store.Owner():
		return hostlink.NoPad
	}
	if err := d.store.SaveNextRef(server, ref); err != nil {
		return d.refusal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.workLater()
	d.stir()
	return nil
}

// refresh shows what has changed in the store on the home screen, and has its
// idle work done: at once and later if pad was burned, and otherwise only
// later, so that a flood of forgeries does not make the card write for each.
func (d *Device) refresh(burned bool) {
	home := d.readHome()
	news := d.store.News()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.home, d.news = home, news
	d.workNow = d.workNow || burned
	if burned {
		d.workAt = time.Time{}
	}
	d.workLater()
	if d.view.isHome || d.view.reserve {
		d.draw()
	}
	d.stir()
}

// workLater has idle work done, unless some is to come: what a laptop asks often
// then costs the card little. mu is held.
func (d *Device) workLater() {
	if d.workAt.IsZero() {
		d.workAt = time.Now().Add(restTime)
	}
}

// readHome asks the store what home shows. mu is not held: a pad may be busy
// with its card.
func (d *Device) readHome() display.Home {
	home := display.Home{
		Owner: d.store.Owner(), Link: d.link, Unread: d.store.Unread(),
		Reserve: d.readReserve(), NewContact: d.ports != nil, Details: true, Settings: true,
	}
	if draft := d.store.Draft(); draft != nil {
		home.Unfinished = unfinishedPad(draft.Making(), draft.Done())
	}
	seen := map[string]bool{}
	for _, p := range d.store.Pads() {
		if seen[p.Contact] {
			continue // an older one, which opens only
		}
		seen[p.Contact] = true
		home.Contacts = append(home.Contacts, display.Contact{
			Name:      p.Contact,
			Send:      display.Gauge{Left: p.SendLeft, Total: p.SendTotal, Messages: p.SendMessages},
			Receive:   display.Gauge{Left: p.ReceiveLeft, Total: p.ReceiveTotal, Messages: p.ReceiveMessages},
			Forgeries: p.Forgeries,
			Note:      noteOf(p),
		})
	}
	return home
}

// noteOf says what is special about a pad, the worst first.
func noteOf(p padstore.Pad) string {
	switch {
	case p.Fault:
		return "damaged"
	case p.State == padstore.Prepared:
		return "prepared: " + p.Contact + "’s device has not answered yet"
	case p.State == padstore.Importing:
		return "half moved: plug the stick in again"
	case p.State != padstore.InUse:
		return string(p.State)
	case p.Demo:
		return "demo randomness"
	}
	return ""
}

// readReserve asks what home says of the reservoir; nil if this device makes no
// randomness.
func (d *Device) readReserve() *display.Reserve {
	if len(d.fill.sources()) == 0 {
		return nil
	}
	level := d.store.Reservoir().Level()
	problem := d.noiseProblem(retryFromHome)
	return &display.Reserve{
		Ready: level.Ready, Capacity: level.Capacity, Demo: level.Demo, Problem: problem,
		Messages: messages(level.Ready, textSize(seal.DefaultBucket)),
		Wait:     time.Duration(float64(level.Ready) / copyRate * float64(time.Second)),
		Filling:  problem == "" && level.Ready < level.Capacity && !d.fill.waits(),
	}
}

// refreshReserve shows how full the reservoir is by now.
func (d *Device) refreshReserve() {
	reserve := d.readReserve()
	d.mu.Lock()
	defer d.mu.Unlock()
	if was := d.home.Reserve; was != nil && *was == *reserve || d.stopped {
		return
	}
	d.home.Reserve = reserve
	if d.view.reserve {
		d.draw()
	}
}
