package device

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"onetimechat/display"
)

// idleTimes are those that the owner chooses from, one tap after another.
var idleTimes = [...]time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute, 0}

// setting is something that the owner can change, or look at.
type setting struct {
	display.Setting
	do func(ctx context.Context)
}

// showSettings lets the owner change one thing after another.
func (d *Device) showSettings(ctx context.Context) {
	last := 0 // the page that the finger was on
	for {
		all := d.settings()
		var items []display.Setting
		for _, s := range all {
			items = append(items, s.Setting)
		}
		target, err := d.choose(ctx, choice{late: butSettings, patience: errandFor, yields: true, page: last, screen: func(page int, _ bool) display.Screen {
			last = page
			return display.Settings{Items: items, Page: page}
		}})
		i := slices.IndexFunc(all, func(s setting) bool { return s.Name == target })
		if err != nil || i < 0 {
			return
		}
		all[i].do(ctx)
	}
}

// butSettings has only what leaves the settings be late: one is changed by one tap
// after another.
func butSettings(target string) bool { return target == "ok" }

// settings are what this device lets its owner change.
func (d *Device) settings() []setting {
	is := d.store.Settings()
	var all []setting
	add := func(offered bool, name, label, value string, do func(context.Context)) {
		if offered {
			all = append(all, setting{display.Setting{Name: name, Label: label, Value: value}, do})
		}
	}
	add(true, "idle", "Idle screen", idleText(is.Idle), d.nextIdle)
	add(d.dimmer != nil, "brightness", "Brightness", fmt.Sprintf("%d %%", is.Brightness), d.nextBrightness)
	add(d.rotator != nil && len(d.rotator.Rotations()) > 1, "rotation", "Picture", rotationText(is.Rotation), d.nextRotation)
	add(d.adjust != nil, "calibrate", "Calibrate touch", "", d.calibrate)
	add(len(d.fill.sources()) > 0, "reservoir", "Reservoir", roomText(d.fill.wanted()), d.chooseReservoir)
	add(true, "log", "Log", "", func(ctx context.Context) { d.showLog(ctx, false) })
	add(true, "self-test", "Self-test", "", d.selfTest)
	add(true, "about", "About", "", d.showAbout)
	add(d.off != nil, "power-off", "Switch off", "", d.switchOff)
	add(true, "remove", "Remove contact", "", d.remove)
	add(true, "erase", "Erase everything", "", d.erase)
	for i := range all {
		all[i].Grave = all[i].Name == "remove" || all[i].Name == "erase"
	}
	return all
}

func idleText(after time.Duration) string {
	switch {
	case after == 0:
		return "never"
	case after < time.Minute:
		return fmt.Sprintf("after %d seconds", int(after.Seconds()))
	}
	return fmt.Sprintf("after %d minutes", int(after.Minutes()))
}

// following is what comes in a list after what is now: after the last the first.
func following[T comparable](list []T, now T) T { return list[(slices.Index(list, now)+1)%len(list)] }

// nextIdle chooses the idle time after the present one.
func (d *Device) nextIdle(ctx context.Context) {
	s := d.store.Settings()
	s.Idle = following(idleTimes[:], s.Idle)
	d.change(ctx, d.store.Choose(s))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = d.store.Settings().Idle
}

// calibrate lets the owner fit touches to the picture. Whoever lets it be keeps
// the touchscreen as it was.
func (d *Device) calibrate(ctx context.Context) {
	if !d.put(waiting("Touch the crosses")) {
		return
	}
	err := d.adjust(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	d.change(ctx, err)
}

// remove removes a contact whom the owner chooses, if they are sure twice.
func (d *Device) remove(ctx context.Context) {
	names, shown := d.removable()
	target, err := d.choose(ctx, choice{patience: errandFor, yields: true, screen: func(page int, _ bool) display.Screen {
		shown.Page = page
		return shown
	}})
	i := slices.IndexFunc(shown.Items, func(s display.Setting) bool { return s.Name == target })
	if err != nil || i < 0 {
		return
	}
	name := names[i]
	if !d.sure(ctx, "Remove "+name+"?", "All pad with "+name+" is overwritten. What "+name+" has sealed and you have not opened can never be opened. To chat again, you have to meet. Your log keeps the name.", "Remove", "Keep") ||
		!d.sure(ctx, "Really remove "+name+"?", "This cannot be taken back. Flash memory may still remember some of what is overwritten: a laboratory may find it on the card.", "Remove now", "Keep") {
		return
	}
	if tell := d.progress("Overwriting the pads with " + name); tell != nil {
		d.change(ctx, d.store.Remove(name, tell))
	}
}

// removable is whom the owner can remove, those with nothing but an unfinished pad
// included, and the screen that offers it.
func (d *Device) removable() (names []string, shown display.Settings) {
	shown.Title = "Remove whom?"
	add := func(name string) (more bool) {
		if slices.Contains(names, name) {
			return false
		}
		names = append(names, name)
		shown.Items = append(shown.Items, display.Setting{Name: contactTarget(len(names) - 1), Label: name, Grave: true})
		return true
	}
	for _, p := range d.store.Pads() {
		add(p.Contact)
	}
	if draft := d.store.Draft(); draft != nil {
		if with := draft.Making().Contact; add(with) {
			shown.Note = "With " + with + " there is an unfinished pad only."
		}
	}
	if len(names) == 0 {
		shown.Note = "There is nobody to remove."
	}
	return names, shown
}

// erase erases the device, if the owner is sure twice, and stops it.
func (d *Device) erase(ctx context.Context) {
	if !d.sure(ctx, "Erase everything?", "All pads, contacts, settings and the log are overwritten, and the device is as new. What was sealed for you and you have not opened can never be opened.", "Erase", "Keep") ||
		!d.sure(ctx, "Really erase everything?", "This cannot be taken back. It clears every file, but flash memory may still remember what was overwritten: to be sure against a laboratory, destroy the card. What others have is not erased.", "Erase now", "Keep") {
		return
	}
	tell := d.progress("Erasing everything")
	if tell == nil {
		return
	}
	err := d.store.Erase(tell)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail(errors.Join(err, d.store.Fault()))
}
