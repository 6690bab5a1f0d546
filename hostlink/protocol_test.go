package hostlink

import (
	"context"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// documented is the device that PROTOCOL.md's examples talk to.
func documented() stub {
	dev := echo()
	sealed := []byte{0, 1, 2, 3, 4}
	opened := false
	var ref int64
	dev.pack = func(_ context.Context, r PackageRequest) ([]Sealed, error) {
		var out []Sealed
		for _, to := range r.To {
			switch to {
			case "bob":
				out = append(out, Sealed{To: to, Package: sealed, Pad: "3"})
			case "dave":
				out = append(out, Sealed{To: to, Err: Depleted})
			default:
				return nil, NoPad
			}
		}
		return out, nil
	}
	dev.unpack = func(_ context.Context, r UnpackageRequest) ([]Opened, error) {
		if opened && r.ID == "" {
			return []Opened{{Err: AlreadyOpened}}, nil
		}
		opened = true
		out := []Opened{{Text: "hi ☕"}, {Err: DecryptionFailed}}
		return out[:len(r.Packages)], nil
	}
	dev.status = func(time.Time) Status {
		return Status{Owner: "alice", Screen: "home", Start: 3, Uptime: 61, Pads: []Pad{{
			Contact: "bob", Number: "3", Suite: "unconditional", Bucket: 32, Source: "random", State: "in use",
			SendLeft: 33554400, ReceiveLeft: 33554368, SendMessages: 233016, ReceiveMessages: 233015,
		}}}
	}
	dev.log = func(context.Context) ([]LogEntry, error) {
		return []LogEntry{{Start: 3, Uptime: 60, Told: 1448323200, Kind: "denied", Contact: "bob", Text: "not sent"}}, nil
	}
	dev.report = func(context.Context) (string, error) {
		return "One Time Chat: report of a pad device's self-test\nBoard: Raspberry Pi Zero 2 W Rev 1.0\nNoise: passed: 41 kB of pad a second", nil
	}
	dev.next = func(string, string) (int64, bool, error) { return ref, ref > 0, nil }
	dev.saveRef = func(_, _ string, to int64) error { ref = to; return nil }
	return dev
}

func readProtocol(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestExamplesOfTheProtocolAreTrue(t *testing.T) {
	dev := documented()
	examples, request := 0, ""
	for line := range strings.Lines(readProtocol(t)) {
		if body, ok := strings.CutPrefix(line, "> "); ok {
			request = body
		}
		want, ok := strings.CutPrefix(line, "< ")
		if !ok {
			continue
		}
		answer, ok := NewServer(dev, Options{}).answer(t.Context(), []byte(request))
		if !ok || !reflect.DeepEqual(decoded(t, answer), decoded(t, []byte(want))) {
			t.Errorf("%s got %s\nwant %s", request, answer, want)
		}
		examples++
	}
	if examples < 10 {
		t.Errorf("%d examples found", examples)
	}
}

func TestTheProtocolListsEveryFixedText(t *testing.T) {
	text := readProtocol(t)
	for _, fixed := range []string{
		string(ToYourself), string(Rejected), string(NoPad), string(Depleted), string(EncryptionFailed),
		string(DecryptionFailed), string(AlreadyOpened), string(ShownOnDevice), string(Busy), string(TimedOut),
		string(PadUnreadable), string(Withdrawn), string(TooLong), string(DeviceFault),
		string(noSuchMethod), string(notAllowed), string(threw),
	} {
		if !strings.Contains(text, "\n| `"+fixed+"` |") {
			t.Errorf("%q is in no table", fixed)
		}
	}
}
