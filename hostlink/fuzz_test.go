package hostlink

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"onetimechat/padstore/uid"
)

// strict is a device that holds the link to its word: ids are ids, texts and
// packages are within their limits. It answers secrets only as errors.
func strict(t *testing.T) stub {
	secret := errors.New("SECRET")
	ids := func(all ...string) {
		for _, id := range all {
			if !uid.Valid(id) {
				t.Errorf("the user id %q reached the device", id)
			}
		}
	}
	requestID := func(id string) {
		if len(id) > MaxRequestID {
			t.Errorf("the request id %q reached the device", id)
		}
	}
	return stub{
		pack: func(_ context.Context, r PackageRequest) ([]Sealed, error) {
			ids(append(r.To, r.From)...)
			requestID(r.ID)
			if len(r.Text) > MaxText || !utf8.ValidString(r.Text) || len(r.To) == 0 || len(r.To) > MaxContacts {
				t.Errorf("%+v reached the device", r)
			}
			return nil, secret
		},
		unpack: func(_ context.Context, r UnpackageRequest) ([]Opened, error) {
			ids(r.To)
			requestID(r.ID)
			if len(r.Packages) == 0 || len(r.Packages) > MaxBatch {
				t.Errorf("%d packages reached the device", len(r.Packages))
			}
			for _, in := range r.Packages {
				ids(in.From)
				if len(in.Package) == 0 || len(in.Package) > MaxPackage {
					t.Errorf("a package of %d bytes reached the device", len(in.Package))
				}
			}
			return nil, secret
		},
		byID:   func(_, id string) { requestID(id) },
		status: func(time.Time) Status { panic(secret) },
		log:    func(context.Context) ([]LogEntry, error) { return nil, secret },
		report: func(context.Context) (string, error) { return "", secret },
		next:   func(owner, _ string) (int64, bool, error) { ids(owner); return 0, false, secret },
		saveRef: func(owner, server string, ref int64) error {
			ids(owner)
			if len(server) > MaxAddress || ref < 0 || ref > MaxRef {
				t.Errorf("%q, %d reached the device", server, ref)
			}
			return secret
		},
	}
}

// requests are sound calls of every kind.
func requests(t testing.TB) (all []string) {
	recorded, err := os.ReadFile("testdata/2015-device.json")
	if err != nil {
		t.Fatal(err)
	}
	var seeds recording
	if err := json.Unmarshal(recorded, &seeds); err != nil {
		t.Fatal(err)
	}
	for _, e := range seeds.Exchanges {
		all = append(all, string(e.Request))
	}
	return append(all,
		rpc("package_many", `"alice",["bob","carol"],"hi"`, `"id":"7f"`),
		rpc("unpackage_many", `"alice",[{"src_uid":"bob","package":"AAAA"},{"src_uid":"B","package":"?"}]`, `"id":"7f"`),
		rpc("acknowledge", `"7f"`, ``),
		rpc("cancel", ``, `"id":"7f"`),
		rpc("status", ``, `"time":1448323200`),
		rpc("device_log", ``, ``),
		rpc("self_test_report", ``, ``),
	)
}

// comesToNothing checks that whatever a laptop sends, only fixed texts come back.
func comesToNothing(t *testing.T, server *Server, body string) {
	local := &net.TCPAddr{IP: net.IPv4(10, 55, 0, 1), Port: 9051}
	r := httptest.NewRequest(http.MethodPost, Path, strings.NewReader(body))
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(local)))
	r.Host = wireHost
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	switch {
	case w.Code == http.StatusBadRequest && w.Body.Len() == 0:
	case w.Code != http.StatusOK:
		t.Errorf("status %d", w.Code)
	case !isFixed(w.Body.String()):
		t.Errorf("%q is answered %q", body, w.Body)
	}
}

func FuzzRequest(f *testing.F) {
	for _, sound := range requests(f) {
		f.Add([]byte(sound))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		comesToNothing(t, NewServer(strict(t), Options{}), string(body))
	})
}

// The same without a fuzzer, with lies in the place of whole values.
func TestMalformedRequestsComeToNothing(t *testing.T) {
	const tries = 100_000
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random, sound, server := rand.New(rand.NewPCG(seed, 0)), requests(t), NewServer(strict(t), Options{})
	for range tries {
		body := []byte(sound[random.IntN(len(sound))])
		for range 1 + random.IntN(3) {
			body = spoiled(random, body)
		}
		comesToNothing(t, server, string(body))
		if t.Failed() {
			break
		}
	}
}

// values are those of a call.
var values = regexp.MustCompile(`"[^"]*"|-?[0-9]+|null|true|false|\[\]|\{\}`)

