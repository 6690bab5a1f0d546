package hostlink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func newClient(t *testing.T, address string) *Client {
	t.Helper()
	c, err := NewClient(address)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// every method of Client, with an answer looked at by the test that wants it.
func methods(c *Client) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Package": func(ctx context.Context) error {
			_, err := c.Package(ctx, PackageRequest{From: "alice", To: []string{"bob"}, Text: "hi"})
			return err
		},
		"Package, many": func(ctx context.Context) error {
			_, err := c.Package(ctx, PackageRequest{From: "alice", To: []string{"bob", "carol"}, Text: "hi"})
			return err
		},
		"Unpackage": func(ctx context.Context) error {
			_, err := c.Unpackage(ctx, UnpackageRequest{To: "alice", Packages: []Incoming{{"bob", []byte("x")}}})
			return err
		},
		"Unpackage, many": func(ctx context.Context) error {
			_, err := c.Unpackage(ctx, UnpackageRequest{To: "alice", Packages: []Incoming{{"bob", []byte("x")}, {"bob", []byte("y")}}})
			return err
		},
		"Acknowledge": func(ctx context.Context) error { return c.Acknowledge(ctx, "7f") },
		"Cancel":      func(ctx context.Context) error { return c.Cancel(ctx, "7f") },
		"Status":      func(ctx context.Context) error { _, err := c.Status(ctx, time.Time{}); return err },
		"Log":         func(ctx context.Context) error { _, err := c.Log(ctx); return err },
		"SelfTest":    func(ctx context.Context) error { _, err := c.SelfTest(ctx); return err },
		"NextRef":     func(ctx context.Context) error { _, _, err := c.NextRef(ctx, "alice", "http://relay"); return err },
		"SaveNextRef": func(ctx context.Context) error { return c.SaveNextRef(ctx, "alice", "http://relay", 7) },
	}
}

func TestClientAndServerAgree(t *testing.T) {
	dev := echo()
	status := Status{Owner: "alice", Screen: "home", Start: 3, Uptime: 60, LogUnread: true,
		Pads: []Pad{{Contact: "bob", Number: "3", Suite: "unconditional", Bucket: 32, Source: "random", State: "in use", SendLeft: 16}}}
	entries := []LogEntry{{Start: 3, Uptime: 61, Told: 1448323200, Kind: "forgery", Contact: "bob", Text: "does not verify", Count: 2}}
	var told time.Time
	var calls []string
	dev.status = func(at time.Time) Status { told = at; return status }
	dev.log = func(context.Context) ([]LogEntry, error) { return entries, nil }
	report := strings.Repeat("<☕\x00>\n", MaxReport/8)
	dev.report = func(context.Context) (string, error) { return report, nil }
	dev.next = func(owner, server string) (int64, bool, error) { return MaxRef, server == "http://known", nil }
	dev.saveRef = func(owner, server string, ref int64) error {
		calls = append(calls, fmt.Sprint(owner, server, ref))
		return nil
	}
	dev.byID = func(method, id string) { calls = append(calls, method+id) }
	dev.pack = func(_ context.Context, r PackageRequest) ([]Sealed, error) {
		out := []Sealed{}
		for _, to := range r.To {
			if to == "dave" {
				out = append(out, Sealed{To: to, Err: Depleted})
				continue
			}
			out = append(out, Sealed{To: to, Package: []byte(r.ID + r.From + r.Text), Pad: "3"})
		}
		return out, nil
	}
	dev.unpack = func(_ context.Context, r UnpackageRequest) ([]Opened, error) {
		out := []Opened{{Text: "<☕\x00>", Skip: true}, {Err: AlreadyOpened, Reuse: true}, {Err: ShownOnDevice, Skip: true}}
		return out[:len(r.Packages)], nil
	}
	c, ctx := newClient(t, serve(t, dev)), t.Context()

	check := func(what string, got, want any, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", what, got, err, want)
		}
	}
	bob, dave := Sealed{To: "bob", Package: []byte("7falicehi ☕"), Pad: "3"}, Sealed{To: "dave", Err: Depleted}
	for _, want := range [][]Sealed{{bob}, {dave}, {bob, dave}} {
		request := PackageRequest{ID: "7f", From: "alice", Text: "hi ☕"}
		for _, s := range want {
			request.To = append(request.To, s.To)
		}
		got, err := c.Package(ctx, request)
		check("Package", got, want, err)
	}
	incoming := []Incoming{{"bob", []byte{0}}, {"bob", []byte{1}}, {"carol", []byte{2}}}
	want := []Opened{{Text: "<☕\x00>", Skip: true}, {Err: AlreadyOpened, Reuse: true}, {Err: ShownOnDevice, Skip: true}}
	for n := range 3 {
		got, err := c.Unpackage(ctx, UnpackageRequest{ID: "7f", To: "alice", Packages: incoming[:n+1]})
		check("Unpackage", got, want[:n+1], err)
	}
	got, err := c.Status(ctx, time.Unix(1448323200, 5))
	check("Status", got, status, err)
	check("told", told, time.Unix(1448323200, 0), nil)
	log, err := c.Log(ctx)
	check("Log", log, entries, err)
	text, err := c.SelfTest(ctx)
	check("SelfTest", text, report, err)
	ref, known, err := c.NextRef(ctx, "alice", "http://known")
	check("NextRef", []any{ref, known}, []any{int64(MaxRef), true}, err)
	ref, known, err = c.NextRef(ctx, "alice", "http://relay")
	check("NextRef, unknown", []any{ref, known}, []any{int64(0), false}, err)
	check("the rest", nil, nil, errors.Join(c.SaveNextRef(ctx, "alice", "http://relay", 7), c.Acknowledge(ctx, "7f"), c.Cancel(ctx, "8f")))
	check("calls", calls, []string{"alicehttp://relay7", "acknowledge7f", "cancel8f"}, nil)
}

