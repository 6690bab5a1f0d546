package seal

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

const (
	contribution = "Any submission to the IETF intended by the Contributor for publication as all or part of an " +
		"IETF Internet-Draft or RFC and any statement made within the context of an IETF activity is considered " +
		"an \"IETF Contribution\". Such statements include oral statements in IETF sessions, as well as written " +
		"and electronic communications made at any time or place, which are addressed to"
	brillig = "'Twas brillig, and the slithy toves\nDid gyre and gimble in the wabe:\n" +
		"All mimsy were the borogoves,\nAnd the mome raths outgrabe."
)

// rfc8439 is section 2.5.2, and appendix A.3 with its numbers. Keys and tags
// are filled with zeros up to 16 bytes; messages are whole.
var rfc8439 = []struct{ name, r, s, msg, tag string }{
	{"2.5.2", "85d6be7857556d337f4452fe42d506a8", "0103808afb0db2fd4abff6af4149f51b",
		hex.EncodeToString([]byte("Cryptographic Forum Research Group")), "a8061dc1305136c6c22b8baf0c0127a9"},
	{"A.3 #1", "", "", strings.Repeat("00", 64), ""},
	{"A.3 #2", "", "36e5f6b5c5e06070f0efca96227a863e", hex.EncodeToString([]byte(contribution)), "36e5f6b5c5e06070f0efca96227a863e"},
	{"A.3 #3", "36e5f6b5c5e06070f0efca96227a863e", "", hex.EncodeToString([]byte(contribution)), "f3477e7cd95417af89a6b8794c310cf0"},
	{"A.3 #4", "1c9240a5eb55d38af333888604f6b5f0", "473917c1402b80099dca5cbc207075c0",
		hex.EncodeToString([]byte(brillig)), "4541669a7eaaee61e708dc7cbcc5eb62"},
	{"A.3 #5", "02", "", strings.Repeat("ff", 16), "03"},
	{"A.3 #6", "02", strings.Repeat("ff", 16), "02" + strings.Repeat("00", 15), "03"},
	{"A.3 #7", "01", "", strings.Repeat("ff", 16) + "f0" + strings.Repeat("ff", 15) + "11" + strings.Repeat("00", 15), "05"},
	{"A.3 #8", "01", "", strings.Repeat("ff", 16) + "fb" + strings.Repeat("fe", 15) + strings.Repeat("01", 16), ""},
	{"A.3 #9", "02", "", "fd" + strings.Repeat("ff", 15), "fa" + strings.Repeat("ff", 15)},
	{"A.3 #10", "0100000000000000" + "04", "",
		"e33594d7505e43b9" + "0000000000000000" + "3394d7505e4379cd" + "0100000000000000" + strings.Repeat("00", 16) + "01" + strings.Repeat("00", 15),
		"1400000000000000" + "55"},
	{"A.3 #11", "0100000000000000" + "04", "",
		"e33594d7505e43b9" + "0000000000000000" + "3394d7505e4379cd" + "0100000000000000" + strings.Repeat("00", 16),
		"13"},
}

func TestTagsAreThoseOfRFC8439(t *testing.T) {
	for _, v := range rfc8439 {
		t.Run(v.name, func(t *testing.T) {
			// NewHashKey would refuse the r = 0 of two of them.
			key, mask, msg, want := HashKey{keep(cell(t, v.r))}, cell(t, v.s), decode(t, v.msg), cell(t, v.tag)
			got := make([]byte, tagSize)
			sum(got, key, mask, msg)
			if !bytes.Equal(got, want) {
				t.Fatalf("tag %x, want %x", got, want)
			}
			if !verify(want, key, mask, msg) {
				t.Error("the right tag does not verify")
			}
			for bit := range 8 * tagSize {
				wrong := bytes.Clone(want)
				wrong[bit/8] ^= 1 << (bit % 8)
				if verify(wrong, key, mask, msg) {
					t.Errorf("a tag with bit %d flipped verifies", bit)
				}
			}
		})
	}
}

// cell is hexadecimal, filled with zeros up to 16 bytes.
func cell(t *testing.T, s string) []byte {
	return append(decode(t, s), make([]byte, CellSize-len(s)/2)...)
}

func decode(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
