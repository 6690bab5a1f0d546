package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"onetimechat/padstore"
)

const (
	textSize   = 100 // bytes of each message's text
	turns      = 60  // that the lives take
	ofEachTurn = 50  // messages, a tenth of them on a slow disk
)

// ageing seals and opens texts of 100 bytes in pads of any size and age: a
// message costs what it costs in the first one of each group. The disks are in
// memory, where only the computing shows; with gaps also where a sync takes as
// long as on a slow disk.
func ageing() ([]figure, error) {
	const MiB, GiB, TiB = int64(1) << 20, int64(1) << 30, int64(1) << 40
	groups := []struct {
		name, suffix string
		lives        []life
	}{
		{"aged", "", []life{{bytes: GiB, served: 1}, {bytes: GiB, served: 100_000}, {bytes: GiB, served: 1_000_000}}},
		{"large", "", []life{{bytes: MiB, served: 1}, {bytes: 64 * MiB, served: 1}, {bytes: GiB, served: 1}, {bytes: TiB, served: 1}}},
		{"gaps", "", []life{{bytes: GiB, served: 1}, {bytes: GiB, served: 1, gaps: 100}}},
		{"gaps", "-slow", []life{{bytes: GiB, served: 1, slow: true}, {bytes: GiB, served: 1, gaps: 100, slow: true}}},
	}
	var list []figure
	var sizes []float64
	for _, g := range groups {
		seals, opens, size, err := talkThrough(g.lives)
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, size...)
		list = append(list, flat(g.name+"-seal"+g.suffix, seals), flat(g.name+"-open"+g.suffix, opens))
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
func talkThrough(lives []life) (seals, opens, sizes []float64, err error) {
	var talks []*talk
	for _, l := range lives {
		t, made := l.talk()
		if made != nil {
			return nil, nil, nil, made
		}
		talks = append(talks, t)
		defer func() { err = errors.Join(err, t.alice.Close(), t.bob.Close()) }()
	}
	for range turns {
		for i, t := range talks {
			each := ofEachTurn
			if lives[i].slow {
				each /= 10
			}
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

func (l life) talk() (t *talk, err error) {
	t = &talk{disk: newMemoryDisk()}
	if t.alice, err = l.store(t.disk, "alice", "bob"); err != nil {
		return nil, err
	}
	t.bob, err = l.store(newMemoryDisk(), "bob", "alice")
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
