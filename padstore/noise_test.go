package padstore_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"onetimechat/padstore/durable/durabletest"
)

func TestHowNoiseBeganIsKept(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	if known := store.NoiseStarts(); len(known) > 0 {
		t.Errorf("a new store knows %x", known)
	}
	most := slices.Repeat([][]byte{bytes.Repeat([]byte{0xff}, 240)}, 64)
	for name, wrong := range map[string][][]byte{
		"too many": append(slices.Clone(most), []byte{1}), "too long": {make([]byte, 241)}, "empty": {{}},
	} {
		if err := store.KeepNoiseStarts(wrong); err == nil || store.Fault() != nil {
			t.Errorf("%s: %v, %v", name, err, store.Fault())
		}
	}
	if err := store.KeepNoiseStarts(most); err != nil {
		t.Fatal(err)
	}
	disk.PowerOff()
	disk.PowerOn(durabletest.Lost)
	store = open(t, disk, "alice")
	if known := store.NoiseStarts(); !reflect.DeepEqual(known, most) {
		t.Errorf("%d beginnings are left", len(known))
	}
	for _, sector := range []int{0, 64} {
		disk.DropSector("noise.record", sector)
	}
	store = open(t, disk, "alice")
	if known := store.NoiseStarts(); len(known) > 0 || store.Log()[0].Kind == "" {
		t.Errorf("out of a damaged record comes %x", known)
	}
	if err := store.KeepNoiseStarts(most); err != nil {
		t.Fatal(err)
	}
}
