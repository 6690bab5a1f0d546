package conf_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"onetimechat/firmware/boot/conf"
)

func TestAnEmptyFileMeansTheDefaults(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\r\n\r\n", "\ufeff", " \t\r\n", "owner =\nnet =\n"} {
		got, err := conf.Parse([]byte(text))
		if err != nil || got != conf.Default() {
			t.Errorf("Parse(%q) = %+v, %v", text, got, err)
		}
	}
}

func TestEverySettingIsRead(t *testing.T) {
	got, err := conf.Parse([]byte(`owner = alice
panel = fb
link = ethernet
net = 7
rotate = 270
reservoir = 2 GiB
watchdog = off
comparator = spi0.1
approve-button = 5
deny-button = 6
page-button = 13`))
	want := conf.Conf{Owner: "alice", Panel: conf.Framebuffer, Link: conf.Ethernet, Net: 7, Rotate: 270,
		Reservoir: 2 << 30, Watchdog: false, Comparator: "SPI0.1",
		Buttons: conf.Buttons{Approve: 5, Deny: 6, Page: 13}}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// Earlier images said "noise = auto" in each card's file, which an update leaves.
func TestTheNoiseOfEarlierImagesIsPassedOver(t *testing.T) {
	if got, err := conf.Parse([]byte("noise = Auto\n")); err != nil || got != conf.Default() {
		t.Errorf("got %+v, %v", got, err)
	}
	if text := conf.Default().Text(); bytes.Contains(text, []byte("noise =")) {
		t.Errorf("a new file has a setting that nothing reads: %s", text)
	}
}

// What editors and people make of such a file.
func TestTheSameSettingsWrittenOtherwise(t *testing.T) {
	want, err := conf.Parse([]byte("owner = bob\nlink = usb\nreservoir = 64 MiB\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"CRLF":           "owner = bob\r\nlink = usb\r\nreservoir = 64 MiB\r\n",
		"lone CR":        "owner = bob\rlink = usb\rreservoir = 64 MiB\r",
		"byte-order":     "\ufeffowner = bob\nlink = usb\nreservoir = 64 MiB",
		"capitals":       "Owner = Bob\nLINK = USB\nReservoir = 64 mib\n",
		"no blanks":      "owner=bob\nlink=usb\nreservoir=64MiB\n",
		"many blanks":    "\t owner \t=  bob \t\n   link=usb   \n\n\nreservoir =64  MiB",
		"other order":    "reservoir = 64 MiB\nlink = usb\nowner = bob\n",
		"comment behind": "owner = bob # the brother\nlink = usb#\nreservoir = 64 MiB # = 512 Mibit\n",
	} {
		if got, err := conf.Parse([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestAnErrorNamesLineAndValue(t *testing.T) {
	tests := []struct {
		text string
		line int
		show string // what the error quotes
		why  string // what it says
	}{
		{"owner = alice\nrotate = 45\n", 2, "rotate = 45", "0, 90, 180 or 270"},
		{"rotate = -90", 1, "rotate = -90", "0, 90, 180 or 270"},
		{"rotate = 360", 1, "rotate = 360", "0, 90, 180 or 270"},
		{"rotate =", 1, "rotate =", "0, 90, 180 or 270"},
		{"\r\n\r\nowner = Alice Smith\r\n", 3, "owner = Alice Smith", "not a user id"},
		{"owner = \u212Aate", 1, "\u212Aate", "not a user id"}, // the Kelvin sign is no K
		{"owner = ../../etc", 1, "../../etc", "not a user id"},
		{"panel = vga", 1, "panel = vga", "panel can be fb, pitft28, pitft28r, pitft28c, waveshare35 or waveshare13"},
		{"panel =", 1, "panel =", "panel can be fb, pitft28, pitft28r, pitft28c, waveshare35 or waveshare13"},
		{"comparator = /dev/spidev0.1", 1, "/dev/spidev0.1", "SPI0.0 or SPI0.1"},
		{"comparator = on", 1, "comparator = on", "SPI0.0 or SPI0.1"},
		{"approve-button = 7", 1, "approve-button = 7", "4 to 6 or 12 to 27"},
		{"deny-button = 3", 1, "deny-button = 3", "4 to 6 or 12 to 27"},
		{"page-button = 28", 1, "page-button = 28", "4 to 6 or 12 to 27"},
		{"page-button = GPIO5", 1, "page-button = GPIO5", "such as 5"},
		{"approve-button = 5\npage-button = 6\ndeny-button = 5", 3, "deny-button = 5", "another button is on GPIO 5"},
		{"link = wifi", 1, "link = wifi", "auto, usb or ethernet"},
		{"net = 0", 1, "net = 0", "1 to 254"},
		{"net = 255", 1, "net = 255", "1 to 254"},
		{"net = 10.77.3.1", 1, "net = 10.77.3.1", "1 to 254"},
		{"reservoir = 256", 1, "reservoir = 256", "such as 256 MiB"},
		{"reservoir = 0 MiB", 1, "reservoir = 0 MiB", "such as 256 MiB"},
		{"reservoir = -1 GiB", 1, "reservoir = -1 GiB", "such as 256 MiB"},
		{"reservoir = 2000 GiB", 1, "reservoir = 2000 GiB", "such as 256 MiB"},
		{"reservoir = 9223372036854775807 GiB", 1, "reservoir = 9223372036854775807 GiB", "such as 256 MiB"},
		{"watchdog = yes", 1, "watchdog = yes", "on or off"},
		{"noise = none", 1, "noise = none", "noise can be auto"},
		{"# a\nwifi = home", 2, "wifi = home", "the settings are owner, panel"},
		{"owner alice", 1, "owner alice", "key = value"},
		{"= alice", 1, "= alice", "not a setting"},
		{"owner = alice\nlink = usb\nOWNER = bob", 3, "OWNER = bob", "line 1 already"},
		{strings.Repeat("k", 5000) + " = 1", 1, strings.Repeat("k", 60) + "…", "not a setting"},
		{"net = 1\n" + strings.Repeat("x", 5000), 2, strings.Repeat("x", 60) + "…", "key = value"},
		{strings.Repeat("#", conf.MaxSize+1), 0, "", "longer than 65536 bytes"},
		{"\xff\xfeo\x00w\x00", 0, "", "UTF-8"},
		{strings.Repeat("\x00", 512), 0, "", "UTF-8"},
		{"owner = \xe4", 0, "", "UTF-8"},
	}
	for _, test := range tests {
		got, err := conf.Parse([]byte(test.text))
		var wrong *conf.Error
		if !errors.As(err, &wrong) {
			t.Errorf("%.40q: got %v, want a *conf.Error", test.text, err)
			continue
		}
		if got != (conf.Conf{}) {
			t.Errorf("%.40q: settings come with the error: %+v", test.text, got)
		}
		if wrong.Line != test.line || !strings.Contains(wrong.Text, test.show) || !strings.Contains(wrong.Why, test.why) {
			t.Errorf("%.40q: got line %d, %q, %q", test.text, wrong.Line, wrong.Text, wrong.Why)
		}
		if test.line > 0 && !strings.Contains(err.Error(), test.show) {
			t.Errorf("%.40q: the error does not show the line: %v", test.text, err)
		}
	}
}

// What is wrong in a file is shown on the screen that the rest of it names.
func TestTheScreenIsReadOutOfAWrongFile(t *testing.T) {
	for text, want := range map[string]struct {
		panel  conf.Panel
		rotate int
	}{
		"": {conf.Framebuffer, 0}, "panel = vga\nrotate = 90": {conf.Framebuffer, 90},
		"\ufeffPANEL=PiTFT28 # mine\r\nrotate = 45": {conf.PiTFT28, 0},
		"x\rpanel = waveshare35\rrotate = 270\ry":   {conf.Waveshare35, 270},
		"p\x00a\x00\xff\xfe":                        {conf.Framebuffer, 0},
	} {
		c := conf.Salvage([]byte(text))
		if c.Panel != want.panel || c.Rotate != want.rotate {
			t.Errorf("%q: %s turned by %d", text, c.Panel, c.Rotate)
		}
		if c.Panel, c.Rotate = conf.Framebuffer, 0; c != conf.Default() {
			t.Errorf("%q: more than the screen is taken: %+v", text, c)
		}
	}
}

// Text and Parse are inverse for each value of each setting.
func TestTextIsReadBack(t *testing.T) {
	all := []conf.Conf{conf.Default()}
	change := func(f func(*conf.Conf)) {
		c := conf.Default()
		f(&c)
		all = append(all, c)
	}
	change(func(c *conf.Conf) { c.Owner = "alice" })
	change(func(c *conf.Conf) { c.Link = conf.USB })
	change(func(c *conf.Conf) { c.Link = conf.Ethernet })
	change(func(c *conf.Conf) { c.Watchdog = false })
	for _, p := range conf.Panels() {
		change(func(c *conf.Conf) { c.Panel = p })
	}
	change(func(c *conf.Conf) { c.Comparator = "SPI0.1" })
	change(func(c *conf.Conf) { c.Buttons = conf.Buttons{Approve: 4, Deny: 27} })
	change(func(c *conf.Conf) { c.Buttons.Page = 12 })
	for net := range 255 {
		change(func(c *conf.Conf) { c.Net = net })
	}
	for turn := range 4 {
		change(func(c *conf.Conf) { c.Rotate = 90 * turn })
	}
	for shift := 20; shift <= 40; shift++ {
		change(func(c *conf.Conf) { c.Reservoir = 1 << shift })
	}
	for _, want := range all {
		text := want.Text()
		got, err := conf.Parse(text)
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if bytes.Count(text, []byte("\n")) != bytes.Count(text, []byte("\r\n")) || bytes.Contains(text, []byte(" \r")) {
			t.Errorf("lines do not end well: %q", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(conf.Default().Text())
	f.Add([]byte("owner = alice\nreservoir = 1 GiB"))
	f.Add([]byte("\ufeffNET=254\rrotate = 90 # x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := conf.Parse(text)
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if again, err := conf.Parse(c.Text()); err != nil || again != c {
			t.Errorf("read %+v, read back %+v, %v", c, again, err)
		}
	})
}
