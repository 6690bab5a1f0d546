package meeting_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
)

// What bob says is changed on its way: alice takes none of it.
func TestAPeerThatLiesIsRefused(t *testing.T) {
	for _, c := range []struct {
		kind     byte
		old, new string
	}{
		{'H', `"bob"`, `"../bob"`},
		{'H', `"bob"`, `"Bob"`},
		{'H', `"bob"`, `""`},
		{'H', `"device":"`, `"device":"00`},
		{'H', `"nonce":"`, `"nonce":"zz`},
		{'H', `{`, `{"new":1,`},
		{'H', `{`, `{"name":"carol",`},
		{'H', `{`, `{ `},
		{'H', `"name"`, `"NAME"`},
		{'H', `}`, `}{}`},
		{'H', `}`, "}\n"},
		{'H', `}`, ``},
		{'H', whole, `null`},
		{'H', whole, `[]`},
		{'H', whole, ``},
		{'S', `"room":`, `"room":-`},
		{'S', `"room":`, `"room":99`}, // far beyond the last index
		{'S', `"room":`, `"room":1e`},
		{'S', `"ready":`, `"ready":99999999999999999999`},
		{'S', `"rate":`, `"rate":-1`},
		{'S', `"rate":`, `"rate":1.`},
		{'S', `"draft":null`, `"draft":{}`},
		{'S', `"draft":null`, `"draft":` + draft("copying", 0, padSize, "")[1:]},
		{'S', `"draft":null`, `"draft":` + draft("burned", 0, padSize, "")},
		{'S', `"draft":null`, `"draft":` + draft("copying", -32, padSize, "")},
		{'S', `"draft":null`, `"draft":` + draft("copying", 2*padSize, padSize, "")},
		{'S', `"draft":null`, `"draft":` + draft("copying", 16, padSize, "")},
		{'S', `"draft":null`, `"draft":` + draft("copying", 0, 32, "")},
		{'S', `"draft":null`, `"draft":` + draft("copying", 0, padSize, zeros)},
		{'S', `"draft":null`, `"draft":` + draft("checked", padSize, padSize, "")},
		{'S', `"draft":null`, `"draft":` + draft("checked", 0, padSize, zeros)},
		{'S', `"pads":null`, `"pads":[]} `},
		{'S', `"pads":null`, `"pads":[{"pad":"","state":"in use","tag":""}]`},
		{'S', `"pads":null`, `"pads":[{"pad":"` + zeros + `","state":"retired","tag":""}]`},
		{'S', `"pads":null`, `"pads":[` + strings.Repeat(`{"pad":"`+zeros+`","state":"in use","tag":""},`, 128) + `{"pad":"` + zeros + `","state":"in use","tag":""}]`},
		{'S', `"pad":"`, `"pad":"` + zeros + `","pad":"`},
		{'Y', `4096`, `4128`},
		{'Y', `32,`, `48,`},
		{'Y', `false`, `true`},
		{'Y', `4096`, `-4096`},
		{'J', `512`, `8192`},
		{'J', `512`, `500`},
		{'J', `512`, `-512`},
		{'K', whole, "a key of less than 32 bytes"},
		{'T', `"}`, `00"}`},
		{'T', `"tag"`, `"tga"`},
		{'W', `"same":"`, `"same":"` + zeros + `","pad":"`},
		{'W', `"same"`, `"prepared"`},
		{'W', whole, `{"same":"` + zeros + `"}`},
		{'T', whole, `{"tag":"` + zeros[:31] + `"}`},
		{'J', whole, `{"joined":4128}`},
		{'J', whole, `{"joined":281474976710656}`},
		{'B', `"cancel"`, `"` + strings.Repeat("x", 33) + `"`},
	} {
		t.Run(fmt.Sprintf("%c %.60s", c.kind, c.new), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, alice, bob := play(t, func(s *scene) {
					s.cable.says(1, c.kind, c.old, c.new)
					if c.kind == 'W' {
						s.bob.compare = func(context.Context, [4]string) (bool, error) {
							time.Sleep(time.Second) // she taps first
							return true, nil
						}
					}
					if c.kind == 'B' {
						s.bob.confirm = func(context.Context, meeting.Offer, int64) error { return meeting.ErrCancelled }
					}
				})
				draft := c.kind == 'W' // she has said "same"
				s.wants(s.alice, alice, meeting.ErrGarbled, draft)
				if c.kind != 'B' && !errors.Is(bob.err, meeting.ErrTheyFail) && !bob.InUse && bob.Number == "" {
					t.Error(bob)
				}
			})
		})
	}
}

