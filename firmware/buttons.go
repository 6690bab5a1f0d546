//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"

	"onetimechat/display"
	"onetimechat/firmware/boot/conf"
	"onetimechat/hal/keys"
	"onetimechat/hal/product"
)

// buttons are the push-buttons on the pin header.
type buttons struct {
	dev   *keys.Dev
	means []display.Key // of each line
}

// newButtons sets up the push-buttons that otc.conf names, and those that what is
// plugged on has; nil if there are none.
func newButtons(c conf.Conf, plugged *product.Product) (*buttons, error) {
	wired, err := wiring(c.Buttons, plugged)
	if err != nil || len(wired) == 0 {
		return nil, err
	}
	b := &buttons{}
	var lines []keys.Line
	for _, w := range wired {
		pin, err := product.OpenLine(w.line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		b.means = append(b.means, w.key)
		lines = append(lines, pin)
	}
	b.dev, err = keys.New(lines...)
	return b, err
}

// wire is the line of one push-button.
type wire struct {
	name string // as in otc.conf
	key  display.Key
	line product.Line
}

// wiring is where the push-buttons are: where otc.conf says, else where the
// product has them.
func wiring(b conf.Buttons, plugged *product.Product) (wired []wire, err error) {
	var p product.Product
	if plugged != nil {
		p = *plugged
	}
	taken := make(map[product.Line]string)
	for _, button := range []struct {
		name   string
		key    display.Key
		wanted int
		own    product.Line
	}{
		{"approve-button", display.KeyApprove, b.Approve, p.Keys.Approve},
		{"deny-button", display.KeyDeny, b.Deny, p.Keys.Deny},
		{"page-button", display.KeyPage, b.Page, p.Keys.Page},
	} {
		line := cmp.Or(product.Line(button.wanted), button.own)
		switch {
		case line == 0:
			continue
		case plugged != nil && p.Uses(line):
			return nil, fmt.Errorf("%s = %d: panel %s is there", button.name, line, p.Name)
		case taken[line] != "":
			return nil, fmt.Errorf("%s = %d: %s is there", button.name, line, taken[line])
		}
		taken[line] = button.name
		wired = append(wired, wire{button.name, button.key, line})
	}
	return wired, nil
}

// all tells whether every screen can be worked by them alone.
func (b *buttons) all() bool { return b != nil && len(b.means) == 3 }

// Run tells take of each key, by its display.Key, until ctx ends.
func (b *buttons) Run(ctx context.Context, take func(keys.Event) error) error {
	return b.dev.Run(ctx, func(e keys.Event) error {
		e.Key = int(b.means[e.Key])
		return take(e)
	})
}
