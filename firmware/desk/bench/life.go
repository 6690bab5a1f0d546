package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// life is a pad's size, and what it has been through.
type life struct {
	bytes  int64
	served int64 // messages each way
	gaps   int64 // messages that never came, each way, every other one after those
	slow   bool  // the disk is a slow one
}

// spent is what a message of 100 bytes costs, in bytes of pad.
const spent = int64(144)

// slotSize is that of a pad's metadata, in bytes: see FORMAT.md.
const slotSize = 8192

// store is a device whose only pad has had this life: as FORMAT.md has it on
// disk, since nobody waits for a million messages, or for a TiB to be copied.
func (l life) store(disk *memoryDisk, owner, contact string) (*padstore.Store, error) {
	fresh, err := padstore.Open(disk, owner)
	if err != nil {
		return nil, err
	}
	if err := fresh.Close(); err != nil {
		return nil, err
	}
	stem := owner + "." + contact + ".random"
	text, err := l.metadata(disk.put(stem+".store", l.bytes), stem, owner, contact)
	if err != nil {
		return nil, err
	}
	slots, err := durable.CreateSlots(disk, stem+".metadata", slotSize, text)
	if err != nil {
		return nil, err
	}
	if err := slots.Close(); err != nil {
		return nil, err
	}
	under := durable.Disk(disk)
	if l.slow {
		under = slow(disk)
	}
	store, err := padstore.Open(under, owner)
	if err != nil {
		return nil, err
	}
	if pads := store.Pads(); len(pads) != 1 || pads[0].Fault {
		return nil, fmt.Errorf("no sound pad: %+v", pads)
	}
	return store, nil
}

// metadata are those of a pad that has had this life in both lanes.
func (l life) metadata(pad *memoryFile, stem, owner, contact string) ([]byte, error) {
	direction, sent, received := 1, side{l.bytes, true}, side{l.bytes, false}
	if owner > contact {
		direction, sent, received = -1, received, sent
	}
	at := seal.CellSize + spent*l.served
	log := received.text(seal.CellSize, at)
	for range l.gaps {
		log += received.text(at+spent, at+2*spent)
		at += 2 * spent
	}
	sentSum, err := sent.keySum(pad)
	if err != nil {
		return nil, err
	}
	receivedSum, err := received.keySum(pad)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"uid": owner, "rid": contact, "store_filename": stem + ".store", "metadata_filename": stem + ".metadata",
		"n_bytes": l.bytes, "rservice": "made up", "split_index": l.bytes / 2, "direction": direction,
		"encrypt_index": sent.offset(at), "decrypt_log": log, "decrypt_max": received.offset(at),
		"suite": seal.Unconditional.String(), "bucket": seal.DefaultBucket,
		"pad_id": "00", "number": 1, "state": padstore.InUse, "key_sum": sentSum + " " + receivedSum,
	})
}

// side is one lane of a pad of so many bytes.
type side struct {
	bytes   int64
	forward bool
}

// offset is the pad offset of a lane position.
func (s side) offset(position int64) int64 {
	if s.forward {
		return position
	}
	return s.bytes - 1 - position
}

// text is a stretch of the lane as it stands in a decrypt_log.
func (s side) text(from, to int64) string {
	return fmt.Sprintf("%d-%d,", s.offset(from), s.offset(to))
}

// keySum is the checksum of the lane's hash key, its first cell.
func (s side) keySum(pad *memoryFile) (string, error) {
	cell := make([]byte, seal.CellSize)
	if _, err := pad.ReadAt(cell, min(s.offset(0), s.offset(seal.CellSize-1))); err != nil {
		return "", err
	}
	if !s.forward {
		slices.Reverse(cell)
	}
	sum := sha256.Sum256(cell)
	return hex.EncodeToString(sum[:8]), nil
}
