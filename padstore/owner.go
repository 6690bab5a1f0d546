package padstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/uid"
)

// OwnerOf says whose store a disk holds; "" if it holds none yet. An erase that
// was cut is brought to its end first. The store must not be open.
func OwnerOf(disk durable.Disk) (string, error) {
	if err := finishErase(disk); err != nil {
		return "", err
	}
	slots, text, err := durable.OpenSlots(disk, recordName, recordSize)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if unreliable(err) { // Open will begin it anew
		names, err := disk.List()
		return ownerIn(names), err
	}
	if err != nil {
		return "", err
	}
	var r deviceRecord
	return r.Owner, errors.Join(json.Unmarshal(text, &r), slots.Close())
}

// Rename gives a store that never had a pad another owner. With a pad its
// owner's name is in what contacts know, and in the pad itself. The store must
// not be open.
func Rename(disk durable.Disk, owner string) error {
	if err := uid.Check(owner); err != nil {
		return err
	}
	record, err := openKept(disk, recordName, recordSize, deviceRecord{})
	if err != nil {
		return err
	}
	defer record.slots.Close()
	ever, err := openKept(disk, padsEverName, padsEverSize, []string{})
	if err != nil {
		return err
	}
	defer ever.slots.Close()
	names, err := disk.List()
	if err != nil {
		return err
	}
	now := record.now()
	pad := func(name string) bool { _, ok := contactOf(name, now.Owner); return ok }
	if len(ever.now()) > 0 || slices.ContainsFunc(names, pad) || slices.Contains(names, draftRecord) {
		return fmt.Errorf("this device is %s's, and has pads: its owner cannot be renamed to %s any more", now.Owner, owner)
	}
	return record.change(func(r *deviceRecord) { r.Owner = owner })
}
