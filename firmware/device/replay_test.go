package device_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// recording is testdata/2015-device.json: what the 2015 client sent, and what
// the 2015 device answered.
type recording struct {
	Pad struct {
		NBytes  int64  `json:"n_bytes"`
		SeedHex string `json:"seed_hex"`
	} `json:"pad"`
	Headers   map[string]string `json:"headers_sent_by_the_client"`
	Exchanges []struct {
		Request struct {
			Method string `json:"method"`
			Args   []any  `json:"args"`
		} `json:"request"`
		Status int             `json:"status"`
		Reply  json.RawMessage `json:"reply"`
	} `json:"exchanges"`
}

// The recorded program served both users; here alice and bob have a device
// each, so that each call goes to the one whose owner it is about.
func TestThe2015ClientIsAnsweredAsIn2015(t *testing.T) {
	text, err := os.ReadFile("testdata/2015-device.json")
	if err != nil {
		t.Fatal(err)
	}
	var rec recording
	if err := json.Unmarshal(text, &rec); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{}
	for owner, disk := range recordedCards(t, rec) {
		links[owner] = serve(t, start(t, disk, owner))
	}
	burned := map[string]bool{} // by index, the first 6 bytes of a package
	for i, e := range rec.Exchanges {
		owner := "alice"
		switch {
		case e.Request.Method == "unpackage":
			owner = e.Request.Args[1].(string)
		case len(e.Request.Args) > 0:
			owner = e.Request.Args[0].(string)
		}
		if e.Request.Method == "unpackage" && len(burned) == 0 {
			// The recorded forgery, while its pad is still there: as recorded.
			forgery := rec.Exchanges[11]
			_, got := post(t, links[owner], rec.Headers, callOf(t, forgery.Request.Method, forgery.Request.Args))
			if !reflect.DeepEqual(decoded(t, got), decoded(t, forgery.Reply)) {
				t.Errorf("forgery: %s, recorded %s", got, forgery.Reply)
			}
		}
		status, got := post(t, links[owner], rec.Headers, callOf(t, e.Request.Method, e.Request.Args))
		want := e.Reply
		if e.Request.Method == "unpackage" {
			index := e.Request.Args[2].(string)[:8]
			if burned[index] { // differs on purpose: the pad is gone
				want = json.RawMessage(`{"return": {"success": false, "error": "Already opened.", "reuse_detected": true}}`)
			}
			burned[index] = true
		}
		if status != e.Status || !reflect.DeepEqual(withoutPad(t, got), decoded(t, want)) {
			t.Errorf("exchange %d, %s: %d %s, recorded %d %s", i, e.Request.Method, status, got, e.Status, want)
		}
	}
	if len(rec.Exchanges) != 15 {
		t.Errorf("%d exchanges were replayed, want 15", len(rec.Exchanges))
	}
}

// recordedCards makes both disks with the recorded pad.
func recordedCards(t *testing.T, rec recording) map[string]*durabletest.Disk {
	t.Helper()
	seed, err := hex.DecodeString(rec.Pad.SeedHex)
	if err != nil {
		t.Fatal(err)
	}
	folder := durabletest.New(1)
	g := padstore.Generation{A: "alice", B: "bob", Bytes: rec.Pad.NBytes, Suite: seal.Paper, Source: "random"}
	if err := padstore.Generate(folder, g, padtest.Stream(string(seed)), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	disks := map[string]*durabletest.Disk{}
	for _, owner := range []string{"alice", "bob"} {
		disks[owner] = durabletest.New(1)
		store, err := padstore.Open(disks[owner], owner)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Import(durabletest.From(folder.Image(), 1), "folder", nil); err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return disks
}

// serve puts r behind a real link, with an owner who approves everything.
func serve(t *testing.T, r *rig) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.glass.alive = func(name string) {
		if name == "approve" || name == "to-laptop" {
			go r.tapNow(name)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- hostlink.NewServer(r, hostlink.Options{}).Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

func callOf(t *testing.T, method string, args []any) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{"method": method, "args": args, "kwargs": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func post(t *testing.T, addr string, headers map[string]string, body []byte) (status int, answer []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+hostlink.Path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		if name != "Host" { // ADDRESS:PORT, which is set
			req.Header.Set(name, strings.ReplaceAll(value, "…", "2.8.1"))
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// withoutPad takes our pad number, which the 2015 program does not answer, out
// of an answer that has a package.
func withoutPad(t *testing.T, text []byte) any {
	t.Helper()
	v := decoded(t, text)
	if outer, ok := v.(map[string]any); ok {
		if inner, ok := outer["return"].(map[string]any); ok {
			if pkg, ok := inner["package"].(string); ok {
				if _, err := base64.StdEncoding.DecodeString(pkg); err != nil {
					t.Error(err)
				}
				delete(inner, "pad")
			}
		}
	}
	return v
}
