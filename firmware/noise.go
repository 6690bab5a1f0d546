//go:build linux

package main

import (
	"errors"
	"fmt"

	"onetimechat/firmware/boot/conf"
	"onetimechat/hal/noise"
	"onetimechat/hal/product"
)

// findNoise finds the board's sources: those that the kernel shows, and a
// comparator on the pin header if otc.conf names its port. halt lets go of them
// after they are closed.
func findNoise(c conf.Conf) (sources []noise.Source, halt func() error, err error) {
	halt = func() error { return nil }
	sources, err = noise.Find(noise.Roots{})
	if len(sources) == 0 && err != nil {
		return nil, nil, fmt.Errorf("looking for noise sources: %w", err)
	}
	if c.Comparator == "" {
		return sources, halt, nil
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
	return append(sources, comparator), port.Close, nil
}
