package durable_test

import (
	"bytes"
	"errors"
	"io/fs"
	"testing"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
)

func TestASmallFileIsReadWholeOrNotAtAll(t *testing.T) {
	disk, data := durabletest.New(1), bytes.Repeat([]byte("1234567"), 200)
	disk.Put("a", data)
	disk.Put("empty", nil)
	if got, err := durable.ReadFile(disk, "a", int64(len(data))); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if got, err := durable.ReadFile(disk, "empty", 0); err != nil || len(got) != 0 {
		t.Errorf("of an empty one %d bytes, %v", len(got), err)
	}
	if got, err := durable.ReadFile(disk, "a", int64(len(data))-1); err == nil || got != nil {
		t.Errorf("of a longer one %d bytes, %v", len(got), err)
	}
	if got, err := durable.ReadFile(disk, "b", 1); !errors.Is(err, fs.ErrNotExist) || got != nil {
		t.Errorf("of none %d bytes, %v", len(got), err)
	}
	for k := 1; k <= 3; k++ { // opening, its size, reading
		disk.FailAt(k)
		if got, err := durable.ReadFile(disk, "a", 1<<20); err == nil || got != nil || !disk.Failed() {
			t.Errorf("operation %d fails: %d bytes, %v", k, len(got), err)
		}
	}
	disk.Unreadable("a", 2)
	if got, err := durable.ReadFile(disk, "a", 1<<20); err == nil || got != nil {
		t.Errorf("of one that cannot be read %d bytes, %v", len(got), err)
	}
}
