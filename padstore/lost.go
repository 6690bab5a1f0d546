package padstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"onetimechat/padstore/uid"
)

// forgotten stands in pads.record for the ids that were lost with it. It is none.
const forgotten = "lost"

// numbersApart is how far a device that does not know any more which numbers its pads
// had keeps from those: laptops know pads by them.
const numbersApart = 1000

// renewDevice begins what the device knows of itself anew, from what else is on the
// card, when neither slot of it is valid, and answers what the log is to tell of it.
// No pad depends on it.
func (s *Store) renewDevice(names []string) (told string, err error) {
	told = "what the device knew of itself cannot be read any more, and begins anew"
	switch owner := ownerIn(names); {
	case owner == "" && slices.Contains(names, draftRecord):
		// Whose draft it is nobody knows, and by its owner's name it has its lanes.
		told += "; so does the pad that was not finished"
		if err := errors.Join(s.latch.Remove(draftRecord), s.latch.Sync()); err != nil {
			return "", err
		}
	case owner != "" && owner != s.owner:
		return "", fmt.Errorf("this store belongs to %s, not to %s", owner, s.owner)
	}
	r := deviceRecord{Format: formatVersion, Owner: s.owner}
	for _, name := range names {
		r.Number = max(r.Number, numberOf(name, s.owner))
		if !strings.HasSuffix(name, certificateSuffix) {
			continue
		}
		if c, err := readCertificate(s.latch, name); err == nil && c.Owner == s.owner {
			r.ID = c.Device // or contacts would take it for another one
		}
	}
	r.Number += numbersApart
	s.device, err = createKept(s.latch, recordName, recordSize, r)
	return told, err
}

// ownerIn is whose pads there are, as their files are called; "" if there are none.
func ownerIn(names []string) string {
	for _, name := range names {
		owner, _, _ := strings.Cut(name, ".")
		if strings.HasSuffix(name, metadataSuffix) && uid.Valid(owner) {
			return owner
		}
	}
	return ""
}

// refuseForgotten refuses what may have been here before: a pad that was made at a
// meeting cannot, as its id is made from fresh noise of both devices.
func (s *Store) refuseForgotten() error {
	if slices.Contains(s.ever.now(), forgotten) {
		return errors.New("this device does not know any more which pads it has had, and moves none in: make a fresh one at a meeting, or erase the device")
	}
	return nil
}