func TestARefusalIsTheErrorOrTheResults(t *testing.T) {
	dev := echo()
	dev.pack = func(context.Context, PackageRequest) ([]Sealed, error) { return nil, Busy }
	dev.unpack = func(context.Context, UnpackageRequest) ([]Opened, error) { return nil, AlreadyOpened }
	dev.log = func(context.Context) ([]LogEntry, error) { return nil, Rejected }
	dev.report = func(context.Context) (string, error) { return "", TimedOut }
	dev.next = func(string, string) (int64, bool, error) { return 0, false, DeviceFault }
	dev.saveRef = func(string, string, int64) error { return DeviceFault }
	c := newClient(t, serve(t, dev))
	want := map[string]error{"Package, many": Busy, "Unpackage, many": AlreadyOpened, "Log": Rejected, "SelfTest": TimedOut,
		"NextRef": DeviceFault, "SaveNextRef": DeviceFault}
	for name, call := range methods(c) {
		if err := call(t.Context()); err != want[name] {
			t.Errorf("%s: %v, want %v", name, err, want[name])
		}
	}
	sealed, err := c.Package(t.Context(), PackageRequest{From: "alice", To: []string{"bob"}})
	if err != nil || sealed[0].Err != Busy {
		t.Errorf("%+v, %v", sealed, err)
	}
	opened, err := c.Unpackage(t.Context(), UnpackageRequest{To: "alice", Packages: []Incoming{{"bob", []byte{0}}}})
	if err != nil || opened[0].Err != AlreadyOpened || !opened[0].Reuse {
		t.Errorf("%+v, %v", opened, err)
	}
}

func TestTextThatJSONCannotCarryIsNotSent(t *testing.T) {
	c := newClient(t, "1") // nothing is there
	if _, err := c.Package(t.Context(), PackageRequest{Text: "\xff"}); err != EncryptionFailed {
		t.Error(err)
	}
	if _, err := c.Package(t.Context(), PackageRequest{Text: strings.Repeat("x", MaxBody)}); err != TooLong {
		t.Error(err)
	}
}

func TestUnreachableSaysWhetherTheRequestWasSent(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 100))
			conn.Close()
		}
	}()
	for _, sent := range []bool{true, false} {
		for name, call := range methods(newClient(t, ln.Addr().String())) {
			err := call(t.Context())
			broken, ok := errors.AsType[*UnreachableError](err)
			if !ok || !errors.Is(err, ErrUnreachable) || broken.Sent != sent {
				t.Errorf("%s: %v, want sent = %v", name, err, sent)
			}
		}
		ln.Close()
	}
}

func TestHostileDevices(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":          ``,
		"no JSON":          `<html>`,
		"no envelope":      `7`,
		"empty envelope":   `{}`,
		"both":             `{"return":null,"error":"Busy."}`,
		"upper case":       `{"Return":{"success":true}}`,
		"twice":            `{"return":{"success":true,"success":true}}`,
		"trailing":         `{"return":{"success":true}} x`,
		"unknown error":    `{"error":"\u001b]52;c;evil\u0007"}`,
		"unknown refusal":  `{"return":{"success":false,"error":"\u001b]52;c;evil\u0007"}}`,
		"error, no text":   `{"error":7}`,
		"2015 error":       `{"error":"no such rpc method"}`,
		"neither":          `{"return":{"success":false}}`,
		"success, refused": `{"return":{"success":true,"error":"Busy."}}`,
		"another type":     `{"return":["x"]}`,
		"text":             `{"return":"x"}`,
		"no Unicode":       `{"return":{"success":true,"message":"` + "\xff" + `"}}`,
		"surrogate":        `{"return":{"success":true,"message":"\ud800"}}`,
		"deep":             `{"return":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`,
		"wrong numbers": `{"return":{"success":true,"package":"AA","packages":[{"success":true,"to":"bob","package":"AAAA"}],` +
			`"results":[],"owner":"../x","message":7,"log":7}}`,
		"names for another": `{"return":{"success":true,"packages":[{"success":true,"to":"bob","package":"AAAA"},` +
			`{"success":true,"to":"dave","package":"AAAA"}],"results":[{"success":true},{"success":true}],` +
			`"owner":"alice","pads":[{"contact":"\u001b"}],"package":"A\nAAA","log":[{"start":-1}]}}`,
		"ref": `{"return":-1}`, "big ref": `{"return":9007199254740992}`, "half ref": `{"return":1.5}`,
	} {
		t.Run(name, func(t *testing.T) {
			device := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, answer)
			}))
			defer device.Close()
			for method, call := range methods(newClient(t, device.URL)) {
				err := call(t.Context())
				// These look for success only, and SaveNextRef not even for that.
				lenient := strings.HasPrefix(answer, `{"return":`) && (method == "SaveNextRef" ||
					strings.HasPrefix(answer, `{"return":{"success":true,"p`) && (method == "Acknowledge" || method == "Cancel"))
				wide := name == "wrong numbers" && (method == "Acknowledge" || method == "Cancel")
				if !errors.Is(err, ErrProtocol) && !lenient && !wide {
					t.Errorf("%s: %v, want ErrProtocol", method, err)
				}
				if err != nil && strings.ContainsAny(err.Error(), "\x1b\x07") {
					t.Errorf("%s: error %q", method, err)
				}
			}
		})
	}
}

