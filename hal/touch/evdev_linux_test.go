package touch

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// stream is events as the kernel hands them out.
func stream(events ...event) []byte {
	var b []byte
	for _, e := range events {
		b = append(b, make([]byte, 16)...)
		b = binary.NativeEndian.AppendUint16(b, e.kind)
		b = binary.NativeEndian.AppendUint16(b, e.code)
		b = binary.NativeEndian.AppendUint32(b, uint32(e.value))
	}
	return b
}

var report = event{evSyn, synReport, 0}

func touches(events ...event) []Touch {
	var told []Touch
	t := newTracker(axis{0, 100}, axis{100, 300})
	follow(bytes.NewReader(stream(events...)), t, func(t Touch) { told = append(told, t) })
	return told
}

func TestFingersOfEveryKindOfDevice(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []event
		want   []Touch
	}{
		{"a pointer", []event{
			{evAbs, absX, 50}, {evAbs, absY, 150}, report, {evKey, btnLeft, 1}, report, {evKey, btnLeft, 0}, report,
		}, []Touch{{Down: true, X: .5, Y: .25}, {X: .5, Y: .25}}},
		{"a touchscreen with one finger", []event{
			{evAbs, absX, 0}, {evAbs, absY, 300}, {evKey, btnTouch, 1}, report, {evAbs, absX, 100}, report, {evKey, btnTouch, 0}, report,
		}, []Touch{{Down: true, X: 0, Y: 1}, {X: 1, Y: 1}}},
		{"a touchscreen with many, of which the first counts", []event{
			{evAbs, absMTSlot, 0}, {evAbs, absMTTracking, 7}, {evAbs, absMTPositionX, 100}, {evAbs, absMTPositionY, 100}, report,
			{evAbs, absMTSlot, 1}, {evAbs, absMTTracking, 8}, {evAbs, absMTPositionX, 3}, report,
			{evAbs, absMTTracking, -1}, report,
			{evAbs, absMTSlot, 0}, {evAbs, absMTTracking, -1}, report,
		}, []Touch{{Down: true, X: 1, Y: 0}, {X: 1, Y: 0}}},
		{"a thumb that stays, and jitters, while a finger taps", []event{
			{evAbs, absMTTracking, 7}, {evAbs, absMTPositionX, 10}, {evAbs, absMTPositionY, 120}, {evKey, btnTouch, 1},
			{evAbs, absX, 10}, {evAbs, absY, 120}, report,
			{evAbs, absMTSlot, 1}, {evAbs, absMTTracking, 8}, {evAbs, absMTPositionX, 90}, {evAbs, absMTPositionY, 280}, report,
			// The thumb is now the one that the single finger is played from.
			{evAbs, absMTSlot, 0}, {evAbs, absMTTracking, -1}, {evAbs, absX, 90}, {evAbs, absY, 280}, report,
			{evAbs, absMTTracking, 9}, {evAbs, absMTPositionX, 20}, {evAbs, absMTSlot, 1}, {evAbs, absMTPositionX, 91},
			{evAbs, absX, 91}, report,
			{evAbs, absMTSlot, 0}, {evAbs, absMTTracking, -1}, report,
			{evAbs, absMTSlot, 1}, {evAbs, absMTTracking, -1}, {evKey, btnTouch, 0}, report,
		}, []Touch{{Down: true, X: .1, Y: .1}, {X: .1, Y: .1}, {Down: true, X: .2, Y: .1}, {X: .2, Y: .1}}},
		// The glass was touched at the same height before anybody listened.
		{"a finger of which one coordinate was never told", []event{
			{evAbs, absX, 50}, {evKey, btnTouch, 1}, report, {evKey, btnTouch, 0}, report,
			{evAbs, absY, 150}, {evKey, btnTouch, 1}, report, {evKey, btnTouch, 0}, report,
		}, []Touch{{Down: true, X: .5, Y: .25}, {X: .5, Y: .25}}},
		{"values out of range", []event{
			{evAbs, absX, -7}, {evAbs, absY, 1 << 30}, {evKey, btnTouch, 1}, report,
		}, []Touch{{Down: true, X: 0, Y: 1}, {Lost: true}}},
		{"lost events are no tap", []event{
			{evAbs, absX, 0}, {evAbs, absY, 100}, {evKey, btnTouch, 1}, report, {evSyn, synDropped, 0}, {evKey, btnTouch, 0}, report,
			{evAbs, absX, 50}, {evAbs, absY, 150}, {evKey, btnTouch, 1}, report,
		}, []Touch{{Down: true}, {Lost: true}, {Down: true, X: .5, Y: .25}, {Lost: true}}},
		// It was moved to 50, 300 and lifted unheard, and lands there again but for x.
		{"a finger whose place was lost is no tap", []event{
			{evAbs, absX, 10}, {evAbs, absY, 120}, {evKey, btnTouch, 1}, report, {evSyn, synDropped, 0}, {evKey, btnTouch, 0}, report,
			{evAbs, absX, 60}, {evKey, btnTouch, 1}, report, {evAbs, absY, 299}, report, {evKey, btnTouch, 0}, report,
			{evKey, btnTouch, 1}, report, {evKey, btnTouch, 0}, report,
		}, []Touch{{Down: true, X: .1, Y: .1}, {Lost: true}, {Down: true, X: .6, Y: .995}, {X: .6, Y: .995}}},
		// The kernel names a slot when it is another than the last one it named, here
		// in what was lost, and never again while one finger is used.
		{"a first finger whose slot was lost", []event{
			{evAbs, absMTTracking, 7}, {evAbs, absMTPositionX, 10}, {evAbs, absMTPositionY, 120}, report,
			{evAbs, absMTSlot, 1}, {evAbs, absMTTracking, 8}, {evAbs, absMTPositionX, 90}, {evAbs, absMTPositionY, 280}, report,
			{evSyn, synDropped, 0}, report,
			{evAbs, absMTTracking, 9}, {evAbs, absMTPositionX, 20}, {evAbs, absMTPositionY, 140}, report, {evAbs, absMTTracking, -1}, report,
		}, []Touch{{Down: true, X: .1, Y: .1}, {Lost: true}, {Down: true, X: .2, Y: .2}, {X: .2, Y: .2}}},
		// What moves is the thumb in slot 1; then a finger lands where it was at x.
		{"a second finger whose slot was lost", []event{
			{evAbs, absMTTracking, 7}, {evAbs, absMTPositionX, 10}, {evAbs, absMTPositionY, 120}, report,
			{evAbs, absMTSlot, 1}, {evAbs, absMTTracking, 8}, {evAbs, absMTPositionX, 90}, {evAbs, absMTPositionY, 280}, report,
			{evSyn, synDropped, 0}, report, {evAbs, absMTPositionX, 91}, {evAbs, absMTPositionY, 281}, report,
			{evAbs, absMTSlot, 0}, {evAbs, absMTTracking, 9}, {evAbs, absMTPositionY, 140}, report, {evAbs, absMTTracking, -1}, report,
		}, []Touch{{Down: true, X: .1, Y: .1}, {Lost: true}}},
		{"unplugged with the finger down", []event{
			{evAbs, absX, 0}, {evAbs, absY, 100}, {evKey, btnTouch, 1}, report,
		}, []Touch{{Down: true}, {Lost: true}}},
		{"unplugged without", []event{
			{evAbs, absX, 0}, {evAbs, absY, 100}, {evKey, btnTouch, 1}, report, {evKey, btnTouch, 0}, report,
		}, []Touch{{Down: true}, {}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := touches(c.events...)
			if !slices.Equal(got, c.want) {
				t.Errorf("tells %+v, want %+v", got, c.want)
			}
		})
	}
}

