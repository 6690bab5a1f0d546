package durable_test

import (
	"bytes"
	"testing"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
)

// FuzzSlots: whatever stands in a slots file, opening it does not fall over,
// and a record that it gives is one that can be written and read again.
func FuzzSlots(f *testing.F) {
	const size = 4096
	disk := durabletest.New(1)
	s, err := durable.CreateSlots(disk, "r", size, []byte("first"))
	if err != nil {
		f.Fatal(err)
	}
	for _, record := range []string{"", "second", "third"} {
		if err := s.Write([]byte(record)); err != nil {
			f.Fatal(err)
		}
		file := disk.Bytes("r")
		f.Add(bytes.TrimRight(file[:size], "\x00"), bytes.TrimRight(file[size:], "\x00"))
	}
	f.Fuzz(func(t *testing.T, even, odd []byte) {
		file := make([]byte, 2*size)
		copy(file[:size], even)
		copy(file[size:], odd)
		disk := durabletest.New(1)
		disk.Put("r", file)
		s, record, err := durable.OpenSlots(disk, "r", size)
		if err != nil {
			return
		}
		if err := s.Write(record); err != nil {
			t.Fatalf("a record that was read cannot be written: %v", err)
		}
		if _, again, err := durable.OpenSlots(disk, "r", size); err != nil || !bytes.Equal(again, record) {
			t.Fatalf("%q came back as %q, %v", record, again, err)
		}
	})
}
