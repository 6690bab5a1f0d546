package meeting_test

import (
	"strings"
	"testing"

	"onetimechat/firmware/meeting"
)

// The words' numbers in BIP 39's list, which begins with abandon = 0 and ends
// with zoo = 2047, were put together by hand from the tags' first 44 bits.
func TestWords(t *testing.T) {
	for tag, want := range map[string]string{
		"00000000000000000000000000000000": "abandon abandon abandon abandon", // 0 0 0 0
		"ffffffffffffffffffffffffffffffff": "zoo zoo zoo zoo",                 // 2047 2047 2047 2047
		"fffffffffff000000000000000000000": "zoo zoo zoo zoo",                 // the other bits do not count
		"000000000010ffffffffffffffffffff": "abandon abandon abandon ability", // 0 0 0 1
		"00200400800fffffffffffffffffffff": "ability ability ability abandon", // 1 1 1 0
		"80100200400000000000000000000000": "length length length length",     // 1024 1024 1024 1024
		"0123456789abcdef0123456789abcdef": "abuse boss fly battle",           // 9 209 719 154
	} {
		words, err := meeting.WordsOf(tag)
		if got := strings.Join(words[:], " "); got != want || err != nil {
			t.Errorf("%s: %s, %v", tag, got, err)
		}
	}
	for _, no := range []string{"", "00", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("g", 32)} {
		if words, err := meeting.WordsOf(no); err == nil {
			t.Errorf("%q has the words %q", no, words)
		}
	}
}
