package relay

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// exchange is one of the 2015 relay's. Contents are written "…" there, and
// the test sends just that.
type exchange struct {
	Request string
	Status  int
	Reply   map[string]any
}

func TestAnswersAreThoseOf2015(t *testing.T) {
	data, err := os.ReadFile("testdata/2015-relay.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct{ Exchanges []exchange }
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	r := start(t, Config{now: func() time.Time { return time.Unix(firstDay, 0) }}) // the first ref is 1, as theirs
	for _, e := range vectors.Exchanges {
		method, rest, _ := strings.Cut(e.Request, " ")
		path, _, _ := strings.Cut(strings.NewReplacer("[", "", "]", "", ",", "").Replace(rest), " ")
		var status int
		var body []byte
		switch {
		case method == "POST":
			e.Reply["echo_tail"] = "…" // the vector describes it
			status, body = postForm(t, r.url+path, url.Values{"recipient_uid": {"bob"}, "sender_uid": {"alice"}, "contents": {"…"}})
		default:
			status, body = get(t, r.url+path)
		}
		want := e.Status
		if want == 0 {
			want = http.StatusOK
		}
		if status != want {
			t.Errorf("%s: status %d, want %d", e.Request, status, want)
		}
		if e.Reply == nil {
			for _, endpoint := range []string{"/check", "/send", "/getmessages", "/getnextref"} {
				if !bytes.Contains(body, []byte(endpoint)) {
					t.Errorf("%s: the page does not list %s", e.Request, endpoint)
				}
			}
			continue
		}
		var got map[string]any
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%s: %v in %q", e.Request, err, body)
		}
		if !reflect.DeepEqual(got, e.Reply) {
			t.Errorf("%s:\n got %v\nwant %v", e.Request, got, e.Reply)
		}
	}
}

func TestErrorsAreJSON(t *testing.T) {
	r := start(t, Config{})
	long := strings.Repeat("x", 33)
	for _, c := range []struct {
		method, path, form string
		status             int
		message            string
	}{
		{"GET", "/getmessages", "", 400, "getmessages missing required field: start_ref"},
		{"GET", "/getmessages?start_ref=0", "", 400, "getmessages missing required field: recipient_uid"},
		{"GET", "/getmessages?recipient_uid=bob&start_ref=-1", "", 400, "getmessages: start_ref must be a whole number from 0 to 9007199254740991"},
		{"GET", "/getmessages?recipient_uid=bob&start_ref=9007199254740992", "", 400, "getmessages: start_ref must be a whole number from 0 to 9007199254740991"},
		{"GET", "/getmessages?recipient_uid=bob&start_ref=1&maxcount=many", "", 400, "getmessages: maxcount must be a whole number from 0 to 9007199254740991"},
		{"GET", "/getmessages?recipient_uid=bob&start_ref=1&wait=1.5", "", 400, "getmessages: wait must be a whole number from 0 to 9007199254740991"},
		{"GET", "/getmessages?recipient_uid=%zz&start_ref=1", "", 400, "getmessages: not a query"},
		{"GET", "/getnextref", "", 400, "getnextref missing required field: recipient_uid"},
		{"POST", "/send", "sender_uid=alice&contents=x", 400, "send missing required field: recipient_uid"},
		{"POST", "/send", "recipient_uid=bob&contents=x", 400, "send missing required field: sender_uid"},
		{"POST", "/send", "recipient_uid=bob&sender_uid=alice", 400, "send missing required field: contents"},
		{"POST", "/send", "recipient_uid=bob&sender_uid=alice&contents=%ff", 400, "send: contents must be UTF-8 text"},
		{"POST", "/send", "recipient_uid=bob&sender_uid=alice&contents=x&id=" + strings.Repeat("i", 65), 400, "send: id must be at most 64 bytes"},
		{"POST", "/send", "recipient_uid=bob;a", 400, "send: not a form"},
		{"GET", "/send", "", 405, "use POST"},
		{"POST", "/check", "", 405, "use GET"},
		{"GET", "/../etc/passwd", "", 404, "no such endpoint"},
	} {
		status, body := do(t, c.method, r.url+c.path, c.form)
		checkError(t, c.method+" "+c.path+" "+c.form, status, body, c.status, c.message)
	}
	for _, path := range []string{"/getnextref?recipient_uid=", "/getmessages?start_ref=0&recipient_uid="} {
		for _, name := range []string{"Bob", "../bob", "b%00b", long, "-bob"} {
			if status, body := get(t, r.url+path+name); status != 400 {
				t.Errorf("%s%s: %d %s", path, name, status, body)
			}
		}
	}
	for _, field := range []string{"recipient_uid", "sender_uid"} {
		form := url.Values{"recipient_uid": {"bob"}, "sender_uid": {"alice"}, "contents": {"x"}}
		form.Set(field, "Not An Id")
		if status, body := postForm(t, r.url+"/send", form); status != 400 {
			t.Errorf("%s: %d %s", field, status, body)
		}
	}
}

func checkError(t *testing.T, what string, status int, body []byte, wantStatus int, wantMessage string) {
	t.Helper()
	var got struct {
		Error   int
		Message string
	}
	err := json.Unmarshal(body, &got)
	if err != nil || status != wantStatus || got.Error != status || got.Message != wantMessage {
		t.Errorf("%s: %d %s, want %d %q", what, status, body, wantStatus, wantMessage)
	}
}

func get(t testing.TB, url string) (int, []byte) {
	t.Helper()
	return do(t, http.MethodGet, url, "")
}

func postForm(t testing.TB, url string, form url.Values) (int, []byte) {
	t.Helper()
	return do(t, http.MethodPost, url, form.Encode())
}

func do(t testing.TB, method, url, form string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}
