package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// answering is a client of a relay that answers everything with handler.
func answering(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// calls are all methods, asked for something harmless.
func calls(c *Client) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Check": c.Check,
		"Send": func(ctx context.Context) error {
			_, err := c.Send(ctx, Outgoing{Recipient: "bob", Sender: "alice", Contents: "x"})
			return err
		},
		"NextRef": func(ctx context.Context) error { _, err := c.NextRef(ctx, "bob"); return err },
		"Messages": func(ctx context.Context) error {
			_, err := c.Messages(ctx, "bob", 0, 0, 0)
			return err
		},
	}
}

// kind names the class of an error, as a caller tells them apart.
func kind(err error) string {
	var busy *BusyError
	var refused *RefusedError
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, ErrUnreachable):
		return "unreachable"
	case errors.Is(err, ErrNotRelay):
		return "not a relay"
	case errors.As(err, &busy):
		return "busy"
	case errors.As(err, &refused):
		return "refused"
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return err.Error()
}

func TestEveryStatusHasItsKindOfError(t *testing.T) {
	status := 0
	client := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error": %d, "message": "why"}`, status)
	})
	for status = 201; status < 600; status++ {
		want := "not a relay"
		switch {
		case status == 400 || status == 413:
			want = "refused"
		case status == 408 || status == 429 || status >= 500:
			want = "busy"
		}
		for name, call := range calls(client) {
			if got := kind(call(t.Context())); got != want {
				t.Errorf("%s, status %d: %s, want %s", name, status, got, want)
			}
		}
	}
}

// What is no relay cannot refuse a message for good.
func TestOnlyARelayRefuses(t *testing.T) {
	for _, body := range []string{"", "<html>", "null", `{"message": "why"}`, `{"error": 200, "message": "why"}`} {
		client := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, body)
		})
		for name, call := range calls(client) {
			if got := kind(call(t.Context())); got != "not a relay" {
				t.Errorf("%s, 400 with %q: %s", name, body, got)
			}
		}
	}
}

// Three mistakes in an address or a clock, told apart from a relay that is down.
func TestHTTPSThatDoesNotWorkIsNamed(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	check := func(address string) error {
		client, err := NewClient(address)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		return client.Check(t.Context())
	}
	if err := check(secure.URL); !errors.Is(err, ErrUnreachable) || !errors.Is(err, ErrCertificate) {
		t.Errorf("a certificate of nobody's: %v", err)
	}
	if err := check(strings.Replace(secure.URL, "https:", "http:", 1)); !errors.Is(err, ErrNotRelay) {
		t.Errorf("http to https: %v", err)
	}
	if err := check(strings.Replace(plain.URL, "http:", "https:", 1)); !errors.Is(err, ErrNotRelay) {
		t.Errorf("https to http: %v", err)
	}
}

func TestNobodyThereIsUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	client, err := NewClient("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range calls(client) {
		if got := kind(call(t.Context())); got != "unreachable" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestABrokenOffAnswerIsUnreachable(t *testing.T) {
	client := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"status": "ok", "recipient_uid": "bob", "messages": [`)
	})
	for name, call := range calls(client) {
		if got := kind(call(t.Context())); got != "unreachable" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestCancellationIsTheCallersOwn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := answering(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		io.Copy(io.Discard, r.Body) // after that the server notices who goes away
		<-r.Context().Done()
	})
	for name, call := range calls(client) {
		if got := kind(call(ctx)); got != "canceled" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	defer elsewhere.Close()
	client := answering(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	for name, call := range calls(client) {
		if got := kind(call(t.Context())); got != "not a relay" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestNoProxyIsUsed(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	client, err := NewClient("http://relay.example:9050")
	if err != nil {
		t.Fatal(err)
	}
	if client.http.Transport.(*http.Transport).Proxy != nil {
		t.Error("the transport has a proxy")
	}
}

// silent is a client whose relay takes connections and serves them by serve.
func silent(t *testing.T, serve func(net.Conn)) *Client {
	t.Helper()
	client, err := NewClient("http://relay.example:9050")
	if err != nil {
		t.Fatal(err)
	}
	client.http.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go serve(far)
		return near, nil
	}
	return client
}

func TestASilentRelayIsGivenUp(t *testing.T) {
	for _, wait := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			client := silent(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
			begin := time.Now()
			_, err := client.Messages(t.Context(), "bob", 0, 0, wait)
			if took := time.Since(begin); kind(err) != "unreachable" || took != stall+wait {
				t.Errorf("wait %s: %v after %s", wait, err, took)
			}
		})
	}
}

func TestASlowAnswerComesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const answer = "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"status\": \"ok\"}"
		client := silent(t, func(conn net.Conn) {
			defer conn.Close()
			if _, err := conn.Read(make([]byte, 4096)); err != nil {
				t.Error(err)
			}
			head := strings.Index(answer, "{")
			io.WriteString(conn, answer[:head])
			for i := head; i < len(answer); i++ {
				time.Sleep(stall - time.Second)
				io.WriteString(conn, answer[i:i+1])
			}
		})
		if err := client.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestHostileAnswersAreRefused(t *testing.T) {
	answer := ""
	client := answering(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })
	for call, answers := range map[string][]string{
		"Check":    {``, `[]`, `{}`, `{"status":"no"}`, `{"status":"ok"} x`, `{"status":` + strings.Repeat(" ", maxSmall) + `"ok"}`},
		"Send":     {`{}`, `{"received":false,"ref":1}`, `{"received":true}`, `{"received":true,"ref":0}`, `{"received":true,"ref":-1}`, `{"received":true,"ref":9007199254740992}`, `{"received":true,"ref":1.5}`, `{"received":true,"ref":"1"}`},
		"NextRef":  {`{}`, `{"nextref":-1}`, `{"nextref":9007199254740992}`, `{"nextref":null}`, `{"nextref":1e400}`},
		"Messages": hostileBatches(),
	} {
		for _, answer = range answers {
			if got := kind(calls(client)[call](t.Context())); got != "not a relay" {
				t.Errorf("%s, answer %.100q: %s", call, answer, got)
			}
		}
	}
}

func hostileBatches() []string {
	one := `{"ref":1,"recipient_uid":"bob","sender_uid":"alice","contents":"x"}`
	return []string{
		``, `null`, `[]`, `{}`, `{"messages":[]}`, `{"complete":true}`, `{"messages":{},"complete":true}`, `{"messages":null,"complete":true}`,
		`{"messages":[],"complete":false}`,
		`{"messages":[` + one + `,` + one + `],"complete":true}`,
		`{"messages":[` + strings.Replace(one, "1", "2", 1) + `,` + one + `],"complete":true}`,
		`{"messages":[` + one + `],"messages":[],"complete":true}`,
		`{"messages":[` + strings.Replace(one, "bob", "carol", 1) + `],"complete":true}`,
		`{"messages":[` + strings.Replace(one, "1", "-1", 1) + `],"complete":true}`,
		`{"messages":[` + strings.Replace(one, "1", "9007199254740992", 1) + `],"complete":true}`,
		`{"messages":[` + one,
		strings.Repeat(`[`, 100_000),
		`{"x":"` + strings.Repeat("x", maxAnswer) + `","messages":[],"complete":true}`,
	}
}

func TestNoMoreMessagesAreTakenThanAskedFor(t *testing.T) {
	client := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.Query().Get("maxcount"); got != "2" {
			t.Errorf("maxcount %s, want 2", got)
		}
		fmt.Fprintf(w, `{"recipient_uid":"bob","count":3,"messages":[`)
		for i := range 3 {
			fmt.Fprintf(w, `{"ref":%d,"recipient_uid":"bob","sender_uid":"alice","contents":"x"},`, i)
		}
		fmt.Fprintf(w, `{}],"complete":true}`)
	})
	if _, err := client.Messages(t.Context(), "bob", 0, 2, 0); kind(err) != "not a relay" {
		t.Errorf("got %v", err)
	}
}

func TestAnUnfitMessageKeepsItsPlace(t *testing.T) {
	client := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"messages":[{"ref":5,"recipient_uid":"bob","sender_uid":"../al","contents":"x"},{"ref":7,"recipient_uid":"bob","sender_uid":"alice","contents":"%s"}],"complete":true}`,
			strings.Repeat("x", MaxContents+1))
	})
	batch, err := client.Messages(t.Context(), "bob", 5, 0, 0)
	want := []Message{{Ref: 5, RecipientUID: "bob", Contents: "x"}, {Ref: 7, RecipientUID: "bob", SenderUID: "alice"}}
	if err != nil || len(batch.Messages) != 2 || batch.Messages[0] != want[0] || batch.Messages[1] != want[1] {
		t.Errorf("%v, %v", batch, err)
	}
}

func TestWhatNoRelayTakesIsNotSent(t *testing.T) {
	client := answering(t, func(http.ResponseWriter, *http.Request) { t.Error("asked") })
	for _, m := range []Outgoing{
		{Recipient: "Bob", Sender: "alice", Contents: "x"},
		{Recipient: "bob", Sender: "", Contents: "x"},
		{Recipient: "bob", Sender: "alice"},
		{Recipient: "bob", Sender: "alice", Contents: strings.Repeat("x", MaxContents+1)},
		{Recipient: "bob", Sender: "alice", Contents: "x", ID: strings.Repeat("x", MaxID+1)},
	} {
		if _, err := client.Send(t.Context(), m); kind(err) != "refused" {
			t.Errorf("%.100v: %v", m, err)
		}
	}
	if _, err := client.NextRef(t.Context(), "b b"); kind(err) != "refused" {
		t.Error(err)
	}
	if _, err := client.Messages(t.Context(), "b b", 0, 0, 0); kind(err) != "refused" {
		t.Error(err)
	}
	if _, err := client.Messages(t.Context(), "bob", -1, 0, 0); kind(err) != "refused" {
		t.Error(err)
	}
}

func TestTextOfErrorsIsHarmlessAndShort(t *testing.T) {
	client := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "999999")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprintf(w, `{"error":429,"message":"\u001b]52;c;x\u0007\u202e%s"}`, strings.Repeat("é", 10_000))
	})
	err := client.Check(t.Context())
	text := err.Error()
	if len(text) > 2500 {
		t.Errorf("%d bytes", len(text))
	}
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			t.Fatalf("byte %#x in %q", c, text)
		}
	}
	if busy := (*BusyError)(nil); !errors.As(err, &busy) || busy.After != time.Hour {
		t.Errorf("after %v, want an hour at most", err)
	}
}

func TestAddresses(t *testing.T) {
	for address, good := range map[string]bool{
		"http://localhost:9050": true, "https://relay.example.org": true, "https://relay.example.org/otc/": true, "http://[::1]:9050": true,
		"": false, "9050": false, "localhost:9050": false, "ftp://relay": false, "http://": false, "http://:9050": false, "http://relay:": false,
		"http://relay:0": false, "http://relay:65536": false, "http://u:p@relay": false, "http://relay?x": false, "http://relay?": false,
		"http://relay#x": false, "http://re lay": false, "http:relay": false, "http://relay/\x1b": false,
	} {
		if _, err := NewClient(address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestAPathInTheAddressIsKept(t *testing.T) {
	client := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/otc/check" {
			t.Errorf("path %s", r.URL.Path)
		}
		io.WriteString(w, `{"status":"ok"}`)
	})
	under, err := NewClient(client.String() + "/otc")
	if err != nil {
		t.Fatal(err)
	}
	if err := under.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
