package padstore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	//lint:ignore SA1019 Deprecated as a general-purpose MAC; here it is the hash of a Wegman-Carter MAC under a key that is used once.
	"golang.org/x/crypto/poly1305"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// Tag reads the pad back from the card and computes its tag: Poly1305 under
// key, which the caller wipes, over the makings' names in ascending order, the
// size, the split, suite, bucket, pad id, and the pad (FORMAT.md). From then on
// its planned size is what is there. each, if not nil, is told how many bytes were
// read, and ends this by an error, which Tag returns. seal.ErrHashKey if these bytes
// give a lane no hash key: they are not what two devices' noise makes.
func (d *Draft) Tag(key *[32]byte, each func(done int64) error) (tag [16]byte, err error) {
	if err := d.ready(Copying, Checked, Agreed); err != nil {
		return tag, err
	}
	m := d.Making()
	m.Bytes = d.Done()
	if err := d.store.checkMaking(m); err != nil {
		return tag, err
	}
	if err := d.file.Forget(); err != nil {
		return tag, d.store.faulted(err)
	}
	if _, err := d.keySums(); errors.Is(err, seal.ErrHashKey) {
		return tag, err
	} else if err != nil {
		return tag, fmt.Errorf("%w: reading the pad back: %w", ErrFault, err)
	}
	mac := poly1305.New(key)
	names := []string{d.store.owner, m.Contact}
	slices.Sort(names)
	fmt.Fprintf(mac, "otc-pad 1\n%s\n%s\n%d\n%d\n%v\n%d\n%s\n", names[0], names[1], m.Bytes, m.Bytes/2, m.Suite, m.Bucket, m.PadID)
	piece := make([]byte, min(copySize, m.Bytes))
	defer clear(piece)
	for at := int64(0); at < m.Bytes; {
		part := piece[:min(int64(len(piece)), m.Bytes-at)]
		if err := durable.ReadFull(d.file, part, at); err != nil {
			return tag, fmt.Errorf("%w: reading the pad back: %w", ErrFault, err)
		}
		mac.Write(part)
		at += int64(len(part))
		if each == nil {
			continue
		}
		if err := each(at); err != nil {
			return tag, err
		}
	}
	if m.Bytes != d.record.now().Bytes {
		if err := d.record.change(func(next *draftState) { next.Bytes = m.Bytes }); err != nil {
			return tag, d.store.faulted(err)
		}
	}
	mac.Sum(tag[:0])
	d.computed = &tag
	return tag, nil
}

// keySums reads and checks the hash keys of the pad that it is to become, the
// owner's lane first.
func (d *Draft) keySums() (sums [2]string, err error) {
	m, err := d.record.now().metadata(d.store.owner, adopting{})
	if err != nil || m.suite != seal.Unconditional {
		return sums, err
	}
	return keySums(d.file, m)
}

func tagText(tag [16]byte) string { return hex.EncodeToString(tag[:]) }

func parseTag(text string) (tag [16]byte, ok bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(tag) {
		return tag, false
	}
	return [16]byte(raw), true
}
