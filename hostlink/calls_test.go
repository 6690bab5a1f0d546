package hostlink

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// ask puts one call to dev and returns what came back as JSON, without the
// envelope's braces.
func ask(t *testing.T, dev Device, body string) string {
	t.Helper()
	answer, ok := NewServer(dev, Options{}).answer(t.Context(), []byte(body))
	if !ok {
		return "status 400"
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(answer), "{"), "}")
}

func rpc(method, args, kwargs string) string {
	return `{"method":"` + method + `","args":[` + args + `],"kwargs":{` + kwargs + `}}`
}

func refusal(r Refusal) string {
	return `"return":{"success":false,"error":"` + string(r) + `"}`
}

func TestArgumentsAreTakenByPositionOrByName(t *testing.T) {
	dev := echo()
	var got any
	dev.pack = func(ctx context.Context, r PackageRequest) ([]Sealed, error) {
		got = r
		return echo().Package(ctx, r)
	}
	dev.unpack = func(ctx context.Context, r UnpackageRequest) ([]Opened, error) {
		got = r
		return echo().Unpackage(ctx, r)
	}
	dev.byID = func(method, id string) { got = method + " " + id }
	dev.status = func(told time.Time) Status { got = told; return Status{Owner: "alice"} }
	dev.saveRef = func(owner, server string, ref int64) error {
		got = fmt.Sprint(owner, " ", server, " ", ref)
		return nil
	}
	one := PackageRequest{From: "alice", To: []string{"bob"}, Text: "hi"}
	named := PackageRequest{ID: "7f", From: "alice", To: []string{"bob"}, Text: "hi"}
	opened := UnpackageRequest{To: "alice", Packages: []Incoming{{"bob", []byte("hello")}}}
	for _, c := range []struct {
		body string
		want any
	}{
		{rpc("package", `"alice","bob","hi"`, ``), one},
		{rpc("package", `"alice","bob"`, `"message":"hi"`), one},
		{rpc("package", ``, `"message":"hi","dst_uid":"bob","src_uid":"alice"`), one},
		{rpc("package", `"alice","bob","hi"`, `"id":"7f"`), named},
		{rpc("package", `"alice","bob","hi"`, `"id":null`), one},
		{rpc("package_many", `"alice",["bob","carol"],"hi"`, `"id":"7f"`),
			PackageRequest{ID: "7f", From: "alice", To: []string{"bob", "carol"}, Text: "hi"}},
		{rpc("unpackage", `"bob","alice","aGVsbG8="`, ``), opened},
		{rpc("unpackage", `"bob","alice"`, `"package":"aGVsbG8="`), opened},
		{rpc("unpackage", `"bob","alice"`, `"package_b64":"aGVsbG8="`), opened},
		{rpc("unpackage_many", `"alice",[{"src_uid":"bob","package":"aGVsbG8="}]`, ``), opened},
		{rpc("acknowledge", `"7f"`, ``), "acknowledge 7f"},
		{rpc("cancel", ``, `"id":"7f"`), "cancel 7f"},
		{rpc("status", ``, ``), time.Time{}},
		{rpc("status", ``, `"time":1448323200`), time.Unix(1448323200, 0)},
		{rpc("save_next_ref", `"alice","http://relay","7"`, ``), nil},
		{rpc("save_next_ref", `"alice","http://relay",7`, ``), "alice http://relay 7"},
		{rpc("save_next_ref", `"alice","http://relay"`, `"ref":9007199254740991`), "alice http://relay 9007199254740991"},
		{rpc("save_next_ref", `"alice","http://relay"`, `"nextref":0`), "alice http://relay 0"},
		{`{"method":"status"}`, time.Time{}},
	} {
		got = nil
		if answer := ask(t, dev, c.body); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s\nreached the device as %+v\nwant %+v\nanswer %s", c.body, got, c.want, answer)
		}
	}
}

