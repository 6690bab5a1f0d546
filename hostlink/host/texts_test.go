package host_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"slices"
	"testing"
	"testing/synctest"

	"onetimechat/hostlink"
)

// veiled is a device whose packages do not show the text.
type veiled struct{ *device }

// veil turns every byte into another one, and back.
func veil(b []byte) []byte {
	b = slices.Clone(b)
	for i := range b {
		b[i] ^= 0x80
	}
	return b
}

func (d veiled) Package(ctx context.Context, req hostlink.PackageRequest) ([]hostlink.Sealed, error) {
	all, err := d.device.Package(ctx, req)
	all = slices.Clone(all)
	for i := range all {
		all[i].Package = veil(all[i].Package)
	}
	return all, err
}

func (d veiled) Unpackage(ctx context.Context, req hostlink.UnpackageRequest) ([]hostlink.Opened, error) {
	req.Packages = slices.Clone(req.Packages)
	for i := range req.Packages {
		req.Packages[i].Package = veil(req.Packages[i].Package)
	}
	return d.device.Unpackage(ctx, req)
}

// What is sent, read, denied and read after all, with a link that breaks and a
// relay that is down, leaves no text on the laptop's disk: not in the end, and not
// after any operation on the way there.
func TestNoTextIsEverOnDisk(t *testing.T) {
	const sent, read, denied = "attack at dawn", "retreat at dusk", "surrender at noon"
	day := func(t *testing.T, place *shelf) (whole bool) {
		d, r := newDevice("alice", "bob"), newRelay()
		h := start(t, "alice", veiled{d}, r, place)
		whole = true
		do := func(_ any, err error) { whole = whole && err == nil }
		d.unplugged = true
		_, _ = h.Send(t.Context(), []string{"bob"}, sent)
		d.unplugged, d.breaks, r.down = false, 99, true
		_, _ = h.Send(t.Context(), []string{"bob"}, sent) // may have been sealed
		d.breaks = 0
		do(h.Send(t.Context(), []string{"bob"}, sent)) // into the outbox
		r.down = false
		r.bring("alice", "bob", string(veil([]byte(read))))
		r.bring("alice", "bob", string(veil([]byte(denied))))
		d.answer = answers(map[string]hostlink.Refusal{denied: hostlink.Rejected})
		var arrived shown
		do(h.Receive(t.Context(), arrived.show))
		d.answer = nil
		do(h.OpenLater(t.Context(), nil, arrived.show))
		return whole && slices.Equal(arrived.texts(), []string{read, denied})
	}
	packages := 0
	for k, whole := 1, false; !whole; k++ {
		synctest.Test(t, func(t *testing.T) {
			place := newShelf(1)
			place.disk.CutAt(k)
			whole = day(t, place)
			for name, data := range place.disk.Image() {
				for _, text := range []string{sent, read, denied} {
					for _, form := range []string{text, base64.StdEncoding.EncodeToString([]byte(text))[:16]} {
						if bytes.Contains(data, []byte(form)) {
							t.Errorf("cut at %d, %s holds %q", k, name, text)
						}
					}
				}
				if bytes.Contains(data, []byte(base64.StdEncoding.EncodeToString(veil([]byte(denied))))) {
					packages++
				}
			}
		})
		if t.Failed() {
			return
		}
	}
	if packages == 0 {
		t.Error("no package was on the disk either: is this test reading it right?")
	}
}
