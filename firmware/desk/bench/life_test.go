package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
)

// TestALifeIsAsIfLived holds a pad whose past is written down against one whose
// messages were sealed, opened, or never came.
func TestALifeIsAsIfLived(t *testing.T) {
	for _, l := range []life{{bytes: 1 << 20, served: 1}, {bytes: 1 << 20, served: 50}, {bytes: 1 << 20, served: 3, gaps: 100}} {
		lived := [2]*memoryDisk{newMemoryDisk(), newMemoryDisk()}
		alice, bob := mustStore(t, life{bytes: l.bytes}, lived[0], "alice", "bob"), mustStore(t, life{bytes: l.bytes}, lived[1], "bob", "alice")
		for i := range l.served + 2*l.gaps {
			s, err := alice.Seal("bob", strings.Repeat("x", textSize))
			if err != nil {
				t.Fatal(err)
			}
			if i < l.served || (i-l.served)%2 == 1 {
				if _, err := bob.Unseal("alice", s.Package); err != nil {
					t.Fatal(err)
				}
			}
		}
		written := [2]*memoryDisk{newMemoryDisk(), newMemoryDisk()}
		mustStore(t, l, written[0], "alice", "bob")
		mustStore(t, l, written[1], "bob", "alice")
		for i, fields := range [][]string{{"n_bytes", "key_sum", "encrypt_index"}, {"n_bytes", "key_sum", "decrypt_log", "decrypt_max"}} {
			name := []string{"alice.bob.random.metadata", "bob.alice.random.metadata"}[i]
			got, want := metadataOf(t, written[i], name), metadataOf(t, lived[i], name)
			for _, field := range fields {
				if !reflect.DeepEqual(got[field], want[field]) {
					t.Errorf("%+v: %s of %s is %v, and %v where it was lived", l, field, name, got[field], want[field])
				}
			}
		}
	}
}

func mustStore(t *testing.T, l life, disk *memoryDisk, owner, contact string) *padstore.Store {
	t.Helper()
	store, err := l.store(disk, owner, contact)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func metadataOf(t *testing.T, disk durable.Disk, name string) (fields map[string]any) {
	t.Helper()
	slots, text, err := durable.OpenSlots(disk, name, slotSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := slots.Close(); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}