// What is wrong never reaches the device: every method of stub{} panics.
func TestWrongCallsAreAnsweredFromTheFixedList(t *testing.T) {
	const exception = `"error":"rpc call threw an exception"`
	long := strings.Repeat("x", MaxText+1)
	var contacts, packages []string
	for i := range MaxContacts + 1 {
		contacts = append(contacts, fmt.Sprintf(`"user%d"`, i))
	}
	for range MaxBatch + 1 {
		packages = append(packages, `{"src_uid":"bob","package":"AAAA"}`)
	}
	for _, c := range []struct{ body, want string }{
		{rpc("nonsense", ``, ``), `"error":"no such rpc method"`},
		{rpc("", ``, ``), `"error":"no such rpc method"`},
		{rpc("Package", `"alice","bob","hi"`, ``), `"error":"no such rpc method"`},
		{rpc("__init__", ``, ``), `"error":"no such rpc method"`},
		{rpc("teapot", ``, ``), `"error":"method not in allow list"`},
		{rpc("os", ``, ``), `"error":"method not in allow list"`},

		{rpc("package", `"alice"`, ``), exception},
		{rpc("package", `"alice","bob","hi","hi"`, ``), exception},
		{rpc("package", `"alice","bob","hi",null`, ``), exception}, // an id goes by name
		{rpc("package", `"alice","bob","hi"`, `"message":"hi"`), exception},
		{rpc("package", `"alice","bob"`, `"text":"hi"`), exception},
		{rpc("package", `"alice","bob","hi"`, `"id":7`), exception},
		{rpc("package", `"alice","bob","hi"`, `"id":""`), exception},
		{rpc("package", `"alice","bob","hi"`, `"id":"a b"`), exception},
		{rpc("package", `"alice","bob","hi"`, `"id":"`+strings.Repeat("7", MaxRequestID+1)+`"`), exception},
		{rpc("package", `"../alice","bob","hi"`, ``), refusal(NoPad)},
		{rpc("package", `"alice","Bob","hi"`, ``), refusal(NoPad)},
		{rpc("package", `"alice",7,"hi"`, ``), refusal(NoPad)},
		{rpc("package", `"alice","bob\u0000","hi"`, ``), refusal(NoPad)},
		{rpc("package", `"alice","bob",7`, ``), refusal(EncryptionFailed)},
		{rpc("package", `"alice","bob",null`, ``), refusal(EncryptionFailed)},
		{rpc("package", `"alice","bob","`+"\xff"+`"`, ``), refusal(EncryptionFailed)},
		{rpc("package", `"alice","bob","\ud800"`, ``), refusal(EncryptionFailed)},
		{rpc("package", `"alice","bob","\udc00\ud800"`, ``), refusal(EncryptionFailed)},
		{rpc("package", `"alice","bob","`+long+`"`, ``), refusal(TooLong)},

		{rpc("package_many", `"alice",[],"hi"`, ``), exception},
		{rpc("package_many", `"alice","bob","hi"`, ``), exception},
		{rpc("package_many", `"alice",["bob","bob"],"hi"`, ``), exception},
		{rpc("package_many", `"alice",["bob","../bob"],"hi"`, ``), refusal(NoPad)},
		{rpc("package_many", `"alice",["bob",["bob"]],"hi"`, ``), refusal(NoPad)},
		{rpc("package_many", `"alice",[`+strings.Join(contacts, ",")+`],"hi"`, ``), refusal(TooLong)},

		{rpc("unpackage", `"bob","alice","AAAA"`, `"src":1`), exception},
		{rpc("unpackage", `"bob ","alice","AAAA"`, ``), refusal(NoPad)},
		{rpc("unpackage", `"bob","","AAAA"`, ``), refusal(NoPad)},
		{rpc("unpackage", `"bob","alice",7`, ``), refusal(DecryptionFailed)},
		{rpc("unpackage", `"bob","alice",""`, ``), refusal(DecryptionFailed)},
		{rpc("unpackage", `"bob","alice","AAA"`, ``), refusal(DecryptionFailed)},    // no padding
		{rpc("unpackage", `"bob","alice","AB=="`, ``), refusal(DecryptionFailed)},   // not canonical
		{rpc("unpackage", `"bob","alice","AA\nAA"`, ``), refusal(DecryptionFailed)}, // line break
		{rpc("unpackage", `"bob","alice","_-AA"`, ``), refusal(DecryptionFailed)},   // URL alphabet
		{rpc("unpackage", `"bob","alice","`+b64(strings.Repeat("x", MaxPackage+1))+`"`, ``), refusal(TooLong)},
		{rpc("unpackage", `"bob","alice","`+strings.Repeat("A", 2*MaxPackage)+`"`, ``), refusal(TooLong)},

		{rpc("unpackage_many", `"alice",[]`, ``), exception},
		{rpc("unpackage_many", `"alice",{}`, ``), exception},
		{rpc("unpackage_many", `"alice",["AAAA"]`, ``), exception},
		{rpc("unpackage_many", `"alice",[{"src_uid":"bob"}]`, ``), exception},
		{rpc("unpackage_many", `"alice",[{"src_uid":"bob","package":"AAAA","x":1}]`, ``), exception},
		{rpc("unpackage_many", `"Alice",[{"src_uid":"bob","package":"AAAA"}]`, ``), refusal(NoPad)},
		{rpc("unpackage_many", `"alice",[`+strings.Join(packages, ",")+`]`, ``), refusal(TooLong)},
		{rpc("unpackage_many", `"alice",[{"src_uid":"Bob","package":"AAAA"},{"src_uid":"bob","package":"!"}]`, ``),
			`"return":{"success":true,"results":[{"success":false,"error":"Shared pad not found."},{"success":false,"error":"Decryption failed."}]}`},

		{rpc("acknowledge", ``, ``), exception},
		{rpc("cancel", `7`, ``), exception},
		{rpc("status", `"now"`, ``), exception},
		{rpc("status", `1.5`, ``), exception},
		{rpc("status", `-1`, ``), exception},
		{rpc("status", `1,2`, ``), exception},
		{rpc("device_log", `1`, ``), exception},
		{rpc("self_test_report", `1`, ``), exception},
		{rpc("get_next_ref", `"alice",""`, ``), exception},
		{rpc("get_next_ref", `"alice",null`, ``), exception},
		{rpc("get_next_ref", `"alice","`+strings.Repeat("x", MaxAddress+1)+`"`, ``), `"error":"Too long."`},
		{rpc("get_next_ref", `"alice","http://a b"`, ``), `"error":"Too long."`},
		{rpc("get_next_ref", `"alice","http://bücher"`, ``), `"error":"Too long."`},
		{rpc("save_next_ref", `"alice","http://relay\u007f",7`, ``), `"error":"Too long."`},
		{rpc("get_next_ref", `"ALICE","http://relay"`, ``), `"error":"Shared pad not found."`},
		{rpc("get_next_ref", `"alice","http://relay"`, `"id":"7f"`), exception},
		{rpc("save_next_ref", `"alice","http://relay",7.0`, ``), exception},
		{rpc("save_next_ref", `"alice","http://relay",-0`, ``), exception},
		{rpc("save_next_ref", `"alice","http://relay",9007199254740992`, ``), exception},
		{rpc("save_next_ref", `"alice","http://relay",1e400`, ``), exception},

		{``, "status 400"},
		{`[]`, "status 400"},
		{`null`, "status 400"},
		{`{}`, "status 400"},
		{`{"method":7}`, "status 400"},
		{`{"method":"status"} x`, "status 400"},
		{`{"method":"status"}{}`, "status 400"},
		{`{"method":"status","method":"cancel"}`, "status 400"},
		{`{"method":"status","m\u0065thod":"cancel"}`, "status 400"},
		{`{"method":"status","args":{}}`, "status 400"},
		{`{"method":"status","kwargs":[]}`, "status 400"},
		{`{"method":"status","kwargs":null}`, "status 400"},
		{`{"method":"status","Kwargs":{}}`, "status 400"},
		{`{"method":"status","\ud800":1}`, "status 400"},
		{`{"method":"status","args":[[[[1]]]]}`, "status 400"},
		{`{"method":"status","args":[` + strings.Repeat("1,", 4*MaxBatch) + `1]}`, "status 400"},
		{`{"method":"status","args":` + strings.Repeat("[", 100000), "status 400"},
		{"\xef\xbb\xbf" + good, "status 400"},
	} {
		if got := ask(t, stub{}, c.body); got != c.want {
			t.Errorf("%.200s\n got %.200s\nwant %s", c.body, got, c.want)
		}
	}
}