// whole stands for all that a frame says.
const whole = ""

const zeros = "00000000000000000000000000000000"

func draft(stage string, done, bytes int, tag string) string {
	return fmt.Sprintf(`{"pad":"%s","stage":"%s","done":%d,"bytes":%d,"bucket":32,"tag":"%s"}`, zeros, stage, done, bytes, tag)
}

// Whoever proposes what was not offered is refused, and no pad is begun.
func TestALieAboutSizesIsRefused(t *testing.T) {
	for _, new := range []string{
		`{"propose":4097,"bucket":32,"resume":false}`,
		`{"propose":64,"bucket":32,"resume":false}`,
		`{"propose":0,"bucket":32,"resume":false}`,
		`{"propose":-4096,"bucket":32,"resume":false}`,
		`{"propose":1099511627776,"bucket":32,"resume":false}`,
		`{"propose":281474976710688,"bucket":32,"resume":false}`,
		`{"propose":9223372036854775808,"bucket":32,"resume":false}`,
		`{"propose":4096,"bucket":0,"resume":false}`,
		`{"propose":4096,"bucket":7,"resume":false}`,
		`{"propose":4096,"bucket":32,"resume":true}`,
	} {
		t.Run(new, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, alice, bob := play(t, func(s *scene) {
					s.bob.disk.Capacity(s.bob.disk.Used() + 1<<30)
					s.cable.tamper = func(p parcel) ([][]byte, bool) {
						if p.kind() == 'P' {
							return [][]byte{reframe('P', []byte(new))}, false
						}
						return asItIs(p), false
					}
				})
				s.wants(s.bob, bob, meeting.ErrGarbled, false)
				s.wants(s.alice, alice, meeting.ErrTheyFail, false)
				if s.bob.asked("confirm") > 0 {
					t.Error("its owner was asked")
				}
			})
		})
	}
}

// chunkOf is a frame with a piece of a contribution.
func chunkOf(at int64, lots any, b []byte) []byte {
	text, _ := json.Marshal(lots)
	payload := binary.BigEndian.AppendUint64(nil, uint64(at))
	payload = binary.BigEndian.AppendUint32(payload, uint32(len(text)))
	return reframe('C', append(append(payload, text...), b...))
}

