package padstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"onetimechat/padstore/durable"
)

// Origin is a source of noise as a pad's certificate tells of it.
type Origin struct {
	Name   string `json:"name"` // printable ASCII, at most 48 bytes
	Raw    bool   `json:"raw"`  // digitised noise; else processed in the source
	Credit int    `json:"credit"`
	Demo   bool   `json:"demo"` // not hardware
}

// Lot is bytes that the same sources made together: each byte is the xor of
// all their extractors' outputs.
type Lot struct {
	Origins []Origin `json:"origins"`
	Bytes   int64    `json:"bytes"`
}

// Certificate says how a pad was made at a meeting. It is kept in a file of
// its own beside the pad, and holds nothing secret.
type Certificate struct {
	Owner   string `json:"owner"`
	Contact string `json:"contact"`
	Device  string `json:"device"` // this device's id
	Peer    string `json:"peer"`   // the other device's
	PadID   string `json:"pad_id"`
	Bytes   int64  `json:"bytes"`
	Suite   string `json:"suite"`
	Bucket  int    `json:"bucket"`
	Ours    []Lot  `json:"ours"`   // this device's contribution, those of the same sources together
	Theirs  []Lot  `json:"theirs"` // the other's, as it told
	Tag     string `json:"tag"`    // of the comparison, hex
	Start   uint64 `json:"start"`  // when: this device's start number, and
	Uptime  int64  `json:"uptime"` // seconds since it
	Told    int64  `json:"told"`   // Unix time a laptop last told, 0 for none
}

// maxCertificate is the largest certificate file that is looked at, in bytes:
// two slots with what a draft's record can hold.
const maxCertificate = 2 * draftSlot

// certificateSlot is the size of a slot for a certificate: it never changes,
// so its file is no longer than it must be.
func certificateSlot(text []byte) int {
	const page = 4096 // of durable's slots; their header takes less than half of the other page
	return (len(text)/page + 2) * page
}

func (now draftState) certificate(owner string) Certificate {
	return Certificate{
		Owner: owner, Contact: now.Contact, Device: now.Adopting.Device, Peer: now.Peer,
		PadID: now.PadID, Bytes: now.Done, Suite: now.Suite, Bucket: now.Bucket,
		Ours: now.Ours.fold(0), Theirs: now.Theirs.fold(0), Tag: now.Tag,
		Start: now.Adopting.Start, Uptime: now.Adopting.Uptime, Told: now.Adopting.Told,
	}
}

// Certificate is how the pad with a public number was made; ok is false for
// one that was imported.
func (s *Store) Certificate(number string) (c Certificate, ok bool, err error) {
	if err := s.Fault(); err != nil {
		return c, false, err
	}
	p := s.byNumber(number)
	if p == nil {
		return c, false, ErrNoPad
	}
	m := p.now()
	c, err = readCertificate(s.latch, certificateName(m.name))
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err == nil && (c.Owner != s.owner || c.Contact != p.contact || c.PadID != m.padID && m.padID != "") {
		err = errors.New("it is another pad's")
	}
	if err != nil {
		return Certificate{}, false, fmt.Errorf("%w: the certificate is damaged: %w", ErrFault, err)
	}
	return c, true, nil
}

func readCertificate(disk durable.Disk, name string) (c Certificate, err error) {
	file, err := disk.Open(name)
	if err != nil {
		return c, err
	}
	size, err := file.Size()
	if err = errors.Join(err, file.Close()); err != nil {
		return c, err
	}
	if size <= 0 || size > maxCertificate || size%8192 != 0 {
		return c, fmt.Errorf("it has %d bytes", size)
	}
	slots, text, err := durable.OpenSlots(disk, name, int(size/2))
	if err != nil {
		return c, err
	}
	return c, errors.Join(json.Unmarshal(text, &c), slots.Close())
}