// Many a touchscreen is a mouse as well, on a second device where no finger shows.
func TestATouchscreensMouseIsNotTakenForIt(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"event0", "event1", "event2"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for want, has := range map[string]func(name string, multi bool) bool{
		"event1": func(name string, multi bool) bool { return name == "event1" || name == "event0" && !multi },
		"event2": func(name string, multi bool) bool { return name == "event2" && !multi },
	} {
		e := NewEvdev(&Opts{Folder: folder})
		e.ranges = func(f *os.File, codes [2]uintptr) (axis, axis, bool) {
			return axis{0, 10}, axis{0, 10}, has(filepath.Base(f.Name()), codes == [2]uintptr{absMTPositionX, absMTPositionY})
		}
		file, _, _ := e.find(e.devices())
		if file == nil {
			t.Fatalf("nothing is found, want %s", want)
		}
		if got := filepath.Base(file.Name()); got != want {
			t.Errorf("%s is taken, want %s", got, want)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A device may come late, go away, and come again under another name.
func TestATouchscreenIsFoundWheneverItIsPluggedIn(t *testing.T) {
	folder := t.TempDir()
	e := NewEvdev(&Opts{Folder: folder})
	e.ranges = func(*os.File, [2]uintptr) (axis, axis, bool) { return axis{0, 10}, axis{0, 10}, true }
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	told := make(chan Touch, 10)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, func(t Touch) { told <- t }) }()
	for _, name := range []string{"event3", "event7"} {
		path := filepath.Join(folder, name)
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		device, err := os.OpenFile(path, os.O_WRONLY, 0) // waits for Run
		if err != nil {
			t.Fatal(err)
		}
		if _, err := device.Write(stream(event{evAbs, absX, 5}, event{evAbs, absY, 0}, event{evKey, btnTouch, 1}, report)); err != nil {
			t.Fatal(err)
		}
		if got := <-told; got != (Touch{Down: true, X: .5}) {
			t.Errorf("%s: %+v", name, got)
		}
		if !e.Present() {
			t.Errorf("%s is not there", name)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		device.Close()
		if got := <-told; got != (Touch{Lost: true}) {
			t.Errorf("%s unplugged: %+v", name, got)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if e.Present() {
		t.Error("what was pulled out is there")
	}
}

// The kernel may show a touchscreen's mouse before its fingers, and somebody may plug a
// touchscreen in beside what is a pointer only.
func TestATouchscreenThatComesAfterAPointerIsTaken(t *testing.T) {
	folder := t.TempDir()
	e := NewEvdev(&Opts{Folder: folder})
	e.ranges = func(f *os.File, codes [2]uintptr) (axis, axis, bool) {
		multi := codes == [2]uintptr{absMTPositionX, absMTPositionY}
		return axis{0, 10}, axis{0, 10}, !multi || filepath.Base(f.Name()) == "event1"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	told := make(chan Touch, 10)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, func(t Touch) { told <- t }) }()
	plug := func(name string, events ...event) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		device, err := os.OpenFile(path, os.O_RDWR, 0) // waits for nobody
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { device.Close() })
		if _, err := device.Write(stream(events...)); err != nil {
			t.Fatal(err)
		}
	}
	said := func(want Touch) {
		t.Helper()
		select {
		case got := <-told:
			if got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("nothing is told, want %+v", want)
		}
	}
	plug("event0", event{evAbs, absX, 5}, event{evAbs, absY, 0}, event{evKey, btnLeft, 1}, report)
	said(Touch{Down: true, X: .5})
	plug("event1", event{evAbs, absMTTracking, 1}, event{evAbs, absMTPositionX, 10}, event{evAbs, absMTPositionY, 10}, report)
	said(Touch{Lost: true})
	said(Touch{Down: true, X: 1, Y: 1})
	cancel()
	if got := <-told; got != (Touch{Lost: true}) {
		t.Errorf("at the end %+v", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoTouchscreenIsPassedOver(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "event0"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e := NewEvdev(&Opts{Folder: folder})
	if file, _, _ := e.find(e.devices()); file != nil {
		t.Error("an empty file is a touchscreen")
	}
}
