package durable_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
)

const slotSize = 8192

func record(i int) []byte { return bytes.Repeat([]byte{byte('a' + i)}, 3000+i) }

func openRecord(t *testing.T, disk durable.Disk) []byte {
	t.Helper()
	s, got, err := durable.OpenSlots(disk, "r", slotSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return got
}

// A slot of format 1 is read, and what is written after it counts.
func TestSlotsOfTheFirstFormatAreRead(t *testing.T) {
	file := make([]byte, 2*slotSize)
	copy(file, "otc-slot 1 00000000000000000004 00000006 0593eb7722a806a0789ef08fb190893e71aceed86eb2c6baf739930a14825878\nsecond")
	copy(file[slotSize:], "otc-slot 1 00000000000000000003 00000000 f447e635ef60d86f4591ef150e99d027d79600a624955da19c447d2e7f957fc8\n")
	disk := durabletest.New(1)
	disk.Put("r", file)
	s, got, err := durable.OpenSlots(disk, "r", slotSize)
	if err != nil || string(got) != "second" {
		t.Fatalf("%q, %v", got, err)
	}
	for i := range 3 {
		if err := s.Write(record(i)); err != nil {
			t.Fatal(err)
		}
		if got := openRecord(t, disk); !bytes.Equal(got, record(i)) {
			t.Fatalf("written %d, read %.10q…", i, got)
		}
	}
	for i := range slotSize { // no byte of either is passed over
		broken := bytes.Clone(file)
		broken[i] ^= 1
		disk.Put("r", broken)
		if got := openRecord(t, disk); i < 106+len("second") && len(got) > 0 {
			t.Fatalf("with byte %d flipped: %q", i, got)
		}
	}
}

func TestRecordIsOldOrNewAfterAPowerCutAtEveryOperation(t *testing.T) {
	for _, fate := range []durabletest.Unsynced{durabletest.Lost, durabletest.Kept, durabletest.PartlyKept} {
		for k := 1; ; k++ {
			disk := durabletest.New(uint64(k))
			s, err := durable.CreateSlots(disk, "r", slotSize, record(0))
			if err != nil {
				t.Fatal(err)
			}
			if err := disk.Sync(); err != nil {
				t.Fatal(err)
			}
			disk.CutAt(k)
			written := 0
			for i := 1; i <= 4; i++ {
				if s.Write(record(i)) != nil {
					break
				}
				written = i
			}
			done := !disk.Failed()
			disk.PowerOn(fate)
			got := openRecord(t, disk)
			if !bytes.Equal(got, record(written)) && !bytes.Equal(got, record(written+1)) {
				t.Fatalf("cut at %d, unsynced %v: neither record %d nor the next", k, fate, written)
			}
			if done {
				break
			}
		}
	}
}

func TestADamagedSectorBringsBackTheRecordBeforeNeverAnother(t *testing.T) {
	for sector := range 2 * slotSize / durable.SectorSize {
		for name, harm := range map[string]func(*durabletest.Disk, string, int){
			"flip": (*durabletest.Disk).FlipSector, "drop": (*durabletest.Disk).DropSector, "unreadable": (*durabletest.Disk).Unreadable,
		} {
			t.Run(fmt.Sprintf("%s %d", name, sector), func(t *testing.T) {
				disk := durabletest.New(uint64(sector))
				s, err := durable.CreateSlots(disk, "r", slotSize, record(0))
				if err != nil {
					t.Fatal(err)
				}
				for i := 1; i <= 3; i++ {
					if err := s.Write(record(i)); err != nil {
						t.Fatal(err)
					}
				}
				harm(disk, "r", sector)
				if got := openRecord(t, disk); !bytes.Equal(got, record(3)) && !bytes.Equal(got, record(2)) {
					t.Fatal("a record came back that is neither the newest nor the one before")
				}
			})
		}
	}
}

func TestNoValidSlotIsAnError(t *testing.T) {
	disk := durabletest.New(1)
	disk.Put("r", make([]byte, 2*slotSize))
	if _, _, err := durable.OpenSlots(disk, "r", slotSize); !errors.Is(err, durable.ErrNoSlot) {
		t.Fatalf("zeros: %v", err)
	}
	disk.Put("r", nil)
	if _, _, err := durable.OpenSlots(disk, "r", slotSize); !errors.Is(err, durable.ErrNoSlot) {
		t.Fatalf("empty file: %v", err)
	}
}

func TestARecordThatDoesNotFitIsRefusedWhole(t *testing.T) {
	disk := durabletest.New(1)
	s, err := durable.CreateSlots(disk, "r", slotSize, record(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(make([]byte, s.Room()+1)); err == nil {
		t.Fatal("an oversized record was taken")
	}
	full := bytes.Repeat([]byte{7}, s.Room())
	if err := s.Write(full); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(openRecord(t, disk), full) {
		t.Fatal("the largest record did not come back")
	}
	if err := s.Write(nil); err != nil || len(openRecord(t, disk)) > 0 {
		t.Fatalf("no record at all did not come back: %v", err)
	}
}

// A slot is what FORMAT.md says, to the byte.
func TestASlotIsAsDocumented(t *testing.T) {
	disk := durabletest.New(1)
	s, err := durable.CreateSlots(disk, "r", slotSize, []byte("first"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Room() != slotSize-106 {
		t.Errorf("room for %d bytes", s.Room())
	}
	for _, record := range []string{"a record", strings.Repeat("long", 1000), "short"} {
		if err := s.Write([]byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	for sequence, record := range map[int]string{4: strings.Repeat("long", 1000), 5: "short"} {
		header := fmt.Sprintf("otc-slot 2 %020d %08d ", sequence, len(record))
		want := fmt.Appendf(nil, "%s%x\n%s", header, sha256.Sum256([]byte(record+header)), record)
		want = append(want, make([]byte, (4096-len(want)%4096)%4096)...)
		if got := disk.Bytes("r")[sequence%2*slotSize:]; !bytes.HasPrefix(got, want) {
			t.Errorf("slot %d begins with %q", sequence, got[:120])
		}
	}
}

// Of any operation of a record that fails once it is said so, or the record is kept.
func TestAFailedOperationOfARecordIsTold(t *testing.T) {
	failed := 0
	for k := 1; k < 12; k++ {
		disk := durabletest.New(uint64(k))
		if k <= 6 {
			disk.FailAt(k)
		}
		s, err := durable.CreateSlots(disk, "r", slotSize, record(0))
		if err == nil {
			err = disk.Sync()
		}
		if err != nil {
			failed++
			continue
		}
		if k > 6 {
			disk.FailAt(k - 6)
		}
		wrote := errors.Join(s.Write(record(1)), s.Check())
		if wrote != nil {
			failed++
			continue
		}
		disk.PowerOn(durabletest.Lost)
		if !bytes.Equal(openRecord(t, disk), record(1)) {
			t.Errorf("operation %d failed: nothing was said, and the record is lost", k)
		}
	}
	if failed < 8 { // creating, three writes and two syncs; then a write and a sync
		t.Errorf("%d operations failed", failed)
	}
}

func TestADiskThatKeepsNothingIsFound(t *testing.T) {
	disk := durabletest.New(1)
	s, err := durable.CreateSlots(disk, "r", slotSize, record(0))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		disk.WornOut(i >= 2)
		if err := s.Write(record(i)); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(); errors.Is(err, durable.ErrNotKept) != (i >= 2) || i < 2 && err != nil {
			t.Errorf("record %d: %v", i, err)
		}
	}
	disk.WornOut(false)
	if !bytes.Equal(openRecord(t, disk), record(1)) {
		t.Error("another record than the one that was kept")
	}
}

func TestAReadThatFailsOnceBringsBackNoOlderRecord(t *testing.T) {
	disk := durabletest.New(1)
	s, err := durable.CreateSlots(disk, "r", slotSize, record(0))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if err := s.Write(record(i)); err != nil {
			t.Fatal(err)
		}
		for k := range 4 {
			disk.FailAt(k + 1)
			_, got, err := durable.OpenSlots(disk, "r", slotSize)
			if err == nil && !bytes.Equal(got, record(i)) {
				t.Errorf("operation %d failed once: an older record than %d came back", k+1, i)
			}
		}
	}
}