func TestAReportTooLongIsNone(t *testing.T) {
	for n, want := range map[int]error{MaxReport: nil, MaxReport + 1: ErrProtocol} {
		device := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"return":{"success":true,"report":"%s"}}`, strings.Repeat("x", n))
		}))
		defer device.Close()
		if report, err := newClient(t, device.URL).SelfTest(t.Context()); !errors.Is(err, want) || err == nil && len(report) != n {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestOnlyStatus200IsAnAnswer(t *testing.T) {
	var elsewhere int
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer trap.Close()
	for _, status := range []int{201, 204, 301, 302, 303, 307, 308, 400, 403, 404, 413, 500, 503} {
		device := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", trap.URL)
			w.WriteHeader(status)
			io.WriteString(w, `{"return":{"success":true}}`)
		}))
		if err := newClient(t, device.URL).Cancel(t.Context(), "7f"); !errors.Is(err, ErrProtocol) {
			t.Errorf("status %d: %v", status, err)
		}
		device.Close()
	}
	if elsewhere != 0 {
		t.Errorf("followed %d redirects", elsewhere)
	}
}

func TestNoProxyIsUsed(t *testing.T) {
	// The environment is read once per process, so the transport is looked at.
	if newClient(t, "1").http.Transport.(*http.Transport).Proxy != nil {
		t.Error("the client would ask a proxy")
	}
}

func TestHugeAnswersAreNotRead(t *testing.T) {
	device := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"return":{"success":true}}`)
		chunk := []byte(strings.Repeat(" ", 1<<20))
		for { // until the client hangs up
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer device.Close()
	if err := newClient(t, device.URL).Cancel(t.Context(), "7f"); !errors.Is(err, ErrProtocol) {
		t.Errorf("%v", err)
	}
}

func TestHugeHeadersAreNotRead(t *testing.T) {
	device := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 1<<20))
	}))
	defer device.Close()
	if err := newClient(t, device.URL).Cancel(t.Context(), "7f"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("%v", err)
	}
}

// onWire has c reach w's server instead of the network.
func onWire(t *testing.T, c *Client, w *wire) {
	c.http.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
		return w.dial(t), nil
	}
}

func TestEndlessAnswersAreCutOff(t *testing.T) {
	for name, begun := range map[string]string{"header": "HTTP/1.1 200 OK\r\nX: ", "body": "HTTP/1.1 200 OK\r\n\r\n{"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire()
				c := newClient(t, wireHost)
				onWire(t, c, w)
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					conn, _ := w.Accept()
					go io.Copy(io.Discard, conn)
					io.WriteString(conn, begun)
					drip(conn)
				}()
				start := time.Now()
				err := c.Cancel(t.Context(), "7f")
				if took := time.Since(start); !errors.Is(err, ErrUnreachable) || took > answerTime {
					t.Errorf("%v after %v", err, took)
				}
				<-ended
			})
		})
	}
}

func TestAnswersThatBreakOffAreCutOffWithoutAnyDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		c := newClient(t, wireHost)
		onWire(t, c, w)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			conn, _ := w.Accept()
			go io.Copy(io.Discard, conn)
			time.Sleep(time.Hour) // the owner thinks
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n{")
			drip(conn)
		}()
		start := time.Now()
		_, err := c.Log(t.Context())
		if took := time.Since(start); !errors.Is(err, errSlow) || took > time.Hour+answerTime {
			t.Errorf("%v after %v", err, took)
		}
		<-ended
	})
}

func TestACancelledContextReachesTheDevice(t *testing.T) {
	dev, asked, ended, _ := waiting()
	c := newClient(t, serve(t, dev))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	_, err := c.Package(ctx, PackageRequest{From: "alice", To: []string{"bob"}, Text: "one"})
	broken, ok := errors.AsType[*UnreachableError](err)
	if !ok || !broken.Sent || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if got := <-ended; got != "one" {
		t.Errorf("%q ended", got)
	}
}
