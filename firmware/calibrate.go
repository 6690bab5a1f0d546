//go:build linux

package main

import (
	"context"
	"time"

	"onetimechat/firmware/boot"
	"onetimechat/firmware/calibration"
	"onetimechat/hal/product"
	"onetimechat/padstore/durable"
)

// calibrationTime is how long an owner who called for a calibration may take, as
// again tells them. After that the sheet stays as it was.
const calibrationTime = 2 * time.Minute

// calibrator calibrates the touch sheet of a product on the pin header.
type calibrator struct {
	plugged product.Product
	card    durable.Disk
	screen  *glass
}

// fitTouches has touches be fitted to the picture. It returns how an owner may call for
// that again, nil where there is nothing to fit.
func fitTouches(ctx context.Context, m *boot.Machine, card durable.Disk, screen *glass) (again func(context.Context) error, err error) {
	plugged := pluggedOn(m.Conf)
	if plugged == nil || !plugged.HasTouch() {
		return nil, nil
	}
	c := calibrator{plugged: *plugged, card: card, screen: screen}
	return c.again, c.first(ctx, m)
}

// first fits touches to the picture as the card knows it. A resistive sheet of a
// screen of which it knows nothing is calibrated now, for as long as it takes: without
// that nothing can be tapped.
func (c calibrator) first(ctx context.Context, m *boot.Machine) error {
	fitted, ok, err := calibration.Load(c.card, c.plugged.Name)
	if err != nil {
		return err
	}
	if ok || !c.plugged.Touch.Resistive {
		c.screen.fit(fitted)
		return nil
	}
	asking, stop := context.WithCancel(ctx)
	defer stop()
	go beat(asking, m, c.screen.look)
	return c.calibrate(ctx, "")
}

// again is for an owner who calls for it.
func (c calibrator) again(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, calibrationTime)
	defer stop()
	return c.calibrate(ctx, "To leave it as it was, wait two minutes.")
}

// calibrate has the owner touch crosses, and keeps what came of it.
func (c calibrator) calibrate(ctx context.Context, wayOut string) error {
	renderer, err := c.screen.renderer()
	if err != nil {
		return err
	}
	flow, err := calibration.New(renderer, c.screen, c.screen.size(), c.screen.where, wayOut)
	if err != nil {
		return err
	}
	c.screen.giveRaw(flow.Touched)
	defer c.screen.giveRaw(nil)
	fitted, err := flow.Map(ctx)
	if err != nil {
		return err
	}
	c.screen.fit(fitted)
	return calibration.Save(c.card, c.plugged.Name, fitted)
}
