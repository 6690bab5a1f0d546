package conf

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"onetimechat/padstore/uid"
)

// Bounds of a reservoir, in bytes. The upper one is beyond every card.
const (
	minReservoir = 1 << 20
	maxReservoir = 1 << 40
)

// Set takes the value of a setting, as it stands behind "key =" in the file,
// into c. The error, for a key that is none or a value that it cannot have, says
// what would be right, and c is as before.
func (c *Conf) Set(key, value string) error {
	switch key {
	case "owner":
		return c.setOwner(value)
	case "panel":
		return c.setPanel(value)
	case "rotate":
		return c.setRotate(value)
	case "link":
		return c.setLink(value)
	case "net":
		return c.setNet(value)
	case "reservoir":
		return c.setReservoir(value)
	case "watchdog":
		return c.setWatchdog(value)
	case "noise":
		return passedOver(value)
	case "comparator":
		return c.setComparator(value)
	case "approve-button":
		return c.Buttons.set(&c.Buttons.Approve, value)
	case "deny-button":
		return c.Buttons.set(&c.Buttons.Deny, value)
	case "page-button":
		return c.Buttons.set(&c.Buttons.Page, value)
	}
	return fmt.Errorf("%q is not a setting; the settings are owner, panel, rotate, link, net, reservoir, watchdog, comparator, approve-button, deny-button and page-button", shown(key))
}

// setOwner takes a name with capitals for one without.
func (c *Conf) setOwner(value string) error {
	if value == "" {
		c.Owner = ""
		return nil
	}
	lower := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, value)
	if uid.Check(lower) != nil {
		return uid.Check(value) // names what was written
	}
	c.Owner = lower
	return nil
}

func (c *Conf) setPanel(value string) error {
	p := Panel(strings.ToLower(value))
	if !slices.Contains(Panels(), p) {
		return fmt.Errorf("panel can be %s", orList(Panels()))
	}
	c.Panel = p
	return nil
}

// orList is "a, b or c".
func orList[S ~string](all []S) string {
	var b strings.Builder
	for i, one := range all {
		switch i {
		case 0:
		case len(all) - 1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(one))
	}
	return b.String()
}

func (c *Conf) setLink(value string) error {
	l := Link(strings.ToLower(value))
	if l != Auto && l != USB && l != Ethernet {
		return fmt.Errorf("link can be %s, %s or %s", Auto, USB, Ethernet)
	}
	c.Link = l
	return nil
}

func (c *Conf) setNet(value string) error {
	if value == "" {
		c.Net = 0
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 254 {
		return errors.New("net can be 1 to 254, or left empty")
	}
	c.Net = n
	return nil
}

func (c *Conf) setRotate(value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n%90 != 0 || n < 0 || n > 270 {
		return errors.New("rotate can be 0, 90, 180 or 270")
	}
	c.Rotate = n
	return nil
}

func (c *Conf) setWatchdog(value string) error {
	switch strings.ToLower(value) {
	case "on":
		c.Watchdog = true
	case "off":
		c.Watchdog = false
	default:
		return errors.New("watchdog can be on or off")
	}
	return nil
}

// passedOver takes the one value that "noise" ever had. Earlier images came with that
// line, and an update leaves otc.conf as it is.
func passedOver(value string) error {
	if !strings.EqualFold(value, "auto") {
		return errors.New("noise can be auto, or left out: all sources that are found are used")
	}
	return nil
}

// setComparator takes the ports that the image's overlay makes: the first SPI
// controller with its two chip selects.
func (c *Conf) setComparator(value string) error {
	switch port := strings.ToUpper(value); port {
	case "", "SPI0.0", "SPI0.1":
		c.Comparator = port
		return nil
	}
	return errors.New("comparator can be SPI0.0 or SPI0.1, or left empty")
}

// set takes the line of one of the buttons: one that the pin header has, and that
// the image has not made a port of (GPIO 2 and 3 are I2C 1, 7 to 11 are SPI 0).
func (b *Buttons) set(line *int, value string) error {
	if value == "" {
		*line = 0
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 4 || n > 27 || n >= 7 && n <= 11 {
		return errors.New("a button can be on GPIO 4 to 6 or 12 to 27, such as 5, or left empty")
	}
	before := *line
	*line = 0
	if n == b.Approve || n == b.Deny || n == b.Page {
		*line = before
		return fmt.Errorf("another button is on GPIO %d already", n)
	}
	*line = n
	return nil
}

func (c *Conf) setReservoir(value string) error {
	n, err := parseSize(value)
	if err != nil || n < minReservoir || n > maxReservoir {
		return errors.New("reservoir can be 1 MiB to 1024 GiB, such as 256 MiB")
	}
	c.Reservoir = n
	return nil
}

// parseSize reads "256 MiB" or "2GiB", capitals or not, into bytes.
func parseSize(value string) (int64, error) {
	value = strings.ToLower(value)
	unit := int64(1) << 20
	number, ok := strings.CutSuffix(value, "mib")
	if !ok {
		unit = 1 << 30
		number, ok = strings.CutSuffix(value, "gib")
	}
	if !ok {
		return 0, fmt.Errorf("%q has no unit", value)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("%d is out of range", n)
	}
	return n * unit, nil
}

// formatSize is the inverse of parseSize for whole MiB.
func formatSize(n int64) string {
	if n%(1<<30) == 0 {
		return fmt.Sprintf("%d GiB", n>>30)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
