package link

import (
	"fmt"
	"os"
	"path/filepath"
)

// isolate has the kernel treat an interface as one to a stranger: nothing is
// forwarded from it or to it, and no address, route or name is taken from who
// is there. Each setting is documented in the kernel's ip-sysctl; one that
// cannot be set is an error, as the kernel might do otherwise then.
func isolate(r Roots, name string) error {
	for _, s := range []struct{ path, value string }{
		{"ipv4/ip_forward", "0"},
		{"ipv4/conf/" + name + "/forwarding", "0"},
		{"ipv6/conf/all/forwarding", "0"},
		{"ipv6/conf/" + name + "/forwarding", "0"},
		{"ipv4/conf/" + name + "/proxy_arp", "0"},
		{"ipv4/conf/" + name + "/rp_filter", "1"},
		{"ipv4/conf/" + name + "/arp_ignore", "1"}, // it answers for this interface's address only
		{"ipv4/conf/" + name + "/accept_redirects", "0"},
		{"ipv4/conf/" + name + "/send_redirects", "0"},
		{"ipv4/conf/" + name + "/accept_source_route", "0"},
		{"ipv6/conf/" + name + "/accept_ra", "0"},
		{"ipv6/conf/" + name + "/autoconf", "0"},
		{"ipv6/conf/" + name + "/accept_redirects", "0"},
		{"ipv6/conf/" + name + "/accept_source_route", "0"},
	} {
		if err := os.WriteFile(r.sysctl(filepath.FromSlash(s.path)), []byte(s.value), 0); err != nil {
			return fmt.Errorf("closing %s: %w", name, err)
		}
	}
	return nil
}
