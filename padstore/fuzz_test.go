package padstore_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// recordSizes are the records beside those of pads, and the size of their slots.
func recordSizes() map[string]int {
	return map[string]int{
		"device.record": 4096, "settings.record": 4096, "cursors.record": 32768, "pads.record": 32768,
		"noise.record": 32768, "reservoir.record": 32768, "draft.record": 65536,
	}
}

// furnished is a disk with one of each record.
func furnished(t testing.TB) *durabletest.Disk {
	t.Helper()
	disk := durabletest.New(1)
	s := open(t, disk, "alice")
	made := []padstore.Origin{{Name: "noise", Raw: true, Credit: 32}}
	mustDo(t, s.Reservoir().Resize(4096))
	b := make([]byte, 4096)
	if _, err := padtest.Stream("noise").Read(b); err != nil {
		t.Fatal(err)
	}
	mustDo(t, s.Reservoir().Add(b, made))
	mustDo(t, s.MakeDeviceID())
	mustDo(t, s.KeepNoiseStarts([][]byte{b[:240], b[:16]}))
	mustDo(t, s.SaveNextRef("http://relay", 7))
	d, err := s.Begin(padstore.Making{Contact: "bob", Peer: strings.Repeat("ab", 16), PadID: strings.Repeat("cd", 16), Bytes: 4096, Suite: seal.Unconditional, Bucket: 32})
	mustDo(t, err)
	lots := []padstore.Lot{{Origins: made, Bytes: 1024}}
	mustDo(t, d.Append(b[:1024], lots, lots))
	mustDo(t, s.Close())
	return disk
}

// A record that its checksum calls sound may say anything, if somebody else had
// the card: the store refuses it, or lives with it.
func FuzzRecords(f *testing.F) {
	disk := furnished(f)
	for name, size := range recordSizes() {
		slots, text, err := durable.OpenSlots(disk, name, size)
		if err != nil {
			f.Fatal(name, err)
		}
		mustDo(f, slots.Close())
		f.Add(name, text)
	}
	f.Add("device.record", []byte(`{"format":1,"owner":"alice","starts":18446744073709551615,"clean":true,"number":9223372036854775807,"log_seen":18446744073709551615,"id":"bob"}`))
	f.Add("settings.record", []byte(`{"idle":86400,"brightness":100,"rotation":270,"reservoir":281474976710656}`))
	f.Add("cursors.record", []byte("["+strings.Repeat(`{"server":"`+strings.Repeat("x", 256)+`","ref":-1},`, 110)+`{}]`))
	f.Add("noise.record", []byte("null"))
	f.Add("reservoir.record", []byte(`{"capacity":4096,"ready":0,"burning":"0-4096","lots":null}`))
	f.Add("draft.record", []byte(`{"contact":"bob"}`))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		size, ok := recordSizes()[name]
		if !ok || len(text) > size-256 {
			return
		}
		disk := disk.Clone(1)
		mustDo(t, disk.Remove(name))
		slots, err := durable.CreateSlots(disk, name, size, text)
		mustDo(t, err)
		mustDo(t, slots.Close())
		s, err := padstore.Open(disk, "alice")
		if err != nil {
			if !errors.Is(err, padstore.ErrFault) {
				t.Fatal(err)
			}
			return
		}
		tellAll(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// tellAll uses all that records tell of.
func tellAll(t *testing.T, s *padstore.Store) {
	t.Helper()
	s.Settings()
	s.NoiseStarts()
	s.Log()
	mustDo(t, s.SaveNextRef("http://another", 1))
	key := make([]byte, 48)
	if _, err := s.Reservoir().Take(key); err == nil && bytes.Equal(key[:16], make([]byte, 16)) {
		t.Fatal("zeros are no noise")
	} else if err != nil && !errors.Is(err, padstore.ErrDry) {
		t.Fatal(err)
	}
	if d := s.Draft(); d != nil {
		d.Making()
		if d.Stage() == padstore.Copying && d.Done() > 0 {
			mustDo(t, d.Rewind(d.Done()-32))
		}
		if err := d.Discard(); err != nil && !errors.Is(err, padstore.ErrState) {
			t.Fatal(err)
		}
	}
	if _, err := s.Work(); err != nil {
		t.Fatal(err)
	}
}
