package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
)

// paperParts cuts a segment for n plain bytes into its three parts.
func paperParts(seg []byte, n int) (text, body, key []byte) {
	return seg[:n], seg[n : 2*n+macSize], seg[2*n+macSize:]
}

// paperMAC is HMAC-SHA256 over index ‖ c. The report leaves the index out of
// it (section 5.1); its authors' program has it.
func paperMAC(key, index, c []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(index)
	mac.Write(c)
	return mac.Sum(nil)
}

func sealPaper(index int64, seg, plain []byte) []byte {
	text, body, key := paperParts(seg, len(plain))
	pkg := make([]byte, Paper.PackageSize(len(plain)))
	putIndex(pkg, index)
	c := pkg[IndexSize : IndexSize+len(plain)]
	subtle.XORBytes(c, text, plain)
	copy(pkg[IndexSize+len(plain):], paperMAC(key, pkg[:IndexSize], c))
	subtle.XORBytes(pkg[IndexSize:], pkg[IndexSize:], body)
	return pkg
}

func openPaper(seg, pkg []byte) ([]byte, error) {
	n := len(pkg) - Paper.PackageSize(0)
	text, body, key := paperParts(seg, n)
	inner := make([]byte, n+macSize)
	subtle.XORBytes(inner, pkg[IndexSize:], body)
	c, mac := inner[:n:n], inner[n:]
	if !hmac.Equal(mac, paperMAC(key, pkg[:IndexSize], c)) {
		clear(inner)
		return nil, ErrNotVerified
	}
	subtle.XORBytes(c, c, text)
	return c, nil
}