func TestAPieceThatCannotBeIsRefused(t *testing.T) {
	type lot = padstore.Lot
	good := []padstore.Origin{{Name: "noise"}}
	b := bytes.Repeat([]byte("piece of noise! "), 1<<17)
	lots := func(n int64, made []padstore.Origin) []lot { return []lot{{Origins: made, Bytes: n}} }
	sound := lots(512, good)
	long := make([]padstore.Origin, 9)
	for i := range long {
		long[i].Name = "noise"
	}
	many := make([]lot, 17)
	for i := range many {
		many[i] = lots(32, []padstore.Origin{{Name: "noise", Credit: i}})[0]
	}
	for name, raw := range map[string][]byte{
		"in another place":       chunkOf(512, sound, b[:512]),
		"before the beginning":   chunkOf(-512, sound, b[:512]),
		"far beyond the end":     chunkOf(1<<47, sound, b[:512]),
		"too long for the pad":   chunkOf(0, lots(8192, good), b[:8192]),
		"too long for a frame":   chunkOf(0, lots(1<<20+32, good), b[:1<<20+32]),
		"of no bytes":            chunkOf(0, []lot{}, nil),
		"of an odd length":       chunkOf(0, lots(500, good), b[:500]),
		"of half a unit":         chunkOf(0, lots(16, good), b[:16]),
		"of nobody":              chunkOf(0, nil, b[:512]),
		"of no source":           chunkOf(0, lots(512, nil), b[:512]),
		"of too many sources":    chunkOf(0, lots(512, long), b[:512]),
		"of too many lots":       chunkOf(0, many, b[:544]),
		"of a nameless source":   chunkOf(0, lots(512, []padstore.Origin{{}}), b[:512]),
		"of a long name":         chunkOf(0, lots(512, []padstore.Origin{{Name: strings.Repeat("n", 49)}}), b[:512]),
		"of a name of escapes":   chunkOf(0, lots(512, []padstore.Origin{{Name: "\x1b[2J"}}), b[:512]),
		"of a foreign name":      chunkOf(0, lots(512, []padstore.Origin{{Name: "Gerät"}}), b[:512]),
		"of too much credit":     chunkOf(0, lots(512, []padstore.Origin{{Name: "noise", Credit: 1_000_001}}), b[:512]),
		"of negative credit":     chunkOf(0, lots(512, []padstore.Origin{{Name: "noise", Credit: -1}}), b[:512]),
		"of lots too short":      chunkOf(0, lots(480, good), b[:512]),
		"of lots too long":       chunkOf(0, lots(544, good), b[:512]),
		"of lots that overflow":  chunkOf(0, []lot{{Origins: good, Bytes: 1 << 62}, {Origins: good, Bytes: 1 << 62}, {Origins: good, Bytes: -1<<63 + 512}}, b[:512]),
		"of lots of nothing":     chunkOf(0, append(lots(512, good), lot{Origins: good}), b[:512]),
		"of lots with more":      chunkOf(0, []map[string]any{{"origins": good, "bytes": 512, "more": 1}}, b[:512]),
		"without a head":         reframe('C', make([]byte, 11)),
		"with lots beyond it":    reframe('C', append(make([]byte, 8), 0, 0, 1, 0)),
		"with a sea of lots":     reframe('C', append(append(make([]byte, 8), 0, 0, 0x80, 1), make([]byte, 32769)...)),
		"longer than any frame":  {'C', 0, 0x11, 0, 0},
		"of four gigabytes":      {'C', 0xff, 0xff, 0xff, 0xff},
		"of a kind that is none": reframe('Z', nil),
		"an alive with words":    reframe('A', []byte("I am")),
		"a short key":            reframe('K', make([]byte, 31)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, alice, bob := play(t, func(s *scene) {
					done := false
					s.cable.tamper = func(p parcel) ([][]byte, bool) {
						if p.kind() != 'C' || p.from != 1 || done {
							return asItIs(p), false
						}
						done = true
						return [][]byte{raw}, false
					}
				})
				s.wants(s.alice, alice, meeting.ErrGarbled, false)
				s.wants(s.bob, bob, meeting.ErrTheyFail, false)
			})
		})
	}
}

// A piece of no bytes that comes after a sound one, while that is being joined,
// is refused like any other that cannot be.
func TestAnEmptyPieceAmongOthersIsRefused(t *testing.T) {
	for range 16 {
		synctest.Test(t, func(t *testing.T) {
			s, alice, bob := play(t, func(s *scene) {
				done := false
				s.cable.tamper = func(p parcel) ([][]byte, bool) {
					if p.kind() == 'C' && p.from == 1 && !done {
						done = true
						s.alice.disk.Trace(func(string) {
							for range 1000 { // so that it is there before the sound one is joined
								runtime.Gosched()
							}
						})
						return [][]byte{p.raw, chunkOf(pieceSize, []int{}, nil)}, false
					}
					return asItIs(p), false
				}
			})
			s.wants(s.alice, alice, meeting.ErrGarbled, false)
			s.wants(s.bob, bob, meeting.ErrTheyFail, false)
		})
	}
}

// A stop cannot take back what was sent, nor add to what was agreed.
func TestAStopThatCannotBeIsRefused(t *testing.T) {
	for _, end := range []string{`4064`, `4608`, `20512`, `-32`, `5000`} {
		t.Run(end, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, alice, bob := play(t, func(s *scene) {
					s.alice.size = 5 * padSize
					s.cable.tamper = func(p parcel) ([][]byte, bool) {
						if p.kind() == 'C' && p.from == 1 {
							if at, _ := contribution(p.raw); at == 4608 {
								return [][]byte{p.raw, reframe('E', []byte(`{"stop":`+end+`}`))}, false
							}
						}
						return asItIs(p), false
					}
				})
				s.wants(s.alice, alice, meeting.ErrGarbled, false)
				s.wants(s.bob, bob, meeting.ErrTheyFail, false)
			})
		})
	}
}

