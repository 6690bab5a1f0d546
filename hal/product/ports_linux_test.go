package product_test

import (
	"errors"
	"strings"
	"testing"

	"onetimechat/hal/product"
)

// On a board without the port, the fault names both.
func TestAMissingPortIsNamed(t *testing.T) {
	for _, p := range product.Products() {
		_, err := p.Open(product.Opts{Dev: t.TempDir()})
		if !errors.Is(err, product.ErrNoDevice) || !strings.Contains(err.Error(), "panel "+p.Name+": SPI0.0: no such device") {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}
