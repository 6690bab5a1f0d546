package relay

import (
	"net/http"
	"net/netip"
	"strings"
)

// origin is whose requests are counted together: an IPv4 address, or an IPv6
// network as one customer gets it. The zero origin is the keeper's own: this
// computer and private networks, which no share is kept for.
type origin struct{ netip.Prefix }

// bitsOfIPv6 is how much of an IPv6 address tells customers apart.
const bitsOfIPv6 = 48

func originOf(addr netip.Addr) origin {
	addr = addr.Unmap()
	if !addr.IsValid() || addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() {
		return origin{}
	}
	bits := addr.BitLen()
	if addr.Is6() {
		bits = bitsOfIPv6
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return origin{}
	}
	return origin{prefix}
}

// addressOrigin is who is at an address with its port.
func addressOrigin(hostPort string) origin {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return origin{}
	}
	return originOf(at.Addr())
}

// requestOrigin is who asks. A reverse proxy of the keeper's says it in the
// last entry of X-Forwarded-For, the one that it wrote itself; a stranger's
// own header is not believed.
func requestOrigin(req *http.Request) origin {
	if from := addressOrigin(req.RemoteAddr); from.IsValid() {
		return from
	}
	lines := req.Header.Values("X-Forwarded-For")
	if len(lines) == 0 {
		return origin{}
	}
	last := lines[len(lines)-1]
	last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	if addr, err := netip.ParseAddr(last); err == nil {
		return originOf(addr)
	}
	return addressOrigin(last) // some proxies add the port
}
