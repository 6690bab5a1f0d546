package seal

import (
	"crypto/subtle"

	//lint:ignore SA1019 Deprecated as a general-purpose MAC; here it is the hash of a Wegman-Carter MAC, with a fresh pad cell as mask for every tag.
	"golang.org/x/crypto/poly1305"
)

func sealUnconditional(key HashKey, index int64, seg, plain []byte) []byte {
	pkg := make([]byte, Unconditional.PackageSize(len(plain)))
	signed, tag := pkg[:IndexSize+len(plain)], pkg[IndexSize+len(plain):]
	putIndex(signed, index)
	mask, text := seg[:CellSize], seg[CellSize:]
	subtle.XORBytes(signed[IndexSize:], text, plain)
	sum(tag, key, mask, signed)
	return pkg
}

func openUnconditional(key HashKey, seg, pkg []byte) ([]byte, error) {
	signed, tag := pkg[:len(pkg)-tagSize], pkg[len(pkg)-tagSize:]
	mask, text := seg[:CellSize], seg[CellSize:]
	if !verify(tag, key, mask, signed) {
		return nil, ErrNotVerified
	}
	plain := make([]byte, len(text))
	subtle.XORBytes(plain, signed[IndexSize:], text)
	return plain, nil
}

// sum puts Poly1305(r ‖ mask, m) into tag.
func sum(tag []byte, key HashKey, mask, m []byte) {
	k := oneTimeKey(key, mask)
	defer clear(k[:])
	poly1305.Sum((*[tagSize]byte)(tag), m, &k)
}

// verify compares tag with what sum would make, in constant time.
func verify(tag []byte, key HashKey, mask, m []byte) bool {
	k := oneTimeKey(key, mask)
	defer clear(k[:])
	return poly1305.Verify((*[tagSize]byte)(tag), m, &k)
}

// oneTimeKey is r ‖ mask, as Poly1305 takes it.
func oneTimeKey(key HashKey, mask []byte) (k [2 * CellSize]byte) {
	copy(k[:CellSize], key.r())
	copy(k[CellSize:], mask)
	return k
}
