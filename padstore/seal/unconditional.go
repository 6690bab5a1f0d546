package seal

import (
	"crypto/subtle"

	//lint:ignore SA1019 Deprecated as a general-purpose MAC; here it is the hash of a Wegman-Carter MAC, with a fresh pad cell as mask for every tag.
	"golang.org/x/crypto/poly1305"
)

// oneTimeKey is r ‖ s as Poly1305 takes it.
func oneTimeKey(key HashKey, seg []byte) (k [2 * CellSize]byte) {
	copy(k[:CellSize], key.r.b)
	copy(k[CellSize:], seg[:CellSize])
	return k
}

func sealUnconditional(key HashKey, index int64, seg, plain []byte) []byte {
	pkg := make([]byte, Unconditional.PackageSize(len(plain)))
	signed := pkg[:IndexSize+len(plain)]
	putIndex(signed, index)
	subtle.XORBytes(signed[IndexSize:], seg[CellSize:], plain)
	k := oneTimeKey(key, seg)
	defer clear(k[:])
	poly1305.Sum((*[tagSize]byte)(pkg[len(signed):]), signed, &k)
	return pkg
}

func openUnconditional(key HashKey, seg, pkg []byte) ([]byte, error) {
	signed := pkg[:len(pkg)-tagSize]
	k := oneTimeKey(key, seg)
	defer clear(k[:])
	if !poly1305.Verify((*[tagSize]byte)(pkg[len(signed):]), signed, &k) {
		return nil, ErrNotVerified
	}
	plain := make([]byte, len(signed)-IndexSize)
	subtle.XORBytes(plain, signed[IndexSize:], seg[CellSize:])
	return plain, nil
}
