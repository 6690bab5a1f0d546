package padstore

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// openPad opens a pad and recovers it. An error is the disk's; a pad that is
// damaged comes back with its reason and serves nothing.
func openPad(disk *latch, name, contact, owner string, record func(Entry)) (*pad, error) {
	// What a damaged pad shows of itself.
	unknown := &metadata{name: name, store: storeName(name), suite: seal.Unconditional, bucket: seal.DefaultBucket, state: InUse}
	p := &pad{latch: disk, contact: contact, number: numberOf(name, owner), record: record, changed: time.Now(), meta: unknown}
	slots, text, err := durable.OpenSlots(disk, name, slotSize)
	switch {
	case errors.Is(err, durable.ErrNoSlot):
		p.damaged = err
		return p, nil
	case err != nil:
		return nil, err
	}
	p.slots = slots
	if err := p.load(text, name, owner); err != nil {
		p.damaged = err
		return p, nil
	}
	if p.file, err = disk.Open(p.meta.store); err != nil {
		p.damaged = err
		return p, nil
	}
	size, err := p.file.Size()
	if err != nil {
		return nil, err
	}
	if size != p.meta.nBytes {
		p.damaged = fmt.Errorf("the pad has %d bytes, its metadata say %d", size, p.meta.nBytes)
		return p, nil
	}
	return p, p.recover()
}

// load takes the metadata, unless they are another pad's.
func (p *pad) load(text []byte, name, owner string) error {
	m, err := decode(text, owner)
	if err != nil {
		return err
	}
	if m.name != name || m.store != storeName(name) {
		return errors.New("this is the metadata of another pad")
	}
	if m.contact != p.contact {
		return errors.New("this is the metadata of another contact's pad")
	}
	if m.state == "" {
		return errors.New("this is the metadata of a pad that was never imported")
	}
	p.meta, p.number = m, m.number
	return nil
}

func (p *pad) close() error {
	var errs []error
	if p.slots != nil {
		errs = append(errs, p.slots.Close())
	}
	if p.file != nil {
		errs = append(errs, p.file.Close())
	}
	return errors.Join(errs...)
}

// recover brings both used-marks up to each other, as FORMAT.md says,
// and makes durable what it found before the pad serves anything.
func (p *pad) recover() error {
	p.damaged = p.checkKeys()
	if p.damaged == nil && wholeEnd(p.file, p.meta.nBytes) != p.meta.nBytes {
		p.damaged = errors.New("the last block cannot be read") // nor be overwritten by less
	}
	if p.damaged != nil {
		return nil // the pad's own fault
	}
	next := *p.meta
	if !next.segment.empty() {
		p.mayBeLost(next.segmentSent)
	}
	if err := p.zeroAgain(next.segmentLane(), next.segment); err != nil {
		return err
	}
	if err := p.zeroAgain(next.receive, next.slice); err != nil {
		return err
	}
	if err := p.recoverSend(&next); err != nil {
		return err
	}
	if err := p.recoverReceive(&next); err != nil {
		return err
	}
	if err := p.file.Sync(); err != nil {
		return p.fault(err)
	}
	return p.commit(&next, next.receive, span{})
}

// zeroAgain overwrites what is destroyed, cannot be read, or may be half overwritten.
func (p *pad) zeroAgain(l lane, s span) error {
	if err := zero(p.file, l, p.widened(l, s)); err != nil {
		return p.fault(err)
	}
	return nil
}

// mayBeLost notes that a message may not have been sent, or not been read.
func (p *pad) mayBeLost(sent bool) {
	u := Unfinished{Contact: p.contact, Sent: sent}
	if !slices.Contains(p.unfinished, u) {
		p.unfinished = append(p.unfinished, u)
	}
}

// recoverSend moves the cursor past every destroyed cell that lies before a
// whole largest segment of sound ones, and overwrites what is between.
func (p *pad) recoverSend(next *metadata) error {
	found, err := p.scan(next.send, next.cursor)
	if err != nil || found.empty() {
		return err
	}
	past := span{next.cursor, found.to}
	if err := p.zeroAgain(next.send, past); err != nil {
		return err
	}
	next.cursor, next.segment, next.segmentSent = past.to, past, true // to be told also if the power goes again
	p.mayBeLost(true)
	p.record(Entry{Kind: KindRecovered, Contact: p.contact,
		Text: fmt.Sprintf("%d bytes of pad were used beyond the mark and are given up", past.len())})
	return nil
}

