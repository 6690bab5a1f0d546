package hostlink

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// ParseAddress reads the address of a relay or a pad device as people type
// it, and returns it as a URL whose String is the same for the same address,
// however it was typed:
//
//	9051                 that port on localhost
//	10.77.1.1            http at defaultPort
//	relay.example:9050   http
//	fe80::1%eth0         likewise, on that interface
//	http://…, https://…  as they are; the scheme's own port may be left out
//
// The scheme's own port is left out of the result. A path is kept, without a
// slash at its end. Everything else that a URL can hold is refused.
func ParseAddress(s string, defaultPort int) (*url.URL, error) {
	typed := s
	bad := func(why string) (*url.URL, error) {
		return nil, fmt.Errorf("%q is not an address: %s", typed, why)
	}
	tooLong := fmt.Sprintf("longer than %d bytes", MaxAddress)
	if len(s) > MaxAddress {
		typed = typed[:MaxAddress]
		return bad(tooLong)
	}
	if port, err := strconv.Atoi(s); err == nil {
		s = "localhost:" + strconv.Itoa(port)
	}
	if ip, err := netip.ParseAddr(s); err == nil && ip.Is6() {
		s = "[" + s + "]"
	}
	s = escapeZone(s)
	full := strings.Contains(s, "://")
	if !full {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		if parse, ok := errors.AsType[*url.Error](err); ok {
			err = parse.Err
		}
		return bad(err.Error())
	}
	name, zone, zoned := strings.Cut(u.Hostname(), "%")
	host, port := strings.ToLower(name), u.Port()
	if zoned { // an interface's name, whose capitals count
		host += "%" + zone
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("use http or https")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return bad("use host and port only")
	case !validHost(host) || strings.HasSuffix(u.Host, ":"):
		return bad("use host:port")
	}
	if port == "" && !full {
		port = strconv.Itoa(defaultPort)
	}
	if port != "" {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 {
			return bad("ports are 1 to 65535")
		}
		port = strconv.Itoa(n)
	}
	if (u.Scheme == "http" && port == "80") || (u.Scheme == "https" && port == "443") {
		port = ""
	}
	u = &url.URL{Scheme: u.Scheme, Host: joinHost(host, port), Path: strings.TrimRight(u.Path, "/")}
	if len(u.String()) > MaxAddress { // escaped, it is kept and read again
		return bad(tooLong)
	}
	return u, nil
}

// escapeZone writes the % of a zone, as in [fe80::1%eth0], as a URL has it: %25.
func escapeZone(s string) string {
	host, after, bracketed := strings.Cut(s, "]")
	before, zone, zoned := strings.Cut(host, "%")
	if escaped, ok := strings.CutPrefix(zone, "25"); !bracketed || !zoned || ok && escaped != "" {
		return s
	}
	return before + "%25" + zone + "]" + after
}

// validHost accepts IP addresses, with zones of the same letters as names, and
// names of letters, digits, '-', '_' and dots.
func validHost(host string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-_."
	if ip, err := netip.ParseAddr(host); err == nil {
		return strings.Trim(strings.ToLower(ip.Zone()), letters) == ""
	}
	return host != "" && strings.Trim(host, letters) == "" &&
		!strings.HasPrefix(host, ".") && !strings.Contains(host, "..")
}

func joinHost(host, port string) string {
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
