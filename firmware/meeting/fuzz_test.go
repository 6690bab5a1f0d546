package meeting

import (
	"bytes"
	"testing"

	"onetimechat/padstore"
)

// Whatever comes is refused, or is a message of which exactly that is the
// spelling.
func FuzzFrames(f *testing.F) {
	id, pad := "000102030405060708090a0b0c0d0e0f", "ffeeddccbbaa99887766554433221100"
	lots := []padstore.Lot{{Origins: []padstore.Origin{{Name: `a "source" <&>`, Raw: true, Credit: 32}}, Bytes: 32}}
	for _, m := range []message{
		hello{Name: "alice", Device: id, Nonce: pad},
		state{Pad: pad, Room: 1 << 30, Ready: 4096, Rate: 36000, Pads: []padState{{Pad: id, State: stateInUse, Tag: pad}}},
		state{Pad: pad, Draft: &draftState{Pad: id, Stage: "checked", Done: 4096, Bytes: 4096, Bucket: 32, Tag: pad}},
		propose{Bytes: 4096, Bucket: 32}, accept{Bytes: 4096, Bucket: 32, Resume: true},
		chunk{at: 4096, lots: lots, bytes: []byte("32 bytes of somebody's own noise")},
		joined{512}, stop{4096}, key{&[keySize]byte{1, 2, 3}}, tag{id}, same{pad}, prepared{pad}, used{pad}, bye{"cancel"},
	} {
		b, err := frame(m)
		if err != nil {
			f.Fatal(err)
		}
		if c, ok := m.(chunk); ok {
			b = append(b, c.bytes...)
		}
		f.Add(b)
	}
	f.Add([]byte{byte(kindAlive), 0, 0, 0, 0})
	f.Add(append(append([]byte{byte(kindChunk), 0, 0, 0, chunkHead + 2}, make([]byte, chunkHead-1)...), 2, '[', ']'))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		m, err := readFrame(r, func(size int) []byte {
			if size < 1 || size > maxPiece {
				t.Fatalf("%d bytes are asked for", size)
			}
			return make([]byte, size)
		})
		if err != nil || m == nil {
			return
		}
		if err := m.check(); err != nil {
			t.Fatalf("%+v passed: %v", m, err)
		}
		again, err := frame(m)
		if c, ok := m.(chunk); ok {
			again = append(again, c.bytes...)
		}
		if read := b[:len(b)-r.Len()]; err != nil || !bytes.Equal(again, read) {
			t.Fatalf("%q was read as %+v, which is spelled %q, %v", read, m, again, err)
		}
	})
}
