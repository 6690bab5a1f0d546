package product_test

import (
	"errors"
	"strings"
	"testing"

	"onetimechat/hal/chips"
	"onetimechat/hal/product"
	"onetimechat/hal/touch/ft6236"
	"onetimechat/hal/touch/stmpe610"
)

// One name stands for both PiTFTs: whichever touch controller is there says its
// name on its own bus, where nothing else is.
func TestTheTouchControllerSaysWhichOfTwoItIs(t *testing.T) {
	absent := errors.New("no such device or address")
	resistive := chips.NewSTMPE610(chips.TouchPanel{Plate: even})
	capacitive := chips.NewFT6236(chips.TouchPanel{})
	for want, there := range map[string]struct{ resistive, capacitive bool }{
		"pitft28r": {resistive: true}, "pitft28c": {capacitive: true}, "": {},
	} {
		var asked []string
		got, err := product.Ask(product.Alike("pitft28"), func(p product.Product) error {
			asked = append(asked, p.Name)
			switch {
			case p.Touch.Chip == product.STMPE610 && there.resistive:
				_, err := stmpe610.New(resistive.Port, &stmpe610.DefaultOpts)
				return err
			case p.Touch.Chip == product.FT6236 && there.capacitive:
				_, err := ft6236.New(capacitive, &ft6236.DefaultOpts)
				return err
			}
			return absent
		})
		if got.Name != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, absent) {
			t.Errorf("%q: asked %v, it is %q, %v", want, asked, got.Name, err)
		}
	}
	for _, name := range []string{"", "fb", "pitft28r", "waveshare35"} {
		if list := product.Alike(name); len(list) > 0 {
			t.Errorf("%q leaves open which of %d it is", name, len(list))
		}
	}
	if _, err := product.Ask(nil, nil); err == nil || !strings.Contains(err.Error(), "which it is") {
		t.Error(err)
	}
}
