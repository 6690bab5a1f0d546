package hostlink

import (
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Guard lets through to next only requests that were meant for this listener
// and that no foreign web page can have caused:
//
//   - HTTP/1.1, and GET, HEAD or POST;
//   - a Host header that is one of hosts, exactly, port included (see Hosts),
//     so that a name rebound to our address by its owner's DNS does not reach
//     us;
//   - no Origin header, or one that is exactly one of origins
//     ("http://host:port"), and no sign (Sec-Fetch-Site) that another page
//     asked;
//   - for POST, a body that says it is JSON, which a page cannot send across
//     origins without a preflight, and no preflight is ever answered.
//
// The rest is refused with a bare status. The answer's headers forbid framing,
// sniffing, caching, and use by other pages.
func Guard(next http.Handler, hosts []string, origins ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		if status := inspect(r, hosts, origins); status != http.StatusOK {
			refuse(w, status)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// inspect returns StatusOK, or why the request is refused.
func inspect(r *http.Request, hosts, origins []string) int {
	switch {
	case r.ProtoMajor != 1 || r.ProtoMinor != 1:
		return http.StatusHTTPVersionNotSupported
	case r.URL.Host != "" || !slices.Contains(hosts, r.Host):
		return http.StatusMisdirectedRequest
	case !ownPage(r.Header, origins):
		return http.StatusForbidden
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return http.StatusOK
	case http.MethodPost:
		if !isJSON(r.Header) {
			return http.StatusUnsupportedMediaType
		}
		return http.StatusOK
	default:
		return http.StatusMethodNotAllowed
	}
}

// ownPage reports whether no web page sent the request, or one from origins.
// A page on another port of the same host is "same-site", and foreign.
func ownPage(h http.Header, origins []string) bool {
	if from, ok := h["Origin"]; ok && (len(from) != 1 || !slices.Contains(origins, from[0])) {
		return false
	}
	site, ok := h["Sec-Fetch-Site"]
	if !ok {
		return true
	}
	return len(origins) > 0 && len(site) == 1 && (site[0] == "same-origin" || site[0] == "none")
}

func isJSON(h http.Header) bool {
	types := h["Content-Type"]
	if len(types) != 1 || len(h["Content-Encoding"]) > 0 {
		return false
	}
	kind, params, err := mime.ParseMediaType(types[0])
	if err != nil || kind != "application/json" {
		return false
	}
	charset, ok := params["charset"]
	if ok {
		delete(params, "charset")
	}
	return len(params) == 0 && (!ok || strings.EqualFold(charset, "utf-8"))
}

// refuse answers with a bare status and closes the connection. The body that
// the sender still owes is not waited for longer than it takes to be polite.
func refuse(w http.ResponseWriter, status int) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
	w.Header().Set("Connection", "close")
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}

// Hosts returns the Host headers by which a listener, or a connection it
// accepted, may be addressed: its own address, and names at its port. A
// listener on every address has no address of its own, only names.
func Hosts(address net.Addr, names ...string) []string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return nil
	}
	if !tcp.IP.IsUnspecified() {
		// Without the zone: it means something on this machine only, and
		// clients leave it out.
		names = append([]string{tcp.IP.String()}, names...)
	}
	hosts := make([]string, 0, len(names))
	for _, name := range names {
		host := net.JoinHostPort(name, strconv.Itoa(tcp.Port))
		hosts = append(hosts, host)
		if tcp.Port == 80 { // which clients leave out
			hosts = append(hosts, strings.TrimSuffix(host, ":80"))
		}
	}
	return hosts
}