// spoiled is a request with one thing wrong.
func spoiled(random *rand.Rand, body []byte) []byte {
	at := random.IntN(len(body) + 1)
	switch random.IntN(5) {
	case 0: // not whole
		return append(body[:at:at], '}')
	case 1: // another byte
		return append(append(body[:at:at], byte(random.Uint32())), body[min(at+1, len(body)):]...)
	case 2: // some of it twice
		return append(body[:at:at], body[random.IntN(at+1):]...)
	}
	all := values.FindAllIndex(body, -1)
	if len(all) == 0 {
		return body
	}
	lies := []string{`""`, `"../alice"`, `"/etc/passwd"`, `"alice\u0000"`, `"\ud800"`, "\"\xff\xfe\"", `"\u202ebob"`, `"carol"`, `"ALICE"`,
		`null`, `true`, `-1`, `1e999`, `9007199254740993`, `0.5`, `[]`, `{}`, `[[[[[[[[[]]]]]]]]]`, `{"a":{"a":{}}}`, `["bob","bob"]`, `"AAA"`, `"AA=="`,
		`"` + strings.Repeat("x", 300) + `"`}
	gone := all[random.IntN(len(all))]
	return slices.Concat(body[:gone[0]], []byte(lies[random.IntN(len(lies))]), body[gone[1]:])
}

// isFixed reports whether an answer holds nothing but texts that PROTOCOL.md
// lists.
func isFixed(answer string) bool {
	var fixed []string
	for _, r := range []Refusal{NoPad, EncryptionFailed, DecryptionFailed, TooLong, DeviceFault} {
		fixed = append(fixed, `{"success":false,"error":"`+string(r)+`"}`, "0", `{"error":"`+string(r)+`"}`, "1")
	}
	for _, e := range []callError{noSuchMethod, notAllowed, threw} {
		fixed = append(fixed, `{"error":"`+string(e)+`"}`, "1")
	}
	fixed = append(fixed, `{"success":true}`, "0")
	short := strings.NewReplacer(fixed...).Replace(answer)
	if many, ok := strings.CutPrefix(short, `{"return":{"success":true,"results":[`); ok {
		short = `{"return":` + strings.Trim(strings.TrimSuffix(many, "]}}"), "0,") + `0}`
	}
	return short == "1" || short == `{"return":0}`
}

// FuzzAnswer: whatever answers, the client panics at nothing, believes nothing
// out of range, and repeats nothing in an error.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"return":{"success":true,"package":"AA==","pad":"3"}}`,
		`{"return":{"success":true,"message":"hi","skip_detected":true,"reuse_detected":false}}`,
		`{"return":{"success":true,"packages":[{"success":true,"to":"bob","package":"AA=="},{"success":false,"error":"Busy.","to":"carol"}]}}`,
		`{"return":{"success":true,"results":[{"success":true,"message":"hi"},{"success":false,"error":"Already opened.","reuse_detected":true}]}}`,
		`{"return":{"success":true,"owner":"alice","screen":"home","start":3,"pads":[{"contact":"bob","send_left":16}]}}`,
		`{"return":{"success":true,"log":[{"start":3,"uptime":1,"kind":"start","text":"started"}]}}`,
		`{"return":{"success":false,"error":"Rejected."}}`,
		`{"return":7}`, `{"return":null}`, `{"error":"no such rpc method"}`, `{"error":"Device fault."}`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, reply []byte) {
		c, err := NewClient("1")
		if err != nil {
			t.Fatal(err)
		}
		c.http.Transport = answering(reply)
		for name, call := range methods(c) {
			err := call(t.Context())
			_, refused := errors.AsType[Refusal](err)
			if err != nil && !refused && !errors.Is(err, ErrProtocol) {
				t.Errorf("%s: %v", name, err)
			}
			if refused && !Refusal(err.Error()).known() {
				t.Errorf("%s: refused with %q", name, err)
			}
		}
		if ref, _, err := c.NextRef(t.Context(), "alice", "x"); err == nil && (ref < 0 || ref > MaxRef) {
			t.Errorf("reference %d", ref)
		}
		if s, err := c.Status(t.Context(), time.Time{}); err == nil && !uid.Valid(s.Owner) {
			t.Errorf("owner %q", s.Owner)
		}
		sealed, err := c.Package(t.Context(), PackageRequest{From: "alice", To: []string{"bob"}})
		if err == nil && (sealed[0].Err == "") != (len(sealed[0].Package) > 0) {
			t.Errorf("%+v", sealed)
		}
	})
}

// answering is a network that answers every request with the same body.
type answering []byte

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Write(a)
	return w.Result(), nil
}
