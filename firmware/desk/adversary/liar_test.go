package adversary

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"

	"onetimechat/hostlink/mailbox"
)

// liar is a relay that answers what the test wants. What is sent to it goes on
// to an honest relay; the mailbox that is read is of the test's making.
type liar struct {
	url string

	mu   sync.Mutex
	box  []mailbox.Message // bob's
	next int64             // the next ref
	// lie answers instead, and tells whether it did.
	lie func(w http.ResponseWriter, r *http.Request, honest http.Handler) bool
}

func newLiar(t *testing.T, honest string) *liar {
	t.Helper()
	to, err := url.Parse(honest)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{next: 1}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		lie := l.lie
		l.mu.Unlock()
		if lie == nil || !lie(w, r, proxy) {
			l.serve(w, r, proxy)
		}
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

func (l *liar) serve(w http.ResponseWriter, r *http.Request, honest http.Handler) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch r.URL.Path {
	case "/getmessages":
		start, _ := strconv.ParseInt(r.URL.Query().Get("start_ref"), 10, 64)
		most, _ := strconv.Atoi(r.URL.Query().Get("maxcount"))
		waiting := slices.DeleteFunc(slices.Clone(l.box), func(m mailbox.Message) bool { return m.Ref < start })
		now := waiting[:min(len(waiting), most)]
		_ = json.NewEncoder(w).Encode(map[string]any{"messages": slices.Concat([]mailbox.Message{}, now), "complete": len(now) == len(waiting)})
	case "/getnextref":
		_ = json.NewEncoder(w).Encode(mailbox.NextRefReply{NextRef: l.next})
	default:
		honest.ServeHTTP(w, r)
	}
}

// put lays something into the mailbox, as from anybody.
func (l *liar) put(from, contents string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.box = append(l.box, mailbox.Message{Ref: l.next, RecipientUID: "bob", SenderUID: from, Contents: contents})
	l.next++
}

// lies has every request answered by lie; nil ends that.
func (l *liar) lies(lie func(w http.ResponseWriter, r *http.Request, honest http.Handler) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lie = lie
}
