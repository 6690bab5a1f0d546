package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// life is a pad's size, and what it has been through.
type life struct {
	bytes  int64
	served int64 // messages each way
	gaps   int64 // messages that never came, each way, every other one after those
}

const (
	textSize   = 100           // bytes of each message's text
	spent      = int64(144)    // bytes of pad that it costs
	slotSize   = 8192          // of a pad's metadata, see FORMAT.md
	turns      = 60            // that the lives take
	ofEachTurn = 50            // messages, a tenth of them on a slow disk
	firstCell  = seal.CellSize // where the first segment begins
)

// ageing seals and opens texts of 100 bytes in pads of any size and age: a
// message costs what it costs in the first one of each group. The disks are in
// memory, where only the computing shows; with gaps also where a sync takes as
// long as on a slow disk.
func ageing() ([]figure, error) {
	const MiB, GiB, TiB = int64(1) << 20, int64(1) << 30, int64(1) << 40
	groups := []struct {
		name  string
		slow  bool
		lives []life
	}{
		{"aged", false, []life{{GiB, 1, 0}, {GiB, 100_000, 0}, {GiB, 1_000_000, 0}}},
		{"large", false, []life{{MiB, 1, 0}, {64 * MiB, 1, 0}, {GiB, 1, 0}, {TiB, 1, 0}}},
		{"gaps", false, []life{{GiB, 1, 0}, {GiB, 1, 100}}},
		{"gaps", true, []life{{GiB, 1, 0}, {GiB, 1, 100}}},
	}
	var list []figure
	var sizes []float64
	for _, g := range groups {
		seals, opens, size, err := talkThrough(g.lives, g.slow)
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, size...)
		suffix := ""
		if g.slow {
			suffix = "-slow"
		}
		list = append(list, flat(g.name+"-seal"+suffix, seals), flat(g.name+"-open"+suffix, opens))
	}
	least, most := slices.Min(sizes), slices.Max(sizes)
	metadata := figure{Name: "metadata-size", Value: most, Unit: "B"}.against(least)
	return append(list, metadata.goal("constant", most == least)), nil
}

// flat is the slowest life beside the first.
func flat(name string, took []float64) figure {
	f := figure{Name: name, Value: slices.Max(took), Unit: "µs"}.against(took[0])
	return f.goal("flat within 10 %", f.Ratio <= 1.1)
}

// talkThrough has messages sealed and opened in each of the lives, by turns, and
// answers the median of what each took, in µs, and the size of its metadata.
func talkThrough(lives []life, onSlow bool) (seals, opens, sizes []float64, err error) {
	var talks []*talk
	for _, l := range lives {
		t, err := l.talk(onSlow)
		if err != nil {
			return nil, nil, nil, err
		}
		talks = append(talks, t)
		defer func() { err = errors.Join(err, t.alice.Close(), t.bob.Close()) }()
	}
	each := ofEachTurn
	if onSlow {
		each /= 10
	}
	for range turns {
		for _, t := range talks {
			if err := t.exchange(each); err != nil {
				return nil, nil, nil, err
			}
		}
	}
	for _, t := range talks {
		seals, opens = append(seals, median(t.seals)), append(opens, median(t.opens))
		size, err := t.disk.files["alice.bob.random.metadata"].Size()
		if err != nil {
			return nil, nil, nil, err
		}
		sizes = append(sizes, float64(size))
	}
	return seals, opens, sizes, nil
}

// talk is alice sending to bob, each with a disk in memory.
type talk struct {
	disk         *memoryDisk // alice's
	alice, bob   *padstore.Store
	seals, opens []float64 // µs
}

func (l life) talk(onSlow bool) (t *talk, err error) {
	t = &talk{disk: newMemoryDisk()}
	if t.alice, err = l.store(t.disk, "alice", "bob", onSlow); err != nil {
		return nil, err
	}
	t.bob, err = l.store(newMemoryDisk(), "bob", "alice", onSlow)
	return t, err
}

func (t *talk) exchange(messages int) error {
	text := strings.Repeat("x", textSize)
	for range messages {
		began := time.Now()
		s, err := t.alice.Seal("bob", text)
		sealed := time.Now()
		if err != nil {
			return err
		}
		got, err := t.bob.Unseal("alice", s.Package)
		opened := time.Now()
		if err != nil || got.Skip || got.Text != text {
			return fmt.Errorf("opened %+v: %w", got, err)
		}
		t.seals = append(t.seals, 1e6*sealed.Sub(began).Seconds())
		t.opens = append(t.opens, 1e6*opened.Sub(sealed).Seconds())
	}
	return nil
}

// store is a device whose only pad has had this life: as FORMAT.md has it on
// disk, since nobody waits for a million messages, or for a TiB to be copied.
func (l life) store(disk *memoryDisk, owner, contact string, onSlow bool) (*padstore.Store, error) {
	fresh, err := padstore.Open(disk, owner)
	if err != nil {
		return nil, err
	}
	if err := fresh.Close(); err != nil {
		return nil, err
	}
	stem := owner + "." + contact + ".random"
	pad := disk.put(stem+".store", l.bytes)
	text, err := l.metadata(pad, stem, owner, contact)
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
	if onSlow {
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
	direction, sent, received := 1, forward(l.bytes), backward(l.bytes)
	if owner > contact {
		direction, sent, received = -1, received, sent
	}
	at := firstCell + spent*l.served
	log := fmt.Sprintf("%d-%d,", received(firstCell), received(at))
	for range l.gaps {
		log += fmt.Sprintf("%d-%d,", received(at+spent), received(at+2*spent))
		at += 2 * spent
	}
	sums := make([]string, 2)
	for i, from := range []int64{min(sent(0), sent(firstCell-1)), min(received(0), received(firstCell-1))} {
		cell := make([]byte, seal.CellSize)
		if _, err := pad.ReadAt(cell, from); err != nil {
			return nil, err
		}
		if lane := []func(int64) int64{sent, received}[i]; lane(0) > 0 {
			slices.Reverse(cell)
		}
		sum := sha256.Sum256(cell)
		sums[i] = hex.EncodeToString(sum[:8])
	}
	return json.Marshal(map[string]any{
		"uid": owner, "rid": contact, "store_filename": stem + ".store", "metadata_filename": stem + ".metadata",
		"n_bytes": l.bytes, "rservice": "made up", "split_index": l.bytes / 2, "direction": direction,
		"encrypt_index": sent(at), "decrypt_log": log, "decrypt_max": received(at),
		"suite": seal.Unconditional.String(), "bucket": seal.DefaultBucket,
		"pad_id": "00", "number": 1, "state": padstore.InUse, "key_sum": strings.Join(sums, " "),
	})
}

// forward and backward turn a lane's positions into offsets of the pad.
func forward(int64) func(int64) int64 { return func(position int64) int64 { return position } }

func backward(bytes int64) func(int64) int64 {
	return func(position int64) int64 { return bytes - 1 - position }
}
