package padstore_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

func TestACertificateTellsHowAPadWasMade(t *testing.T) {
	store := open(t, durabletest.New(1), "alice")
	mustDo(t, errors.Join(store.Reservoir().Resize(64), (&stock{}).add(store, 4, origins("hw")), store.MakeDeviceID()))
	m := making(seal.Unconditional, "d0", 256)
	d, err := store.Begin(m)
	mustDo(t, err)
	pad := padBytes(t, "d0", 256)
	mustDo(t, d.Append(pad[:128], lotsOf(128, "hw"), append(lotsOf(32, "usb"), lotsOf(96, "hwrng", "usb")...)))
	mustDo(t, d.Append(pad[128:], lotsOf(128, "hw", "serial"), lotsOf(128, "hwrng", "usb")))
	tag, err := d.Tag(&tagKey, nil)
	mustDo(t, err)
	mustDo(t, errors.Join(d.Confirm(padstore.Checked, tag), d.Confirm(padstore.Agreed, tag)))
	number, err := d.Prepare()
	mustDo(t, err)
	c, ok, err := store.Certificate(number)
	want := padstore.Certificate{
		Owner: "alice", Contact: contact, Device: store.DeviceID(), Peer: m.Peer, PadID: "d0", Bytes: 256, Suite: "unconditional", Bucket: 32,
		Ours:   append(lotsOf(128, "hw"), lotsOf(128, "hw", "serial")...),
		Theirs: append(lotsOf(32, "usb"), lotsOf(224, "hwrng", "usb")...),
		Tag:    hex.EncodeToString(tag[:]), Start: 1,
	}
	if !ok || err != nil || fmt.Sprint(c) != fmt.Sprint(want) {
		t.Fatalf("%+v, %v, %v", c, ok, err)
	}
	if p, _ := store.PadByID("d0"); p.Source != "hw + serial / usb + hwrng" {
		t.Fatalf("made from %q", p.Source)
	}
	if _, _, err := store.Certificate("99"); !errors.Is(err, padstore.ErrNoPad) {
		t.Fatalf("of no pad: %v", err)
	}
}

func TestDemoRandomnessOfEitherSideShows(t *testing.T) {
	for _, lots := range [][2]string{{"dev-random", "hw"}, {"hw", "dev-random"}} {
		store := open(t, durabletest.New(1), "alice")
		d, err := store.Begin(making(seal.Unconditional, "d0", 256))
		mustDo(t, err)
		pad := padBytes(t, "d0", 256)
		mustDo(t, d.Append(pad[:240], lotsOf(240, "hw"), lotsOf(240, "hw")))
		mustDo(t, d.Append(pad[240:], lotsOf(16, lots[0]), lotsOf(16, lots[1])))
		tag, err := d.Tag(&tagKey, nil)
		mustDo(t, errors.Join(err, d.Confirm(padstore.Agreed, tag)))
		_, err = d.Prepare()
		mustDo(t, err)
		if p := store.Pads()[0]; p.Source != "urandom" {
			t.Fatalf("%v: made from %q", lots, p.Source)
		}
	}
}

func TestADamagedCertificateCostsNothingElse(t *testing.T) {
	const name = "alice.carol.random.certificate"
	for what, harm := range map[string]func(*durabletest.Disk){
		"zeros": func(d *durabletest.Disk) { d.Put(name, make([]byte, 8192)) },
		"empty": func(d *durabletest.Disk) { d.Put(name, nil) },
		"huge":  func(d *durabletest.Disk) { d.Put(name, make([]byte, 1<<20)) },
		"another's": func(d *durabletest.Disk) {
			d.Put(name, slotsWith(`{"owner":"alice","contact":"carol","pad_id":"d7"}`, 4096))
		},
		"not JSON": func(d *durabletest.Disk) { d.Put(name, slotsWith(`"`, 4096)) },
	} {
		t.Run(what, func(t *testing.T) {
			tr := &trial{T: t}
			tr.start(prepared(t, seal.Unconditional), 1)
			harm(tr.disk)
			mustDo(t, tr.open())
			p := tr.store.Pads()[0]
			if _, ok, err := tr.store.Certificate(p.Number); ok || !errors.Is(err, padstore.ErrFault) || tr.store.Fault() != nil {
				t.Fatalf("%v, %v, %v", ok, err, tr.store.Fault())
			}
			if p.Fault || tr.store.Peer(contact) != strings.Repeat("c0", 16) || tr.use() != nil {
				t.Fatal("the pad suffers from it")
			}
		})
	}
}
