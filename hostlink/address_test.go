package hostlink

import (
	"strings"
	"testing"
)

func TestAddressesAsPeopleTypeThem(t *testing.T) {
	for typed, want := range map[string]string{
		"9051":                       "http://localhost:9051",
		"80":                         "http://localhost",
		"1":                          "http://localhost:1",
		"65535":                      "http://localhost:65535",
		"10.55.0.1":                  "http://10.55.0.1:9050",
		"10.55.0.1:7":                "http://10.55.0.1:7",
		"Relay.Example":              "http://relay.example:9050",
		"relay.example:80":           "http://relay.example",
		"http://relay.example":       "http://relay.example",
		"http://relay.example:9050/": "http://relay.example:9050",
		"HTTP://relay.example:007":   "http://relay.example:7",
		"https://relay.example":      "https://relay.example",
		"https://relay.example:443":  "https://relay.example",
		"https://relay.example:9050": "https://relay.example:9050",
		"https://example.org/otc/":   "https://example.org/otc",
		"::1":                        "http://[::1]:9050",
		"[::1]:7":                    "http://[::1]:7",
		"http://[::1]":               "http://[::1]",
		"fe80::1%eth0":               "http://[fe80::1%25eth0]:9050",
		"FE80::1%enP2p1s0":           "http://[fe80::1%25enP2p1s0]:9050",
		"fe80::1%12":                 "http://[fe80::1%2512]:9050",
		"fe80::1%25":                 "http://[fe80::1%2525]:9050",
		"[fe80::1%en0]:7":            "http://[fe80::1%25en0]:7",
		"http://[fe80::1%25en0]:7":   "http://[fe80::1%25en0]:7",
		"http://[fe80::1%en0]":       "http://[fe80::1%25en0]",
	} {
		u, err := ParseAddress(typed, 9050)
		if err != nil || u.String() != want {
			t.Errorf("%q is %v, %v; want %s", typed, u, err, want)
			continue
		}
		again, err := ParseAddress(u.String(), 1)
		if err != nil || again.String() != want {
			t.Errorf("%q typed again is %v, %v", u, again, err)
		}
	}
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	for _, typed := range []string{
		"", "0", "65536", "-1", "relay:0", "relay:65536", "relay:", "relay:x", ":9050", "http://", "http://:80",
		"ftp://relay", "file:///etc/passwd", "alice@relay", "http://alice:x@relay", "relay?x", "http://relay/?",
		"relay#x", "two words", "rel\x1bay", "relay..example", ".relay", "relay%00", "[::1", "☕", strings.Repeat("x", MaxAddress+1),
	} {
		if u, err := ParseAddress(typed, 9050); err == nil {
			t.Errorf("%q is %s", typed, u)
		} else if strings.ContainsAny(err.Error(), "\x1b\n") || len(err.Error()) > 2*MaxAddress {
			t.Errorf("%q: the error is %q", typed, err)
		}
	}
}

func TestADeviceIsNotReachedByHTTPSOrPath(t *testing.T) {
	for typed, why := range map[string]string{"https://10.55.0.1": "private cable", "10.55.0.1/x": "no path", "": "address"} {
		if _, err := NewClient(typed); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want a word about %q", typed, err, why)
		}
	}
	c, err := NewClient("10.55.0.1")
	if err != nil || c.String() != "http://10.55.0.1:9051" {
		t.Errorf("%v, %v", c, err)
	}
}

// What an address is read as is read as itself.
func FuzzAddress(f *testing.F) {
	for _, text := range []string{"9051", "10.55.0.1", "relay.example:9050", "https://Relay.example/x/", "[fe80::1%25eth0]:80", "::1", "http://a:80//"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseAddress(text, 9050)
		if err != nil {
			return
		}
		if again, err := ParseAddress(u.String(), 1); err != nil || again.String() != u.String() {
			t.Errorf("%q is %s, and that is %v, %v", text, u, again, err)
		}
	})
}