// recoverReceive moves the maximum likewise. What lies between becomes a gap:
// its messages may still arrive. Destroyed cells at its ends are left out;
// those within count as used wherever they are met.
func (p *pad) recoverReceive(next *metadata) error {
	found, err := p.scan(next.receive, next.maximum)
	if err != nil || found.empty() {
		return err
	}
	next.gaps = next.gaps.add(found.gap)
	next.segment, next.segmentSent = span{max(next.maximum, found.gap.to), found.to}, false // likewise
	// What could not be read may be sound.
	if err := p.zeroAgain(next.receive, next.segment); err != nil {
		return err
	}
	next.maximum = found.to
	p.mayBeLost(false)
	closed := next.limitGaps()
	p.record(Entry{Kind: KindRecovered, Contact: p.contact,
		Text: fmt.Sprintf("pad for received messages was used beyond the mark; %d bytes may still serve, %d are given up", found.gap.len(), closed)})
	return nil
}

// found is what a scan met: destroyed cells up to to, and the stretch between
// them that is sound at its first and last cell.
type found struct {
	to  int64
	gap span
}

func (f found) empty() bool { return f.to == 0 }

// scan looks for destroyed cells from a position on, until a stretch as long
// as the largest segment has none. Cells that cannot be read count as
// destroyed.
func (p *pad) scan(l lane, from int64) (f found, err error) {
	suite := p.meta.suite
	end := p.meta.usable(l)
	sound, buffer := from, make([]byte, max(0, min(sliceSize, end-from)))
	for at := from; at < end && at-sound < suite.MaxSegment(); {
		b := buffer[:min(int64(len(buffer)), end-at)]
		destroyed, lost := p.readAny(l, span{at, at + int64(len(b))}, b)
		if outage(lost, sliceSize) {
			return found{}, p.fault(errOutage)
		}
		for _, d := range destroyed {
			stretch := span{max(sound, at+d.from), at + d.to}
			if stretch.from > sound {
				if f.gap.empty() {
					f.gap.from = sound
				}
				f.gap.to = stretch.from
			}
			sound, f.to = stretch.to, stretch.to
		}
		at += int64(len(b))
		if suite == seal.Paper && at < end {
			at -= int64(trailingEqual(b)) // a run may go on in the next piece
		}
	}
	clear(buffer)
	return f, nil
}

// trailingEqual counts equal bytes at the end of b, up to 16.
func trailingEqual(b []byte) int {
	n := 0
	for n < min(len(b)-1, seal.CellSize) && b[len(b)-1-n] == b[len(b)-1] {
		n++
	}
	return n
}

// errOutage: a bad sector is a destroyed cell, but a whole slice of them is a
// card that does not answer, and no reason to give up a lane.
var errOutage = errors.New("the card cannot be read")

// outage tells whether all of a stretch of size bytes was lost.
func outage(lost spans, size int64) bool { return len(lost) == 1 && lost[0].len() == size }

// readAny reads a stretch of lane and says what of it is destroyed, counted
// from its start, and what of that cannot be read, which comes as zeros.
func (p *pad) readAny(l lane, s span, b []byte) (destroyed, lost spans) {
	if readLane(p.file, l, s, b) != nil {
		lost = p.readSectors(l, s, b)
	}
	for from, to := range p.meta.suite.Destroyed(b) {
		destroyed = append(destroyed, span{int64(from), int64(to)})
	}
	for _, sector := range lost {
		destroyed = destroyed.add(sector)
	}
	return destroyed, lost
}

// readSectors reads a stretch sector by sector, and says which were lost.
func (p *pad) readSectors(l lane, s span, b []byte) (lost spans) {
	from := l.offsets(s).from
	for at := 0; at < len(b); {
		step := min(len(b)-at, durable.SectorSize-int((from+int64(at))%durable.SectorSize))
		part := b[at : at+step]
		if n, err := p.file.ReadAt(part, from+int64(at)); n < step || err != nil && err != io.EOF {
			clear(part)
			bad := span{int64(at), int64(at + step)}
			if !l.forward {
				bad = span{s.len() - bad.to, s.len() - bad.from}
			}
			lost = lost.add(bad)
		}
		at += step
	}
	if !l.forward {
		reverse(b)
	}
	return lost
}
