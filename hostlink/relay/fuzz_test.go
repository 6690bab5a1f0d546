package relay

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/uid"
)

func openForFuzz(f *testing.F) (*Relay, http.Handler) {
	f.Helper()
	r, err := Open(Config{DataDir: f.TempDir(), MaxPackage: 3000, MaxMailboxMessages: 50, MaxMailboxes: 50})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { r.Close() })
	close(r.stopping) // nobody waits
	return r, r.handler()
}

// answerOf is the answer to a request; every answer but 200 is a proper error.
func answerOf(t *testing.T, handler http.Handler, req *http.Request) (int, []byte) {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, req)
	body := w.Body.Bytes()
	if !json.Valid(body) {
		t.Fatalf("status %d, not JSON: %q", w.Code, body)
	}
	switch w.Code {
	case 200, 400, 413, 429, 503:
	default:
		t.Fatalf("status %d: %s", w.Code, body)
	}
	if w.Code != 200 {
		var reply mailbox.ErrorReply
		if err := json.Unmarshal(body, &reply); err != nil || reply.Error != w.Code || reply.Message == "" {
			t.Fatalf("status %d: %s", w.Code, body)
		}
	}
	return w.Code, body
}

// FuzzSend posts any form. What is taken can be fetched as it was sent.
func FuzzSend(f *testing.F) {
	for _, form := range []string{
		"recipient_uid=bob&sender_uid=alice&contents=x",
		"recipient_uid=bob&sender_uid=alice&contents=a%00%22%3C%E2%80%A6+b&id=1",
		"recipient_uid=bob&sender_uid=alice&contents=%ff",
		"recipient_uid=Bob&sender_uid=alice&contents=x",
		"recipient_uid=bob&recipient_uid=carol&sender_uid=alice&contents=x",
		"recipient_uid=bob&sender_uid=alice&contents=" + strings.Repeat("%41", 4001),
		"%", ";", "&&&&=",
	} {
		f.Add(form)
	}
	r, handler := openForFuzz(f)
	f.Fuzz(func(t *testing.T, form string) {
		req := httptest.NewRequest(http.MethodPost, "/send", strings.NewReader(form))
		status, body := answerOf(t, handler, req)
		if r.bodies.remaining() != 128<<20 {
			t.Fatal("a form kept some of the budget")
		}
		if status != 200 {
			return
		}
		var reply mailbox.SendReply
		if err := json.Unmarshal(body, &reply); err != nil || !reply.Received {
			t.Fatalf("%v: %s", err, body)
		}
		sent, err := url.ParseQuery(form)
		if err != nil || !uid.Valid(sent.Get("recipient_uid")) || !uid.Valid(sent.Get("sender_uid")) {
			t.Fatalf("took %q", form)
		}
		if !strings.HasSuffix(sent.Get("contents"), reply.EchoTail) {
			t.Fatalf("echo %q of %q", reply.EchoTail, sent.Get("contents"))
		}
		a, err := r.read(question{recipient: sent.Get("recipient_uid"), start: reply.Ref, max: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer a.giveBack()
		var m mailbox.Message
		if err := json.Unmarshal(a.messages.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		want := mailbox.Message{Ref: reply.Ref, RecipientUID: sent.Get("recipient_uid"), SenderUID: sent.Get("sender_uid"), Contents: sent.Get("contents")}
		if m != want {
			t.Fatalf("kept %+v, sent %+v", m, want)
		}
	})
}

// FuzzGet asks any question. What is answered fits it.
func FuzzGet(f *testing.F) {
	for _, query := range []string{
		"recipient_uid=bob&start_ref=0", "recipient_uid=bob&start_ref=2&maxcount=1", "recipient_uid=bob&start_ref=0&maxcount=0&wait=60",
		"recipient_uid=carol&start_ref=0&wait=1", "recipient_uid=bob&start_ref=9007199254740991", "recipient_uid=bob&start_ref=-1",
		"recipient_uid=bob&start_ref=9223372036854775808", "recipient_uid=bob&start_ref=0&wait=99999999999999", "recipient_uid=%00&start_ref=0", "%", ";",
	} {
		f.Add(query)
	}
	r, handler := openForFuzz(f)
	for range 3 {
		s := &submission{recipient: "bob", sender: "alice", contents: "x"}
		if _, err := r.write.submit(s); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, path := range []string{"/getmessages", "/getnextref"} {
			req := httptest.NewRequest(http.MethodGet, path, nil)
			req.URL.RawQuery = query
			status, body := answerOf(t, handler, req)
			if status != 200 || path != "/getmessages" {
				continue
			}
			asked, err := parseQuestion(query)
			if err != nil {
				t.Fatalf("answered %q", query)
			}
			var reply struct {
				RecipientUID string `json:"recipient_uid"`
				Count        int
				Messages     []mailbox.Message
			}
			if err := json.Unmarshal(body, &reply); err != nil || reply.RecipientUID != asked.recipient || reply.Count != len(reply.Messages) {
				t.Fatalf("%q: %v %s", query, err, body)
			}
			for _, m := range reply.Messages {
				if m.RecipientUID != asked.recipient || m.Ref < asked.start {
					t.Fatalf("%q: %s", query, body)
				}
			}
		}
		if r.answers.remaining() != 256<<20 {
			t.Fatal("an answer kept some of the budget")
		}
	})
}
