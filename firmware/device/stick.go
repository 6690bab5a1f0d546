package device

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"onetimechat/display"
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
)

// stickTime is how often a stick is looked for.
const stickTime = 2 * time.Second

// Stick is the socket for removable media.
type Stick interface {
	// Look opens the folder of the stick that is plugged in, and says what it
	// is called. The folder is nil while there is none.
	Look() (folder Folder, name string, err error)
}

// Folder is a Disk to be closed.
type Folder interface {
	durable.Disk
	Close() error
}

// watchStick asks, once for each time that a stick with pads is plugged in,
// whether they are to be moved here.
func (d *Device) watchStick(ctx context.Context) {
	clock := time.NewTicker(stickTime)
	defer clock.Stop()
	answered := ""
	var unread complaint
	for {
		folder, name, err := d.stick.Look()
		if err != nil || folder == nil {
			answered = ""
		} else {
			answered, err = d.offerStick(ctx, folder, name, answered)
		}
		if unread.due(err) {
			d.note(padstore.KindPad, "", "a stick is plugged in that cannot be read: "+err.Error())
			d.refresh(false)
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return
		}
	}
}

// complaint is why a stick cannot be looked at, until that is said. What is just
// being plugged in is not all there yet.
type complaint struct {
	why   string
	times int // in a row
}

// due tells whether err, what came of the last look, is to be said now.
func (c *complaint) due(err error) bool {
	switch {
	case err == nil:
		*c = complaint{}
	case err.Error() != c.why:
		*c = complaint{err.Error(), 1}
	default:
		c.times++
	}
	return c.times == 2
}

// offerStick asks about the pads on a stick, unless the owner has answered
// about just these already. It returns what they have answered about.
func (d *Device) offerStick(ctx context.Context, folder Folder, name, answered string) (string, error) {
	defer folder.Close()
	contacts, err := d.store.Importable(folder, name)
	about := name + " " + strings.Join(contacts, " ")
	if err != nil || len(contacts) == 0 {
		return "", err
	}
	if about == answered {
		return about, nil
	}
	turn, err := d.takeTurn(ctx)
	if err != nil {
		return answered, nil // another time
	}
	defer turn.end()
	if still, err := d.store.Importable(folder, name); err != nil || !slices.Equal(still, contacts) {
		return "", nil // it was pulled out, or changed, while others had the screen
	}
	move, err := d.yesOrNo(ctx, display.Ask{
		Title: "Move pads here?",
		Text: "This stick has your pad with " + strings.Join(contacts, ", ") + ".\n\nIt is moved to this device, and overwritten on the stick. " +
			"Flash memory may still remember what was overwritten: keep the stick safe, or destroy it.",
		Yes: "Move here", No: "Leave it",
	})
	if err == nil && move {
		d.moveFromStick(ctx, folder, name)
	}
	return about, nil
}

// moveFromStick imports what is on the stick, and says how that went.
func (d *Device) moveFromStick(ctx context.Context, folder Folder, name string) {
	tell := d.progress("Moving pads from the stick")
	if tell == nil {
		return
	}
	contacts, err := d.store.Import(folder, name, tell)
	d.refresh(true)
	switch {
	case d.store.Fault() != nil:
		d.refusal(err)
	case errors.Is(err, padstore.ErrFault):
		d.tell(ctx, display.Warning{
			Title: "The pad is damaged",
			Text:  "It has come here damaged, and serves nothing; on the stick it is as it was. Switch the device off and on: it then checks its pads again. If it stays damaged, meet, and make a new pad together.",
		})
	case err != nil:
		d.tell(ctx, display.Warning{
			Title: "Not everything was moved",
			Text:  d.halfMoved() + "What is moved is whole, the rest is still on the stick: " + err.Error() + copied(err),
		})
	default:
		d.tell(ctx, display.Warning{
			Title: "Moved", Well: true,
			Text: "The pad with " + strings.Join(contacts, ", ") + " is here now. It was overwritten on the stick, which may still remember it: keep it safe, or destroy it.",
		})
	}
}

// copied says what to do about a stick with a pad that was moved here before.
func copied(err error) string {
	if !errors.Is(err, padstore.ErrKnownPad) {
		return ""
	}
	return ". So the stick holds a copy of it: erase it."
}

// halfMoved says what to do about a pad whose stick was pulled out too early.
func (d *Device) halfMoved() string {
	for _, p := range d.store.Pads() {
		if p.State == padstore.Importing {
			return "Plug the stick in again: the pad with " + p.Contact + " is here, but may not be overwritten there yet, and serves nothing before it is.\n\n"
		}
	}
	return ""
}
