package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"onetimechat/hostlink/mailbox"
)

// Until one has logged in, such a network sends everybody to its own page, or answers
// in the relay's name.
func TestANetworkThatWantsALoginIsThoughtOf(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/portal/check" {
			_, _ = w.Write([]byte("<title>Welcome</title>"))
			return
		}
		http.Redirect(w, r, "http://login.example/", http.StatusFound)
	})
	plain, private := httptest.NewServer(page), httptest.NewTLSServer(page)
	defer plain.Close()
	defer private.Close()
	for _, address := range []string{plain.URL, plain.URL + "/portal", private.URL} {
		relay, err := mailbox.NewClient(address)
		if err != nil {
			t.Fatal(err)
		}
		u := newUI(&bytes.Buffer{}, &bytes.Buffer{}, func(string) string { return "" })
		what, hint, code := u.explain(relay.Check(t.Context()))
		if code != exitRelay || !strings.Contains(hint, "log in first") {
			t.Errorf("%s: %q, %q, exit code %d", address, what, hint, code)
		}
		relay.Close()
	}
}
