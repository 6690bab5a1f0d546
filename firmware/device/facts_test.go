package device_test

import (
	"strings"
	"testing"

	"onetimechat/hostlink"
)

// pages is all that a screen says, on all its pages, in one line.
func (r *rig) pages() string {
	r.t.Helper()
	text := r.text()
	for !r.glass.now().LastPage() {
		r.tap("next")
		text += " " + r.text()
	}
	return text
}

func TestTheCertificateSaysWhatIsProvenAndAssumed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newPair(t)
		pairUp(alice, bob) // 64512 bytes: 288 blocks of 224 from each
		words := map[string]bool{}
		for _, m := range []*meeter{alice, bob} {
			m.tap("contact-1")
			m.wantScreen("certificate")
			text := m.pages()
			for _, want := range []string{
				"32,240 bytes each way", "unconditional", "in use",
				"Our noise", "Their noise, as", "simulated, raw: 64,512 bytes from 288 blocks, 1,179,648 bits of noise, each credited with 0.50 bit",
				"over 2^-119, whatever computer they have", // 288 2^-128
				"Assumed", "the credited randomness in each block, given all before it", "nothing to do with the digits of π",
				"no source depends on another", "nobody was on the cable", "neither device was opened", "prove nothing",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("%s’s certificate does not say %q: %q", m.store.Owner(), want, text)
				}
			}
			cert, _, err := m.store.Certificate(m.store.Pads()[0].Number)
			if err != nil {
				t.Fatal(err)
			}
			words[cert.Tag] = true
		}
		if len(words) != 1 {
			t.Errorf("the certificates have the tags %v", words)
		}
	})
}

// What home warns of is explained where its owner taps: at the contact.
func TestAContactsPageTellsWhatWasRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		for range 3 {
			in := from(t, bob, "alice", "hello")
			in.Package[len(in.Package)-1] ^= 1
			if got := <-open(t.Context(), alice, "", in); got.opened[0].Err != hostlink.DecryptionFailed {
				t.Fatalf("%+v", got)
			}
		}
		alice.wantText("3 forged or damaged packages refused")
		alice.tap("contact-1")
		alice.wantText("Refused", "3 in all: forged, or damaged on the way", "None was opened")
		alice.tap("ok")
		alice.wantScreen("home")
	})
}