// What was joined stays joined, and the key comes after all of it.
func TestALieAboutWhatIsJoinedIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		nth int // of bob's
		lie func(said []byte) [][]byte
	}{
		"less than before":            {2, func([]byte) [][]byte { return [][]byte{reframe('J', []byte(`{"joined":0}`))} }},
		"a key before all of it":      {1, func(said []byte) [][]byte { return [][]byte{said, reframe('K', make([]byte, 32))} }},
		"a key before the last of it": {padSize / pieceSize, func([]byte) [][]byte { return [][]byte{reframe('K', make([]byte, 32))} }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, alice, bob := play(t, func(s *scene) {
					n := 0
					s.cable.tamper = func(p parcel) ([][]byte, bool) {
						if p.kind() == 'J' && p.from == 1 {
							if n++; n == c.nth {
								return c.lie(p.raw), false
							}
						}
						return asItIs(p), false
					}
				})
				s.wants(s.alice, alice, meeting.ErrGarbled, false)
				s.wants(s.bob, bob, meeting.ErrTheyFail, false)
			})
		})
	}
}

func TestWhoIsNoPadDeviceIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		says string
		want error
	}{
		"nothing":               {"", meeting.ErrStalled},
		"half a preamble":       {"otc-meet", meeting.ErrStalled},
		"a web browser":         {"GET / HTTP/1.1\r\nHost: 169.254.1.1\r\n\r\n", meeting.ErrGarbled},
		"zeros":                 {strings.Repeat("\x00", 99), meeting.ErrGarbled},
		"a later version":       {"otc-meeting\x00\x00\x00\x00\x02 and whatever that says", meeting.ErrVersion},
		"a preamble, and zeros": {"otc-meeting\x00\x00\x00\x00\x01" + strings.Repeat("\x00", 99), meeting.ErrGarbled},
		"half a frame":          {"otc-meeting\x00\x00\x00\x00\x01H\x00", meeting.ErrStalled},
		"a key at once":         {"otc-meeting\x00\x00\x00\x00\x01K\x00\x00\x00\x20" + strings.Repeat("k", 32), meeting.ErrGarbled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				alice := newDevice(t, "alice", laidUp)
				here, there := net.Pipe()
				defer there.Close()
				go func() {
					b := make([]byte, 99)
					for {
						if _, err := there.Read(b); err != nil {
							return
						}
					}
				}()
				go there.Write([]byte(c.says))
				if _, err := meeting.Run(t.Context(), here, alice.config()); !errors.Is(err, c.want) {
					t.Error(err)
				}
			})
		})
	}
}

// Whatever comes when it must not ends the meeting, and does no harm to the
// next one.
func TestNothingThatComesOutOfTurnDoesHarm(t *testing.T) {
	kinds := map[byte]string{
		'H': `{"name":"bob","device":"` + zeros + `","nonce":"` + zeros + `"}`,
		'S': `{"pad":"` + zeros + `","room":4096,"ready":0,"rate":0,"draft":null,"pads":null}`,
		'P': `{"propose":4096,"bucket":32,"resume":false}`,
		'Y': `{"accept":4096,"bucket":32,"resume":false}`,
		'J': `{"joined":0}`, 'E': `{"stop":4096}`, 'K': strings.Repeat("k", 32),
		'T': `{"tag":"` + zeros + `"}`, 'W': `{"same":"` + zeros + `"}`,
		'R': `{"prepared":"` + zeros + `"}`, 'U': `{"used":"` + zeros + `"}`,
		'B': `{"why":"whatever"}`, 'C': "",
	}
	w := strangers(t)
	for kind, payload := range kinds {
		raw := reframe(kind, []byte(payload))
		if kind == 'C' {
			raw = chunkOf(0, []padstore.Lot{{Origins: []padstore.Origin{{Name: "noise"}}, Bytes: 32}}, bytes.Repeat([]byte("noise"), 7)[:32])
		}
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			some := newSample(t, 5)
			for from := range 2 {
				for index, reached := some.first(), true; reached; index += some.next() {
					reached = false
					within(t, fmt.Sprintf("after message %d of end %d", index, from), func(t *testing.T) {
						tr := begin(t, w, uint64(index))
						c := newCable()
						more := func(_ *trial, p parcel) ([][]byte, bool) { return [][]byte{p.raw, raw}, false }
						tr.tamper(c, tampering{at: more, then: asItIs}, from, index, &reached)
						tr.ends = tr.meet(c)
						tr.soundly()
					})
				}
			}
		})
	}
}
