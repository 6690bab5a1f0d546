//go:build linux

package emulator

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// Plug is one end of an Ethernet cable, to be plugged into a board with
// PlugCable. It is the board's from then on.
type Plug struct{ file *os.File }

// Cable returns the two ends of a new cable, for two boards.
func Cable() (a, b *Plug, err error) {
	one, other, err := pair("cable")
	if err != nil {
		return nil, nil, err
	}
	return &Plug{one}, &Plug{other}, nil
}

// Wire returns a new cable of which this program holds the other end.
func Wire() (*Plug, *Frames, error) {
	one, other, err := pair("cable")
	if err != nil {
		return nil, nil, err
	}
	return &Plug{one}, &Frames{file: other, in: bufio.NewReaderSize(other, 1<<16)}, nil
}

// PlugCable plugs an Ethernet adapter with a cable in it into the board, which
// can be on. The name tells it from other cables of the board. It stays in until
// the board is off: QEMU's USB controller fails when something is pulled out
// while Linux talks to it (hw/usb/hcd-dwc2.c, usb_ep_get of no device).
func (p *Pi) PlugCable(name string, end *Plug) error {
	defer end.file.Close()
	if err := p.monitor.give(name, end.file); err != nil {
		return err
	}
	if _, err := p.monitor.do("netdev_add", map[string]any{"type": "socket", "id": name, "fd": name}); err != nil {
		return err
	}
	return p.plugAdapter(name, 0x20)
}

// Frames is an end of a cable as Ethernet frames, without their checksums. Read
// and Write can be called at the same time.
type Frames struct {
	file *os.File
	in   *bufio.Reader
}

// maxFrame is the longest frame, in bytes, that is taken from QEMU.
const maxFrame = 64 << 10

// Read returns the next frame; io.EOF when the other end is gone.
func (f *Frames) Read() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(f.in, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes", n)
	}
	frame := make([]byte, n)
	_, err := io.ReadFull(f.in, frame)
	return frame, err
}

// Write sends a frame.
func (f *Frames) Write(frame []byte) error {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(frame)))
	_, err := f.file.Write(append(b, frame...))
	return err
}

// Close pulls this end out.
func (f *Frames) Close() error { return f.file.Close() }
