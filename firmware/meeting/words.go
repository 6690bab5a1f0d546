package meeting

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/tyler-smith/go-bip39/wordlists"
)

// wordBits is what one of 2048 words says.
const wordBits = 11

// Words are the first 44 bits of a tag, the first bit the most significant, as
// four words of BIP 39's English list, 11 bits each.
func Words(tag [16]byte) (words [4]string) {
	bits := binary.BigEndian.Uint64(tag[:])
	for i := range words {
		words[i] = wordlists.English[bits>>(64-wordBits)]
		bits <<= wordBits
	}
	return words
}

// WordsOf are the words of a tag in hex, as a certificate keeps it.
func WordsOf(hexTag string) ([4]string, error) {
	raw, err := hex.DecodeString(hexTag)
	if err != nil || len(raw) != 16 {
		return [4]string{}, fmt.Errorf("meeting: %.40q is no tag", hexTag)
	}
	return Words([16]byte(raw)), nil
}
