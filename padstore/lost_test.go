package padstore_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// losses are ways to lose both slots of a file with slots of a size.
func losses(name string, size int) map[string]func(*durabletest.Disk) {
	return map[string]func(*durabletest.Disk){
		"zeros":      func(d *durabletest.Disk) { d.Put(name, make([]byte, 2*size)) },
		"empty":      func(d *durabletest.Disk) { d.Put(name, nil) },
		"unreadable": func(d *durabletest.Disk) { d.UnreadablePage(name, 0); d.UnreadablePage(name, size/4096) },
	}
}

// goneNumber is the number of the newest pad that metOnce had.
const goneNumber = "3"

// metOnce is alice's device, with a pad made at a meeting, and one moved in and removed
// of which there is a copy, and one with dan that is gone, too.
func metOnce(t *testing.T) (disk, copied *durabletest.Disk, id string) {
	folder := generate(t, seal.Unconditional, 1024, padtest.Stream(t.Name()))
	copied = folder.Clone(1)
	store, disk := device(t, folder, "alice")
	mustDo(t, store.Remove("bob", nil))
	mustDo(t, errors.Join(store.Reservoir().Resize(64), (&stock{}).add(store, 4, origins("hw")), store.MakeDeviceID()))
	making := padstore.Making{Contact: "carol", Peer: strings.Repeat("0c", 16), PadID: newID, Bytes: 4096, Suite: seal.Unconditional, Bucket: 32}
	mustDo(t, store.Use(makePad(t, store, making)))
	making.Contact, making.Peer, making.PadID = "dan", strings.Repeat("0d", 16), "00d0"
	if gone := makePad(t, store, making); gone != goneNumber {
		t.Fatalf("pad %s", gone)
	}
	mustDo(t, store.Remove("dan", nil))
	id = store.DeviceID()
	mustDo(t, store.Close())
	return disk, copied, id
}

// opened is a store that was opened after a loss, at the second try where the power was
// cut at the first.
type opened struct {
	how  string // it was lost
	k    int    // the first try's operation that the power would be cut at
	cut  bool   // and was
	disk *durabletest.Disk
	*padstore.Store
}

// afterLoss opens alice's store after each loss of both slots of a file, with the power
// cut at each operation in turn.
func afterLoss(t *testing.T, whole *durabletest.Disk, name string, size int, check func(opened)) {
	t.Helper()
	for how, lose := range losses(name, size) {
		for k, cut := 1, true; cut; k++ {
			disk := whole.Clone(uint64(k))
			lose(disk)
			disk.CutAt(k)
			_, err := padstore.Open(disk, "alice")
			cut = disk.Failed()
			if err != nil && !cut {
				t.Fatalf("%s: %v", how, err)
			}
			disk.PowerOn(fates[k%len(fates)])
			check(opened{how, k, cut, disk, open(t, disk, "alice")})
		}
	}
}

// Without what it knew of itself a device goes on with its pads, and is no other one
// to its contacts, wherever the power is cut meanwhile.
func TestADeviceThatForgotItselfGoesOn(t *testing.T) {
	whole, _, id := metOnce(t)
	for how, lose := range losses("device.record", 4096) {
		disk := whole.Clone(1)
		lose(disk)
		if owner, err := padstore.OwnerOf(disk); owner != "alice" || err != nil {
			t.Fatalf("%s: %q's, %v", how, owner, err)
		}
		if _, err := padstore.Open(disk, "eve"); err == nil {
			t.Fatalf("%s: opened for somebody else", how)
		}
	}
	afterLoss(t, whole, "device.record", 4096, func(o opened) {
		if o.DeviceID() != id {
			t.Fatalf("%s, cut at %d: device %q, not %q", o.how, o.k, o.DeviceID(), id)
		}
		mustSeal(t, o.Store, "carol", "still here")
		making := padstore.Making{Contact: "dan", Peer: strings.Repeat("0d", 16), PadID: "00dd", Bytes: 4096, Suite: seal.Unconditional, Bucket: 32}
		if number := makePad(t, o.Store, making); number == goneNumber {
			t.Fatalf("%s, cut at %d: number %s is given again", o.how, o.k, number)
		}
		if told := texts(o.Log(), padstore.KindFault); !o.cut && len(told) != 1 {
			t.Errorf("%s: the log tells %q", o.how, told)
		}
	})
}

// By its owner's name a pad has its lanes: a draft of nobody knows whom becomes none.
func TestADraftWhoseOwnerIsForgottenBeginsAnew(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	_, err := store.Begin(padstore.Making{Contact: "bob", Peer: strings.Repeat("0b", 16), PadID: newID, Bytes: 4096, Suite: seal.Unconditional, Bucket: 32})
	mustDo(t, errors.Join(err, store.Draft().Append(padBytes(t, "draft", 4096), lotsOf(4096, "hw"), lotsOf(4096, "hw"))))
	mustDo(t, store.Close())
	disk.Put("device.record", nil)
	if owner, err := padstore.OwnerOf(disk); owner != "" || err != nil {
		t.Fatalf("%q's, %v", owner, err)
	}
	if store = open(t, disk, "carol"); store.Draft() != nil || disk.Bytes("draft.store") != nil || disk.Bytes("draft.record") != nil {
		t.Errorf("left are %q", disk.Names())
	}
}

// Without what pads it has had, a device moves none in, which might be one of them.
// Its own go on, and meetings make more.
func TestADeviceThatForgotItsPadsMovesNoneIn(t *testing.T) {
	whole, copied, _ := metOnce(t)
	afterLoss(t, whole, "pads.record", 32768, func(o opened) {
		mustSeal(t, o.Store, "carol", "still here")
		for _, from := range []*durabletest.Disk{copied.Clone(1), generate(t, seal.Unconditional, 1024, bytes.NewReader(padBytes(t, "another", 1024)))} {
			if _, err := o.Import(from, "stick", nil); err == nil || errors.Is(err, padstore.ErrFault) || !strings.Contains(err.Error(), "at a meeting") {
				t.Fatalf("%s, cut at %d: %v", o.how, o.k, err)
			}
		}
		makePad(t, o.Store, padstore.Making{Contact: "dan", Peer: strings.Repeat("0d", 16), PadID: "00dd", Bytes: 4096, Suite: seal.Unconditional, Bucket: 32})
		if o.cut {
			return
		}
		if told := texts(o.Log(), padstore.KindFault); len(told) != 1 {
			t.Errorf("%s: the log tells %q", o.how, told)
		}
		mustDo(t, o.Erase(nil))
		_, err := open(t, o.disk, "alice").Import(copied.Clone(1), "stick", nil)
		mustDo(t, err)
	})
}
