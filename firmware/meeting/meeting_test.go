package meeting_test

import (
	"bytes"
	"crypto/subtle"
	"testing"
	"testing/synctest"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
)

func TestTwoDevicesMakeTheXorOfWhatBothGive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alice, bob := newDevice(t, "alice", laidUp), newDevice(t, "bob", laidUp)
		bob.size = 0
		w := &watch{devices: [2]*device{alice, bob}}
		c := newCable()
		c.seen = w.see
		a, b := meetOver(t.Context(), alice, bob, c.run())
		want := meeting.Result{Contact: "bob", Number: "1", Bytes: padSize, InUse: true}
		if a.Result != want || a.err != nil {
			t.Fatalf("alice: %+v", a)
		}
		want.Contact = "alice"
		if b.Result != want || b.err != nil {
			t.Fatalf("bob: %+v", b)
		}
		both := make([]byte, padSize)
		subtle.XORBytes(both, w.streams[0][:], w.streams[1][:])
		if !bytes.Equal(alice.padBytes(), both) || !bytes.Equal(bob.padBytes(), both) {
			t.Error("the pad is not what the two gave")
		}
		if alice.words != bob.words || alice.words[0] == "" {
			t.Errorf("the words are %q and %q", alice.words, bob.words)
		}
		for _, d := range []*device{alice, bob} {
			cert, ok, err := d.store.Certificate("1")
			if err != nil || !ok || len(cert.Theirs) != 1 || cert.Theirs[0].Bytes != padSize || cert.Ours[0].Origins[0].Name != "noise of "+d.owner {
				t.Errorf("%s's certificate: %+v, %v", d.owner, cert, err)
			}
			words, err := meeting.WordsOf(cert.Tag)
			if words != d.words || err != nil {
				t.Errorf("%s's certificate has the words %q", d.owner, words)
			}
		}
		wellPaired(t, alice, bob)
		if p := alice.store.Pads()[0]; p.State != padstore.InUse || p.Suite.String() != "unconditional" || p.Bucket != 32 {
			t.Errorf("%+v", p)
		}
	})
}
