package padstore

import (
	"fmt"
	"time"

	"onetimechat/padstore/seal"
)

// commit makes next the pad's state and zeros the stretch s of lane l, which
// may be empty, both durable when it returns nil. An unconditional pad's cells
// tear whole, so both marks may be on their way at once; paper's segments are
// unaligned, so there the metadata come first. So they do where recovery would
// not come upon zeros that the metadata know nothing of, and could not tell of
// them.
func (p *pad) commit(next *metadata, l lane, s span) error {
	record := p.encoder.encode(next)
	var err error
	if s.empty() {
		err = p.slots.Write(record)
	} else {
		err = p.mark(record, l, s, next.suite == seal.Paper || !p.findable(l, s))
		if err == nil {
			err = p.latch.keeps(p.slots)
		}
	}
	if err != nil {
		return p.fault(err)
	}
	p.meta, p.changed = next, time.Now()
	return nil
}

// kept latches unless the pad's state is on the card.
func (p *pad) kept() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latch.keeps(p.slots)
}

// mark sets both used-marks of a stretch, the metadata first if inOrder.
func (p *pad) mark(record []byte, l lane, s span, inOrder bool) error {
	if inOrder {
		if err := p.slots.Write(record); err != nil {
			return err
		}
	}
	if err := zero(p.file, l, p.widened(l, s)); err != nil {
		return err
	}
	if inOrder {
		return p.file.Sync()
	}
	return p.slots.Write(record, p.file)
}

// findable tells whether recovery, searching from the marks as they are on
// disk, would meet the stretch s of lane l, whichever of its sectors were
// overwritten.
func (p *pad) findable(l lane, s span) bool {
	if l == p.meta.send {
		return s.from >= p.meta.cursor
	}
	return s.to > p.meta.maximum && s.to-p.meta.maximum <= p.meta.suite.MaxSegment()
}

// spoilt has the pad serve nothing any more because of what is wrong in it, and
// the log tell of it.
func (p *pad) spoilt(err error) error {
	p.record(Entry{Kind: KindFault, Contact: p.contact, Text: damagedText(err)})
	return p.fault(err)
}

// damagedText is what the log says of a pad that is damaged.
func damagedText(why error) string {
	return "this pad is damaged and serves nothing: " + why.Error()
}

// fault is ErrFault with its reason, for which the pad serves nothing from here on. If
// that is the disk's, the store has latched by then.
func (p *pad) fault(err error) error {
	if p.damaged == nil {
		p.damaged = err
	}
	return fmt.Errorf("%w: %w", ErrFault, err)
}
