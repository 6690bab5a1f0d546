package conf

import (
	"fmt"
	"strings"
)

// comments is the file around its values, one %s for each setting in order.
const comments = `# One Time Chat: settings of this pad device. They are read at each start.
# Lines are "key = value"; # begins a comment. Change them on any PC.

# The owner's name: 1 to 32 of a-z 0-9 _ - (first a letter or digit).
# Empty: the first start asks for it on the touchscreen.
# It cannot be changed once there is a pad.
owner = %s

# The screen. fb: an HDMI screen with USB touch, or Raspberry Pi's first 7-inch
# display. On the pin header: pitft28 (Adafruit PiTFT 2.8", which says whether it is
# the resistive one, pitft28r, or the capacitive one, pitft28c), waveshare35 (Waveshare
# 3.5" (A) and its clones), waveshare13 (Waveshare 1.3", worked by its three keys).
panel = %s

# How the picture is turned, in degrees clockwise: 0, 90, 180 or 270. The device's
# own settings can turn it on from there.
rotate = %s

# Where the laptop is plugged in: usb; ethernet, which is the board's own socket, or an
# adapter where it has none; or auto: usb on a 4B; on a Zero 2 W usb, or an Ethernet
# adapter while one is plugged in; ethernet on others.
link = %s

# The device's address is 10.77.N.1. Empty: N comes from the board's serial
# number. Set 1 to 254 where two devices on one laptop have got the same N, or where
# the laptop is in another network of such addresses.
net = %s

# Randomness laid up while idle, so that a meeting need not wait for it:
# 1 MiB to 1024 GiB, less where the card has less room. What the device's own
# settings say comes first.
reservoir = %s

# Restart the board when its program hangs: on or off.
watchdog = %s

# A noise comparator whose output is on MISO: SPI0.0 or SPI0.1, one that the screen
# does not use. Empty: there is none. Other sources of randomness need no setting:
# all that are found are used, up to eight.
comparator = %s

# Push-buttons, each between a GPIO and ground, beside the touchscreen or instead of
# it: the GPIO's number, 4 to 6 or 12 to 27, one that the screen does not use, such as
# 5, 6 and 13. A ring on the screen marks what the approve button does; the page
# button turns the page, or moves the ring. Empty: none, or the screen's own keys.
approve-button = %s
deny-button = %s
page-button = %s
`

// Text is c as a whole otc.conf, with comments and CRLF line ends, so that
// every editor shows it well. Parse reads it back.
func (c Conf) Text() []byte {
	watchdog := "off"
	if c.Watchdog {
		watchdog = "on"
	}
	b := c.Buttons
	text := fmt.Sprintf(comments, c.Owner, c.Panel, fmt.Sprint(c.Rotate), c.Link, orEmpty(c.Net), formatSize(c.Reservoir), watchdog, c.Comparator,
		orEmpty(b.Approve), orEmpty(b.Deny), orEmpty(b.Page))
	return []byte(strings.ReplaceAll(strings.ReplaceAll(text, " \n", "\n"), "\n", "\r\n"))
}

// orEmpty is n, and nothing for 0.
func orEmpty(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
