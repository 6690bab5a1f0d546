package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"onetimechat/hal/desk/finger"
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// restFor is longer than a device takes to settle after its start, in which it
// looks through its pads: padstore clears its notes after 2 s.
const restFor = 3 * time.Second

// resting measures how much memory a pad device takes that only shows its home
// screen, with two pads of 1 GiB; beside it without any.
func resting(dir string) ([]figure, error) {
	if err := buildPrograms(dir); err != nil {
		return nil, err
	}
	empty, err := restingOn(dir, filepath.Join(dir, "empty"))
	if err != nil {
		return nil, err
	}
	full := filepath.Join(dir, "full")
	if err := movePads(full, largePad, "bob", "carol"); err != nil {
		return nil, err
	}
	held, err := restingOn(dir, full)
	f := figure{Name: "device-rest", Value: held, Unit: "MiB"}.against(empty)
	return []figure{f.goal("< 64 MiB", held < 64)}, err
}

// restingOn is what alice's device with this card takes, in MiB.
func restingOn(bin, card string) (held float64, err error) {
	device, err := launch(nil, filepath.Join(bin, "otc-desk"), "--data", card, "--owner", "alice", "--link", "127.0.0.1:0", "--panel", "127.0.0.1:0", "--size", "480x320")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, device.stop()) }()
	ready, err := device.line()
	if err != nil {
		return 0, err
	}
	var link, panel string
	if _, err := fmt.Sscanf(ready, "link %s panel %s", &link, &panel); err != nil {
		return 0, fmt.Errorf("the device says %q: %w", ready, err)
	}
	if _, err := finger.New(panel).WaitFor(context.Background(), "home"); err != nil {
		return 0, err
	}
	time.Sleep(restFor)
	return device.resident(1 << 20)
}

// movePads moves pads of so many bytes onto alice's card, as otc-desk --import
// would, out of a folder in memory whose bytes are scattered, and no randomness:
// to make real ones takes as much again for the contacts.
func movePads(card string, bytes int64, contacts ...string) (err error) {
	folder, err := durable.OpenFolder(card)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	store, err := padstore.Open(folder, "alice")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for i, contact := range contacts {
		source := newMemoryDisk()
		stem := "alice." + contact + ".random"
		text, err := json.Marshal(map[string]any{
			"uid": "alice", "rid": contact, "store_filename": stem + ".store", "metadata_filename": stem + ".metadata",
			"n_bytes": bytes, "rservice": "made up", "split_index": bytes / 2, "direction": 1,
			"encrypt_index": 0, "decrypt_log": "", "decrypt_max": bytes - 1,
			"suite": seal.Unconditional.String(), "bucket": seal.DefaultBucket, "pad_id": fmt.Sprintf("%02x", i),
		})
		if err != nil {
			return err
		}
		source.write(stem+".metadata", text)
		source.put(stem+".store", bytes)
		if _, err := store.Import(source, "memory", nil); err != nil {
			return err
		}
	}
	return nil
}
