package relay

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/uid"
)

//go:embed index.html
var index []byte

var errTooManyPolls = errors.New("too many requests are waiting")

// refused is an answer other than 200.
type refused struct {
	status int
	text   string
}

func (e *refused) Error() string { return e.text }

func badRequest(format string, args ...any) error {
	return &refused{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// handler answers the endpoints. Each returns its error instead of writing it.
func (r *Relay) handler() http.Handler {
	endpoints := map[string]struct {
		method string
		answer func(http.ResponseWriter, *http.Request, origin) error
	}{
		"/":            {http.MethodGet, r.index},
		"/check":       {http.MethodGet, r.check},
		"/send":        {http.MethodPost, r.send},
		"/getmessages": {http.MethodGet, r.getMessages},
		"/getnextref":  {http.MethodGet, r.getNextRef},
		"/metrics":     {http.MethodGet, r.metrics},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		endpoint, ok := endpoints[req.URL.Path]
		from := requestOrigin(req)
		fits := r.requests.take(from, 1)
		if fits {
			defer r.requests.give(from, 1)
		}
		var err error
		switch {
		case !fits, crowded(req.Context()):
			w.Header().Set("Connection", "close")
			err = &refused{http.StatusServiceUnavailable, "too many connections"}
		case !ok:
			err = &refused{http.StatusNotFound, "no such endpoint"}
		case req.Method != endpoint.method && !(req.Method == http.MethodHead && endpoint.method == http.MethodGet):
			w.Header().Set("Allow", endpoint.method)
			err = &refused{http.StatusMethodNotAllowed, "use " + endpoint.method}
		case endpoint.method == http.MethodGet && req.ContentLength != 0:
			// While a body is not read, net/http does not notice that its sender
			// is gone, and a poll would wait on.
			w.Header().Set("Connection", "close")
			err = badRequest("%s takes no body", req.URL.Path)
		default:
			err = endpoint.answer(w, req, from)
		}
		if err != nil {
			r.refuse(w, req, err)
		}
	})
}

// retryAfter is what a client is told to wait when the relay is busy, in
// seconds.
const retryAfter = "5"

func (r *Relay) refuse(w http.ResponseWriter, req *http.Request, err error) {
	answer := &refused{http.StatusInternalServerError, "internal error"}
	tooLarge := (*http.MaxBytesError)(nil)
	switch {
	case errors.As(err, &answer):
	case errors.As(err, &tooLarge):
		answer = &refused{http.StatusRequestEntityTooLarge, "package too large"}
	case errors.Is(err, errMailboxFull), errors.Is(err, errShareFull), errors.Is(err, errSpent):
		answer = &refused{http.StatusTooManyRequests, err.Error()}
	case errors.Is(err, errRelayFull), errors.Is(err, errUnwritable), errors.Is(err, errClosing), errors.Is(err, errTooManyPolls), errors.Is(err, errBudget):
		answer = &refused{http.StatusServiceUnavailable, err.Error()}
	default:
		r.cfg.Log.Error("request failed", "endpoint", req.URL.Path, "error", advised(err))
	}
	if answer.status == http.StatusTooManyRequests || answer.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	r.cfg.Log.Debug("request refused", "endpoint", req.URL.Path, "status", answer.status, "reason", answer.text)
	reply(w, answer.status, mailbox.ErrorReply{Error: answer.status, Message: answer.text})
}

// reply writes a small JSON answer. That a client is gone already is no
// concern of ours.
func reply(w http.ResponseWriter, status int, body any) {
	header(w, "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func header(w http.ResponseWriter, contentType string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

func (r *Relay) index(w http.ResponseWriter, _ *http.Request, _ origin) error {
	header(w, "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Write(index)
	return nil
}

func (r *Relay) check(w http.ResponseWriter, _ *http.Request, _ origin) error {
	reply(w, http.StatusOK, mailbox.CheckReply{Status: "ok"})
	return nil
}

// echoTail is how many characters of the contents an answer to send repeats.
const echoTail = 10

func (r *Relay) send(w http.ResponseWriter, req *http.Request, from origin) error {
	// Three bytes for one is the longest way to write a form; the rest is for
	// the other fields.
	longest := maxContents(r.cfg.MaxPackage)
	limited := http.MaxBytesReader(w, req.Body, 3*longest+4096)
	body := &loanReader{Reader: limited, loan: loan{budget: r.bodies, from: from}}
	defer body.giveBack()
	data, err := io.ReadAll(body)
	if err != nil {
		return unread(err)
	}
	form, err := url.ParseQuery(string(data))
	if err != nil {
		return badRequest("send: not a form")
	}
	s, err := parseSend(form, longest)
	if err != nil {
		return err
	}
	for _, name := range []string{s.recipient, s.sender} {
		if len(r.cfg.Names) > 0 && !slices.Contains(r.cfg.Names, name) {
			return badRequest("%s is not among the users of this relay: ask its keeper", name)
		}
	}
	s.from = from
	ref, err := r.write.submit(s)
	if err != nil {
		return err
	}
	r.cfg.Log.LogAttrs(req.Context(), slog.LevelDebug, "message kept",
		slog.Int64("ref", ref), slog.String("recipient", s.recipient), slog.String("sender", s.sender), slog.Int("size", len(s.contents)))
	reply(w, http.StatusOK, mailbox.SendReply{Received: true, EchoTail: tail(s.contents), Ref: ref})
	return nil
}

// unread is the answer when a body did not come whole.
func unread(err error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) || errors.Is(err, errBudget) {
		return err
	}
	return badRequest("send: the form broke off")
}

func parseSend(form url.Values, longest int64) (*submission, error) {
	for _, field := range []string{"recipient_uid", "sender_uid", "contents"} {
		if form.Get(field) == "" {
			return nil, badRequest("send missing required field: %s", field)
		}
	}
	s := &submission{recipient: form.Get("recipient_uid"), sender: form.Get("sender_uid"), contents: form.Get("contents")}
	id := form.Get("id")
	if err := errors.Join(uid.Check(s.recipient), uid.Check(s.sender)); err != nil {
		return nil, badRequest("send: %v", err)
	}
	switch {
	case int64(len(s.contents)) > longest:
		return nil, &refused{http.StatusRequestEntityTooLarge, "package too large"}
	case !utf8.ValidString(s.contents):
		return nil, badRequest("send: contents must be UTF-8 text")
	case len(id) > mailbox.MaxID:
		return nil, badRequest("send: id must be at most %d bytes", mailbox.MaxID)
	case id != "":
		s.once = onceOf(s.recipient, s.sender, id, s.contents)
	}
	return s, nil
}

func tail(contents string) string {
	start := len(contents)
	for range echoTail {
		_, size := utf8.DecodeLastRuneInString(contents[:start])
		start -= size
	}
	return contents[start:]
}

func (r *Relay) getMessages(w http.ResponseWriter, req *http.Request, from origin) error {
	q, err := parseQuestion(req.URL.RawQuery)
	if err != nil {
		return err
	}
	q.from = from
	a, err := r.ask(req.Context(), q)
	if err != nil {
		return err
	}
	defer a.giveBack()
	header(w, "application/json")
	fmt.Fprintf(w, `{"recipient_uid":%q,"count":%d,"messages":[`, q.recipient, a.count)
	w.Write(a.messages.Bytes())
	fmt.Fprintf(w, "],\"complete\":%t}\n", a.complete)
	return nil
}

func parseQuestion(query string) (q question, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return q, badRequest("getmessages: not a query")
	}
	for _, field := range []string{"start_ref", "recipient_uid"} {
		if values.Get(field) == "" {
			return q, badRequest("getmessages missing required field: %s", field)
		}
	}
	q.recipient = values.Get("recipient_uid")
	if err := uid.Check(q.recipient); err != nil {
		return q, badRequest("getmessages: %v", err)
	}
	if q.start, err = number(values, "start_ref"); err != nil {
		return q, err
	}
	q.max = -1
	if values.Has("maxcount") {
		if q.max, err = number(values, "maxcount"); err != nil {
			return q, err
		}
	}
	if values.Has("wait") {
		seconds, err := number(values, "wait")
		if err != nil {
			return q, err
		}
		q.wait = time.Duration(min(seconds, mailbox.MaxWait)) * time.Second
	}
	return q, nil
}

func number(values url.Values, field string) (int64, error) {
	n, err := strconv.ParseUint(values.Get(field), 10, 64)
	if err != nil || n > mailbox.MaxRef {
		return 0, badRequest("getmessages: %s must be a whole number from 0 to %d", field, int64(mailbox.MaxRef))
	}
	return int64(n), nil
}

func (r *Relay) getNextRef(w http.ResponseWriter, req *http.Request, _ origin) error {
	recipient := req.URL.Query().Get("recipient_uid")
	if recipient == "" {
		return badRequest("getnextref missing required field: recipient_uid")
	}
	if err := uid.Check(recipient); err != nil {
		return badRequest("getnextref: %v", err)
	}
	reply(w, http.StatusOK, mailbox.NextRefReply{NextRef: r.store.next(recipient)})
	return nil
}
