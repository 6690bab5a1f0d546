package meeting_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
)

// value is a member's value in a message: a number, a word, or whether.
var value = regexp.MustCompile(`:(-?\d+|"[^"]*"|true|false|null)`)

// liesAbout are what somebody may say instead of a value: numbers that are a
// little or far off, other ids, other words that belong somewhere.
func liesAbout(v string) []string {
	switch {
	case v == "true":
		return []string{"false"}
	case v == "false":
		return []string{"true"}
	case v == "null":
		return []string{
			"[]", `[{"pad":"` + zeros + `","state":"in use","tag":"` + zeros + `"}]`,
			draft("copying", 0, padSize, ""), draft("agreed", padSize, padSize, zeros),
		}
	case v[0] != '"':
		n, _ := strconv.ParseInt(v, 10, 64)
		var lies []string
		for _, lie := range []int64{n - 32, n + 32, n + 1, 0, 2*n + padSize, 1 << 47, -1} {
			lies = append(lies, strconv.FormatInt(lie, 10))
		}
		return lies
	case len(v) == len(zeros)+2:
		other := "0"
		if v[1] == '0' {
			other = "1"
		}
		return []string{`"` + zeros + `"`, `"` + other + v[2:], `""`}
	}
	return []string{`""`, `"alice"`, `"bob"`, `"carol"`, `"copying"`, `"checked"`, `"agreed"`, `"prepared"`, `"in use"`, `"different"`}
}

// liesOf are all frames that lie in one value of a message, or in one place of
// what has no members.
func liesOf(p parcel) (lies [][]byte) {
	switch p.kind() {
	case 0:
		return nil // has no values; see TestWhoIsNoPadDeviceIsRefused
	case 'K':
		return [][]byte{reframe('K', make([]byte, 32))}
	case 'C':
		n := int(binary.BigEndian.Uint32(p.raw[13:]))
		at, lots, noise := p.raw[5:13], p.raw[17:17+n], p.raw[17+n:]
		frame := func(at, lots, noise []byte) []byte {
			b := binary.BigEndian.AppendUint32(slices.Clone(at), uint32(len(lots)))
			return reframe('C', slices.Concat(b, lots, noise))
		}
		for _, lie := range liesIn(lots) {
			lies = append(lies, frame(at, lie, noise))
		}
		place := binary.BigEndian.Uint64(at)
		for _, lie := range []uint64{place + 32, place - 32, place + 1, place + 1<<47, 0} {
			lies = append(lies, frame(binary.BigEndian.AppendUint64(nil, lie), lots, noise))
		}
		return append(lies, frame(at, lots, make([]byte, len(noise))), frame(at, lots, noise[:len(noise)-32]), frame(at, lots, nil))
	}
	for _, lie := range liesIn(p.raw[5:]) {
		lies = append(lies, reframe(p.kind(), lie))
	}
	return lies
}

// liesIn are all texts that lie in one value of JSON.
func liesIn(text []byte) (lies [][]byte) {
	for _, at := range value.FindAllSubmatchIndex(text, -1) {
		from, to := at[2], at[3]
		for _, lie := range liesAbout(string(text[from:to])) {
			if lie != string(text[from:to]) {
				lies = append(lies, slices.Concat(text[:from], []byte(lie), text[to:]))
			}
		}
	}
	return lies
}

// fib is one lie: where it is told, and which of those that fit there.
type fib struct{ from, index, nth int }

// tell has a fib told on the cable. reached and told are true once its message,
// and it, were there.
func (c *cable) tell(f fib, reached, told *bool) {
	c.tamper = func(p parcel) ([][]byte, bool) {
		if p.from != f.from || p.index != f.index {
			return asItIs(p), false
		}
		*reached = true
		lies := liesOf(p)
		if f.nth >= len(lies) {
			return asItIs(p), false
		}
		*told = true
		return [][]byte{lies[f.nth]}, false
	}
}

// fibs goes through all lies in all messages of one end, or some.
func fibs(from int, some sample, do func(f fib, reached, told *bool)) {
	for index, reached := 0, true; reached; index++ {
		reached = false
		for nth, told := some.first(), true; told; nth += some.next() {
			told = false
			do(fib{from, index, nth}, &reached, &told)
		}
	}
}

// Every value of every message is a lie, one at a time. Whatever the lie was
// good for, both owners see how it ended, no two pads of one id differ, and the
// next meeting is as if there had been none.
func TestNoLieInAnyFieldDoesHarm(t *testing.T) {
	for _, w := range worlds(t) {
		for from := range 2 {
			t.Run(fmt.Sprintf("%s/%d", w.name, from), func(t *testing.T) {
				t.Parallel()
				fibs(from, newSample(t, 5*w.rarely(3)), func(f fib, reached, told *bool) {
					within(t, fmt.Sprintf("%+v", f), func(t *testing.T) {
						tr := begin(t, w, uint64(f.index))
						c := newCable()
						c.tell(f, reached, told)
						tr.ends = tr.meet(c)
						tr.endClearly()
						tr.soundly()
					})
				})
			})
		}
	}
}

