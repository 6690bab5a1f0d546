package hostlink

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net"
	"os"
	"reflect"
	"strings"
	"testing"
)

// recording is what the 2015 program answered.
type recording struct {
	Exchanges []struct {
		Request json.RawMessage
		Status  int
		Reply   json.RawMessage
	}
}

// device2015 answers as a device would that holds the recording's pad. It
// knows packages and refusals by heart: here only the link is on trial.
func device2015(t *testing.T, recorded recording) stub {
	type made struct{ from, to, text string }
	packages := map[made][]byte{}
	texts := map[string]string{}
	for _, e := range recorded.Exchanges {
		var request struct {
			Method string
			Args   []any
		}
		var reply struct{ Return struct{ Package []byte } }
		json.Unmarshal(e.Request, &request)
		json.Unmarshal(e.Reply, &reply)
		if request.Method == "package" && reply.Return.Package != nil {
			m := made{request.Args[0].(string), request.Args[1].(string), request.Args[2].(string)}
			packages[m] = reply.Return.Package
			texts[string(reply.Return.Package)] = m.text
		}
	}
	if len(packages) != 2 {
		t.Fatalf("%d packages recorded, want 2", len(packages))
	}
	opened := map[string]bool{}
	refs := map[string]int64{}
	return stub{
		pack: func(_ context.Context, r PackageRequest) ([]Sealed, error) {
			to := r.To[0]
			switch sealed := packages[made{r.From, to, r.Text}]; {
			case r.From == to:
				return nil, ToYourself
			case to == "carol":
				return nil, NoPad
			case sealed == nil:
				return nil, Depleted
			default:
				return []Sealed{{To: to, Package: sealed, Pad: "3"}}, nil
			}
		},
		unpack: func(_ context.Context, r UnpackageRequest) ([]Opened, error) {
			sealed := string(r.Packages[0].Package)
			text, ok := texts[sealed]
			switch {
			case !ok:
				return []Opened{{Err: DecryptionFailed}}, nil
			case opened[sealed]:
				return []Opened{{Err: AlreadyOpened, Reuse: true}}, nil
			}
			opened[sealed] = true
			return []Opened{{Text: text}}, nil
		},
		next: func(owner, server string) (int64, bool, error) {
			ref, known := refs[owner+" "+server]
			return ref, known, nil
		},
		saveRef: func(owner, server string, ref int64) error {
			refs[owner+" "+server] = ref
			return nil
		},
	}
}

func TestRecordedExchangesOf2015Replay(t *testing.T) {
	data, err := os.ReadFile("testdata/2015-device.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded recording
	if err := json.Unmarshal(data, &recorded); err != nil || len(recorded.Exchanges) == 0 {
		t.Fatalf("%d exchanges, %v", len(recorded.Exchanges), err)
	}
	address := serve(t, device2015(t, recorded))

	var seen []string
	for i, e := range recorded.Exchanges {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		answer := send(t, conn, post(address, string(e.Request)))
		if statusOf(answer) != "200 OK" || e.Status != 200 {
			t.Fatalf("exchange %d: %s, recorded %d", i, statusOf(answer), e.Status)
		}
		got, want := decoded(t, []byte(bodyOf(answer))), decoded(t, e.Reply)
		if result, ok := got["return"].(map[string]any); ok {
			delete(result, "pad") // ours, which the 2015 client passes over
		}
		// The one exchange that differs on purpose: the package was opened
		// before.
		request := string(e.Request)
		for _, before := range seen {
			if before == request && strings.Contains(request, "unpackage") {
				want = map[string]any{"return": map[string]any{
					"success": false, "error": "Already opened.", "reuse_detected": true}}
			}
		}
		seen = append(seen, request)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("exchange %d\n got %v\nwant %v", i, got, want)
		}
	}
}

func decoded(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %q", err, data)
	}
	return v
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
