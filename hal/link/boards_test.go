package link

import (
	"strings"
	"testing"
)

// The models as the device trees of Debian's kernel and of Raspberry Pi's boot
// code name them.
func TestBoardsAreKnownByTheirDeviceTree(t *testing.T) {
	for model, want := range map[string]string{
		"Raspberry Pi 3 Model B":              "3B",
		"Raspberry Pi 3 Model B Rev 1.2":      "3B",
		"Raspberry Pi 3 Model B+":             "3B+",
		"Raspberry Pi 3 Model B Plus Rev 1.3": "3B+",
		"Raspberry Pi 3 Model A+":             "3A+",
		"Raspberry Pi 3 Model A Plus Rev 1.0": "3A+",
		"Raspberry Pi Zero 2 W":               "Zero 2 W",
		"Raspberry Pi Zero 2 W Rev 1.0":       "Zero 2 W",
		"Raspberry Pi 4 Model B":              "4B",
		"Raspberry Pi 4 Model B Rev 1.5":      "4B",
	} {
		b, ok := BoardOf(model)
		if !ok || b.Name != want {
			t.Errorf("%q is %q, %v; want %q", model, b.Name, ok, want)
		}
	}
	for _, model := range []string{"", "Raspberry Pi", "Raspberry Pi 3 Model", "Raspberry Pi 5 Model B Rev 1.0", "Raspberry Pi 400 Rev 1.0", "Raspberry Pi 3 Model Best", "QEMU"} {
		if b, ok := BoardOf(model); ok {
			t.Errorf("%q is taken for %s", model, b.Name)
		}
	}
}

func TestTheBoardSaysWhatOtcConfDoesNot(t *testing.T) {
	for _, test := range []struct {
		wish, model string
		want        Port
	}{
		{"usb", "Raspberry Pi 3 Model B Rev 1.2", USB},
		{"ethernet", "Raspberry Pi 4 Model B Rev 1.5", Ethernet},
		{"auto", "Raspberry Pi 3 Model B Rev 1.2", Ethernet},
		{"auto", "Raspberry Pi 3 Model B Plus Rev 1.3", Ethernet},
		{"auto", "Raspberry Pi 3 Model A Plus Rev 1.0", Ethernet}, // an adapter
		{"auto", "Raspberry Pi Zero 2 W Rev 1.0", Either},
		{"auto", "Raspberry Pi 4 Model B Rev 1.5", USB},
		{"auto", "a board of tomorrow", Either},
	} {
		if got, err := Choose(test.wish, test.model); err != nil || got != test.want {
			t.Errorf("Choose(%q, %q) = %v, %v; want %v", test.wish, test.model, got, err, test.want)
		}
	}
	for _, wish := range []string{"", "USB", "wifi"} {
		if p, err := Choose(wish, "Raspberry Pi 4 Model B"); err == nil {
			t.Errorf("%q is taken for %v", wish, p)
		}
	}
}

func TestTheTableOfBoardsHoldsTogether(t *testing.T) {
	for _, b := range Boards() {
		// A board without a socket of either kind takes an adapter.
		if (b.Auto == Ethernet) != (b.Gadget == USBNone) {
			t.Errorf("the %s has no socket for %v", b.Name, b.Auto)
		}
		if (b.Auto == Either) != (b.Gadget == b.Host) {
			t.Errorf("the %s has %s and %s, and its link is on %v", b.Name, b.Host, b.Gadget, b.Auto)
		}
		if b.Link == "" || b.Meeting == "" || b.Host == USBNone {
			t.Errorf("%+v lacks something", b)
		}
	}
}

// Whichever two boards meet, there is a cable, it is the same both ways round,
// and it fits into sockets that they have.
func TestAnyTwoBoardsHaveACable(t *testing.T) {
	for _, a := range Boards() {
		for _, b := range Boards() {
			ways, back := Cables(a, b), Cables(b, a)
			if len(ways) == 0 || len(ways) != len(back) {
				t.Errorf("%s and %s: %q and %q", a.Name, b.Name, ways, back)
			}
			for _, w := range ways {
				ethernet := strings.HasPrefix(w, "an Ethernet cable")
				adapters := strings.Contains(w, adapter)
				if ethernet && !adapters && !(a.Ethernet && b.Ethernet) {
					t.Errorf("%s and %s have no sockets for %q", a.Name, b.Name, w)
				}
				if !ethernet && a.Gadget == USBNone && b.Gadget == USBNone {
					t.Errorf("%s and %s are both hosts: %q", a.Name, b.Name, w)
				}
			}
		}
	}
	three, zero, four := boardNamed(t, "3B"), boardNamed(t, "Zero 2 W"), boardNamed(t, "4B")
	for _, test := range []struct {
		a, b Board
		want string
	}{
		{three, three, "an Ethernet cable"},
		{three, zero, "a USB cable from A, in the 3B, to micro-B, in the Zero 2 W"},
		{zero, zero, "a USB cable from A, in the Zero 2 W with an OTG adapter, to micro-B, in the other"},
		{zero, four, "a USB cable from A, in the 4B, to micro-B, in the Zero 2 W"},
	} {
		found := false
		for _, w := range Cables(test.a, test.b) {
			found = found || w == test.want
		}
		if !found {
			t.Errorf("%s and %s: %q lacks %q", test.a.Name, test.b.Name, Cables(test.a, test.b), test.want)
		}
	}
}

func boardNamed(t *testing.T, name string) Board {
	t.Helper()
	for _, b := range Boards() {
		if b.Name == name {
			return b
		}
	}
	t.Fatalf("no board %s", name)
	return Board{}
}

// Every N has its own addresses, and no other network's.
func TestNetworks(t *testing.T) {
	for n := -1; n <= 256; n++ {
		net, err := networkOf(n)
		if n < 1 || n > 254 {
			if err == nil {
				t.Errorf("network %d is accepted", n)
			}
			continue
		}
		if err != nil || !net.holds(net.device) || !net.holds(net.laptop) || net.device == net.laptop {
			t.Errorf("network %d: %+v, %v", n, net, err)
		}
		other, err := networkOf(n%254 + 1)
		if err != nil || net.holds(other.device) || net.holds(other.laptop) {
			t.Errorf("networks %d and its next overlap", n)
		}
	}
}