// endClearly checks that each owner was told one of the ends that there are,
// and that nobody has a pad that differs from the other one's.
func (tr *trial) endClearly() {
	tr.Helper()
	for i, e := range tr.ends {
		known := slices.ContainsFunc([]error{
			meeting.ErrCancelled, meeting.ErrTheyCancel, meeting.ErrDifferent, meeting.ErrTheirs, meeting.ErrMirror, meeting.ErrSameName,
			meeting.ErrOtherOne, meeting.ErrKnownPad, meeting.ErrVersion, meeting.ErrGarbled, meeting.ErrStalled, meeting.ErrCable,
			meeting.ErrNoNoise, meeting.ErrTheyFail, padstore.ErrFull,
		}, func(end error) bool { return errors.Is(e.err, end) })
		if paired := e.err == nil && e.Number != ""; paired == known {
			tr.Errorf("%s's meeting ended with %v", tr.devices[i].owner, e)
		}
	}
	tr.agree()
}

// agree checks that pads of one id are equal, byte for byte.
func (tr *trial) agree() {
	tr.Helper()
	a, b := tr.devices[0], tr.devices[1]
	for _, p := range a.store.Pads() {
		q, both := b.store.PadByID(p.PadID)
		if both && !bytes.Equal(a.fileOf(p), b.fileOf(q)) {
			tr.Errorf("pad %s is %s here and %s there, and not the same", p.PadID, p.State, q.State)
		}
	}
}

// fileOf is a pad's file.
func (d *device) fileOf(p padstore.Pad) []byte {
	name := fmt.Sprintf("%s.%s.", d.owner, p.Contact)
	if b := d.disk.Bytes(name + p.Number + ".random.store"); b != nil {
		return b
	}
	return d.disk.Bytes(name + "random.store")
}

// A pad with somebody else is not the liar's business.
func TestALiarSpoilsNoOtherPad(t *testing.T) {
	lies := 0
	fibs(1, newSample(t, 12), func(f fib, reached, told *bool) {
		within(t, fmt.Sprintf("%+v", f), func(t *testing.T) {
			carol := newDevice(t, "carol", laidUp)
			var before []byte
			s, _, _ := play(t, func(s *scene) {
				s.alice.imports(carol)
				before = s.alice.padBytes()
				s.cable.tell(f, reached, told)
			})
			if *told {
				lies++
			}
			i := slices.IndexFunc(s.alice.store.Pads(), func(p padstore.Pad) bool { return p.Contact == "carol" })
			if i < 0 || len(before) == 0 {
				t.Fatal("there is no pad with carol")
			}
			if p := s.alice.store.Pads()[i]; p.State != padstore.InUse || !bytes.Equal(s.alice.fileOf(p), before) {
				t.Errorf("the pad with carol is %s, its bytes are other ones", p.State)
			}
		})
	})
	if lies < 10 {
		t.Errorf("only %d lies were told", lies)
	}
}

// Each message that there is, and each member of it, is lied about: this is what
// the tests above go through.
func TestEveryFieldIsLiedAbout(t *testing.T) {
	members := regexp.MustCompile(`"([a-z]+)":`)
	seen := map[string]bool{}
	note := func(p parcel) {
		if p.kind() == 0 || p.kind() == 'A' {
			return
		}
		if len(liesOf(p)) == 0 {
			t.Errorf("%c is told without a lie", p.kind())
		}
		seen[string(p.kind())] = true
		for _, m := range members.FindAllSubmatch(p.raw, -1) {
			seen[string(p.kind())+"."+string(m[1])] = true
		}
	}
	for _, w := range worlds(t) {
		synctest.Test(t, func(t *testing.T) {
			tr := begin(t, w, 1)
			c := newCable()
			c.tamper = func(p parcel) ([][]byte, bool) { note(p); return asItIs(p), false }
			tr.meet(c)
		})
	}
	for _, want := range strings.Fields("H.name H.device H.nonce S.pad S.room S.ready S.rate S.draft S.pads S.stage S.done S.bytes S.bucket S.tag S.state " +
		"P.propose P.bucket P.resume Y.accept Y.bucket Y.resume C.origins C.name C.raw C.credit C.demo C.bytes J.joined K T.tag W.same R.prepared U.used") {
		if !seen[want] {
			t.Errorf("nothing lies in %s", want)
		}
	}
}
