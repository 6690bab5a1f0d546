package desk

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// request sends one with these headers; "Host" sets the host.
func request(t *testing.T, method, url, body string, headers map[string]string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(soon(t), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		if name == "Host" {
			req.Host = value
		} else {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func TestForeignPagesCanNeitherTapNorLook(t *testing.T) {
	_, h, url := serve(t, question(t, "the secret word", true))
	host := strings.TrimPrefix(url, "http://")
	_, port, _ := strings.Cut(host, ":")

	foreign := []map[string]string{
		{"Host": "evil.example"},
		{"Host": "evil.example:" + port},
		{"Host": "127.0.0.1"},
		{"Host": "127.0.0.1:1"},
		{"Host": "127.0.0.2:" + port},
		{"Origin": "http://evil.example"},
		{"Origin": "null"},
		{"Origin": ""},
		{"Origin": "https://" + host},
		{"Origin": "http://127.0.0.1"},
		{"Origin": url + "/"},
		{"Sec-Fetch-Site": "cross-site"},
		{"Sec-Fetch-Site": "same-site"},
		{"Sec-Fetch-Site": ""},
		{"Origin": url, "Sec-Fetch-Site": "cross-site"},
		{"Origin": url, "Host": "evil.example:" + port},
	}
	for _, headers := range foreign {
		for _, path := range []string{"/", "/page.js", "/screen.png", "/screen.json", "/screen.json?after=1"} {
			resp, body := request(t, "GET", url+path, "", headers)
			if resp.StatusCode < 400 || body != "" {
				t.Errorf("GET %s with %q: %s, %.100q", path, headers, resp.Status, body)
			}
		}
		for _, path := range []string{"/tap", "/press", "/release"} {
			with := map[string]string{"Content-Type": "application/json"}
			for k, v := range headers {
				with[k] = v
			}
			if resp, body := request(t, "POST", url+path, `{"x":10,"y":10}`, with); resp.StatusCode < 400 || body != "" {
				t.Errorf("POST %s with %q: %s, %.100q", path, headers, resp.Status, body)
			}
		}
	}
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", "text/plain; application/json"} {
		if resp, _ := request(t, "POST", url+"/tap", `{"x":10,"y":10}`, map[string]string{"Content-Type": contentType}); resp.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("POST as %q: %s", contentType, resp.Status)
		}
	}
	if did := h.all(); len(did) != 0 {
		t.Errorf("the device was told %q", did)
	}
}

func TestOwnPageAndProgramsAreServed(t *testing.T) {
	_, h, url := serve(t, question(t, "hello", true))
	_, port, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
	own := []map[string]string{
		{},
		{"Sec-Fetch-Site": "none"},
		{"Sec-Fetch-Site": "same-origin", "Origin": url},
		{"Host": "localhost:" + port, "Origin": "http://localhost:" + port, "Sec-Fetch-Site": "same-origin"},
	}
	for _, headers := range own {
		for _, path := range []string{"/", "/page.js", "/page.css", "/screen.png", "/screen.json"} {
			if resp, _ := request(t, "GET", url+path, "", headers); resp.StatusCode != http.StatusOK {
				t.Errorf("GET %s with %q: %s", path, headers, resp.Status)
			}
		}
		headers["Content-Type"] = "application/json; charset=utf-8"
		if resp, _ := request(t, "POST", url+"/tap", `{"x":10,"y":10}`, headers); resp.StatusCode != http.StatusOK {
			t.Errorf("POST with %q: %s", headers, resp.Status)
		}
	}
	if did := h.all(); len(did) != 2*len(own) {
		t.Errorf("the device was told %q", did)
	}
}

func TestEveryAnswerForbidsFramingSniffingAndKeeping(t *testing.T) {
	_, _, url := serve(t, question(t, "hello", true))
	for _, headers := range []map[string]string{nil, {"Host": "evil.example"}} {
		for _, path := range []string{"/", "/screen.png", "/screen.json", "/nothing"} {
			resp, _ := request(t, "GET", url+path, "", headers)
			for name, want := range map[string]string{
				"Cache-Control":                "no-store",
				"X-Content-Type-Options":       "nosniff",
				"X-Frame-Options":              "DENY",
				"Cross-Origin-Resource-Policy": "same-origin",
				"Cross-Origin-Opener-Policy":   "same-origin",
			} {
				if got := resp.Header.Get(name); got != want {
					t.Errorf("GET %s %q: %s is %q, want %q", path, headers, name, got, want)
				}
			}
			if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("GET %s %q: policy %q", path, headers, policy)
			}
			if resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("GET %s %q: shared with other origins", path, headers)
			}
		}
	}
}

func TestPageNamesTheOwnerAndLoadsNothingFromElsewhere(t *testing.T) {
	_, _, url := serve(t, question(t, "hello", true))
	resp, page := request(t, "GET", url+"/", "", nil)
	if !strings.Contains(page, "<title>alice’s pad device</title>") {
		t.Errorf("page is %s", page)
	}
	_, _, nobodys := serveFor(t, question(t, "hello", true), "")
	if _, page := request(t, "GET", nobodys+"/", "", nil); !strings.Contains(page, "<title>Pad device</title>") {
		t.Errorf("nobody's page is %s", page)
	}
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; img-src 'self'") {
		t.Errorf("policy %q", policy)
	}
	for _, path := range []string{"/", "/page.css", "/page.js"} {
		if _, body := request(t, "GET", url+path, "", nil); strings.Contains(body, "//cdn") || strings.Contains(body, "http:") || strings.Contains(body, "https:") {
			t.Errorf("%s names another place", path)
		}
	}
}

func TestMethodsOtherThanThoseOfferedDoNothing(t *testing.T) {
	_, h, url := serve(t, question(t, "hello", true))
	for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS", "PATCH"} {
		if resp, _ := request(t, method, url+"/tap?x=1&y=1", "", nil); resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s /tap: %s", method, resp.Status)
		}
	}
	if resp, _ := request(t, "GET", url+"/screen.json", "body", nil); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("GET with a body: %s", resp.Status)
	}
	if did := h.all(); len(did) != 0 {
		t.Errorf("the device was told %q", did)
	}
}
