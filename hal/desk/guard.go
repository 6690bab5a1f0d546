package desk

import (
	"net/http"

	"onetimechat/hostlink"
)

// policy lets the page load its own files and talk to its own server, and
// nothing else; nobody may frame it.
const policy = "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// guard passes on what comes from the touchscreen's own page or from no page
// at all: the rules of the device's link, with the page's own origins let in.
// A foreign page may not look either. Images, frames and links carry no
// Origin, but browsers say where they come from (Sec-Fetch-Site), and older
// ones heed the headers set here. A link on a foreign page does not open the
// screen: it could be laid under the mouse just before a click.
func guard(hosts []string, next http.Handler) http.Handler {
	var origins []string
	for _, host := range hosts {
		origins = append(origins, "http://"+host)
	}
	guarded := hostlink.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		if r.Method != http.MethodPost && r.ContentLength != 0 {
			// While a body is unread a server cannot see its client leave.
			w.Header().Set("Connection", "close")
			http.Error(w, "no body is expected here", http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r)
	}), hosts, origins...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("X-Frame-Options", "DENY")
		guarded.ServeHTTP(w, r)
	})
}
