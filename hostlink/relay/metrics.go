package relay

import (
	"fmt"
	"net/http"
)

// metrics answers in Prometheus' text format, version 0.0.4. It has counts and
// no label, so that no user id can be in it. Strangers get none: a count that is
// asked for often enough tells when somebody sends, and how much.
func (r *Relay) metrics(w http.ResponseWriter, _ *http.Request, from origin) error {
	if from.IsValid() {
		return &refused{http.StatusNotFound, "no such endpoint"}
	}
	messages, bytes := r.store.total()
	header(w, "text/plain; version=0.0.4; charset=utf-8")
	for _, m := range []struct {
		name, help string
		value      int64
	}{
		{"otc_relay_mailboxes", "Recipients with messages.", int64(r.store.mailboxes())},
		{"otc_relay_messages", "Messages kept.", messages},
		{"otc_relay_messages_limit", "Messages that may be kept.", r.cfg.MaxMessages},
		{"otc_relay_contents_bytes", "Bytes of contents kept.", bytes},
		{"otc_relay_contents_bytes_limit", "Bytes of contents that may be kept.", r.cfg.MaxBytes},
		{"otc_relay_waiting_requests", "Requests that wait for a message.", int64(r.cfg.MaxPolls) - r.polls.remaining()},
	} {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s gauge\n%s %d\n", m.name, m.help, m.name, m.name, m.value)
	}
	return nil
}