func TestTextReachesTheDeviceByteForByte(t *testing.T) {
	dev := echo()
	var got string
	dev.pack = func(ctx context.Context, r PackageRequest) ([]Sealed, error) {
		got = r.Text
		return echo().Package(ctx, r)
	}
	for sent, want := range map[string]string{
		`hi ☕`:                         "hi ☕",
		`\ud83d\ude00`:                 "😀", // as Python 2 sends it
		`\\ud800`:                      `\ud800`,
		`\ufffd � \u0000 \u2028`:       "\ufffd \ufffd \x00 \u2028",
		strings.Repeat("é", MaxText/2): strings.Repeat("é", MaxText/2),
		``:                             "",
	} {
		got = "nothing"
		ask(t, dev, rpc("package", `"alice","bob","`+sent+`"`, ``))
		if got != want {
			t.Errorf("%.80q reached the device as %.80q", sent, got)
		}
	}
}

func TestAnswers(t *testing.T) {
	opened := func(o ...Opened) stub {
		return stub{unpack: func(context.Context, UnpackageRequest) ([]Opened, error) { return o, nil }}
	}
	sealed := func(err error, s ...Sealed) stub {
		return stub{pack: func(context.Context, PackageRequest) ([]Sealed, error) { return s, err }}
	}
	failing := errors.New("open /data/alice.bob.random.store: permission denied")
	one, many := rpc("package", `"alice","bob","hi"`, ``), rpc("package_many", `"alice",["bob","carol"],"hi"`, ``)
	open := rpc("unpackage", `"bob","alice","AAAA"`, ``)
	for _, c := range []struct {
		dev        stub
		body, want string
	}{
		{sealed(nil, Sealed{To: "bob", Package: []byte{0}, Pad: "3"}), one,
			`"return":{"success":true,"package":"AA==","pad":"3"}`},
		{sealed(nil, Sealed{To: "bob", Err: Depleted}), one, refusal(Depleted)},
		{sealed(Busy), one, refusal(Busy)},
		{sealed(fmt.Errorf("sealing: %w", Depleted)), one, refusal(Depleted)},
		{sealed(failing), one, refusal(DeviceFault)},
		{sealed(Refusal("the key is 0123")), one, refusal(DeviceFault)},
		{sealed(nil), one, refusal(DeviceFault)},
		{sealed(nil, Sealed{To: "bob"}), one, refusal(DeviceFault)},
		{sealed(nil, Sealed{Package: make([]byte, MaxPackage+1)}), one, refusal(DeviceFault)},
		{sealed(nil, Sealed{Package: []byte{0}, Pad: "3"}, Sealed{Err: Depleted}), many,
			`"return":{"success":true,"packages":[{"success":true,"to":"bob","package":"AA==","pad":"3"},` +
				`{"success":false,"error":"Pad depleted.","to":"carol"}]}`},
		{sealed(Rejected), many, refusal(Rejected)},

		{opened(Opened{Text: ""}), open,
			`"return":{"success":true,"message":"","skip_detected":false,"reuse_detected":false}`},
		{opened(Opened{Text: "hi", Skip: true}), open,
			`"return":{"success":true,"message":"hi","skip_detected":true,"reuse_detected":false}`},
		{opened(Opened{Err: ShownOnDevice, Skip: true}), open,
			`"return":{"success":false,"error":"Shown on the pad device only.","skip_detected":true}`},
		{opened(Opened{Err: AlreadyOpened}), open,
			`"return":{"success":false,"error":"Already opened.","reuse_detected":true}`},
		{stub{unpack: func(context.Context, UnpackageRequest) ([]Opened, error) { return nil, AlreadyOpened }}, open,
			`"return":{"success":false,"error":"Already opened.","reuse_detected":true}`},
		{opened(Opened{Err: DecryptionFailed, Text: "secret"}), open, refusal(DecryptionFailed)},
		{opened(Opened{Text: "\xff"}), open, refusal(DeviceFault)},
		{opened(), open, refusal(DeviceFault)},
		{opened(Opened{Text: "one"}, Opened{Text: "two"}), open, refusal(DeviceFault)},
		// What cannot be read does not spoil the rest of its batch.
		{opened(Opened{Text: "one"}, Opened{Err: DecryptionFailed}),
			rpc("unpackage_many", `"alice",[{"src_uid":"B","package":"AAAA"},{"src_uid":"bob","package":"AAAA"},`+
				`{"src_uid":"bob","package":"?"},{"src_uid":"bob","package":"AAAB"}]`, ``),
			`"return":{"success":true,"results":[{"success":false,"error":"Shared pad not found."},` +
				`{"success":true,"message":"one","skip_detected":false,"reuse_detected":false},` +
				`{"success":false,"error":"Decryption failed."},{"success":false,"error":"Decryption failed."}]}`},

		{stub{log: func(context.Context) ([]LogEntry, error) { return nil, nil }}, rpc("device_log", ``, ``),
			`"return":{"success":true,"log":[]}`},
		{stub{log: func(context.Context) ([]LogEntry, error) { return nil, Rejected }}, rpc("device_log", ``, ``),
			refusal(Rejected)},
		{reporting("Noise: passed\nCard: passed", nil), rpc("self_test_report", ``, ``),
			`"return":{"success":true,"report":"Noise: passed\nCard: passed"}`},
		{reporting("", nil), rpc("self_test_report", ``, ``), `"return":{"success":true,"report":""}`},
		{reporting("secret", Rejected), rpc("self_test_report", ``, ``), refusal(Rejected)},
		{reporting("\xff", nil), rpc("self_test_report", ``, ``), refusal(DeviceFault)},
		{reporting(strings.Repeat("x", MaxReport+1), nil), rpc("self_test_report", ``, ``), refusal(DeviceFault)},
		{stub{status: func(time.Time) Status { return Status{Owner: "alice", Screen: "home", Start: 3} }}, rpc("status", ``, ``),
			`"return":{"success":true,"owner":"alice","screen":"home","start":3,"uptime":0,"log_unread":false,"pads":[]}`},
		{stub{saveRef: func(string, string, int64) error { return failing }},
			rpc("save_next_ref", `"alice","http://relay",7`, ``), `"error":"Device fault."`},
	} {
		if got := ask(t, c.dev, c.body); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}

// reporting is a device with this report.
func reporting(report string, err error) stub {
	return stub{report: func(context.Context) (string, error) { return report, err }}
}

func TestAPanicIsAnsweredWithoutDetail(t *testing.T) {
	dev := stub{status: func(time.Time) Status { panic("secret pad byte 0x2a") }}
	var told any
	server := NewServer(dev, Options{Panicked: func(value any) { told = value }})
	answer, _ := server.answer(t.Context(), []byte(good))
	if string(answer) != `{"error":"Device fault."}` || told == nil {
		t.Errorf("answer %s, told %v", answer, told)
	}
	if got := ask(t, dev, good); got != `"error":"Device fault."` {
		t.Errorf("without a listener: %s", got)
	}
}

func TestCallsAreAnsweredSideBySide(t *testing.T) {
	var all sync.WaitGroup
	all.Add(maxConnections)
	dev := echo()
	dev.pack = func(ctx context.Context, r PackageRequest) ([]Sealed, error) {
		all.Done()
		all.Wait() // each waits for the others
		return echo().Package(ctx, r)
	}
	address := serve(t, dev)
	client, err := NewClient(address)
	if err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	for i := range maxConnections {
		callers.Go(func() {
			text := fmt.Sprint("text ", i)
			sealed, err := client.Package(t.Context(), PackageRequest{From: "alice", To: []string{"bob"}, Text: text})
			if err != nil || string(sealed[0].Package) != "for bob: "+text {
				t.Errorf("%s: %q, %v", text, sealed, err)
			}
		})
	}
	callers.Wait()
}
