package relay

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestMetricsCountAndNameNobody(t *testing.T) {
	r := start(t, Config{})
	r.mustSend(t, "bob", "four", "")
	r.mustSend(t, "carol", "five5", "")
	resp, err := http.Get(r.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"# TYPE otc_relay_mailboxes gauge", "otc_relay_mailboxes 2", "otc_relay_contents_bytes 9", "otc_relay_waiting_requests 0"} {
		if !strings.Contains(string(text), line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	for _, name := range []string{"bob", "carol", "alice"} {
		if strings.Contains(string(text), name) {
			t.Errorf("%s is named in\n%s", name, text)
		}
	}
}
