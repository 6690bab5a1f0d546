//go:build linux

package main

import (
	"errors"
	"fmt"

	"onetimechat/firmware/boot/conf"
	"onetimechat/hal/noise"
	"onetimechat/hal/product"
)

// findComparator finds the noise comparator on the pin header if otc.conf names
// its port: nobody else can. The kernel shows all other sources, which the device
// finds as they come. halt lets go of the port after the source is closed.
func findComparator(c conf.Conf) (sources []noise.Source, halt func() error, err error) {
	if c.Comparator == "" {
		return nil, func() error { return nil }, nil
	}
	if p := pluggedOn(c); p != nil && (p.Display.Port == c.Comparator || p.Touch.Port == c.Comparator) {
		return nil, nil, fmt.Errorf("comparator = %s: panel %s is there", c.Comparator, p.Name)
	}
	port, err := product.OpenSPI(c.Comparator, product.Opts{})
	if err != nil {
		return nil, nil, fmt.Errorf("comparator = %w", err)
	}
	comparator, err := noise.NewComparator(port, &noise.DefaultOpts)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("comparator = %s: %w", c.Comparator, err), port.Close())
	}
	return []noise.Source{comparator}, port.Close, nil
}
