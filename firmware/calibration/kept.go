package calibration

import (
	"errors"
	"fmt"
	"io/fs"

	"onetimechat/hal/touch/affine"
	"onetimechat/padstore/durable"
)

// The file in the store's folder, which a store passes over.
const (
	fileName = "touch.calibration"
	slotSize = 4096
)

// Load is the map that is kept on the card. ok is false, and the map
// affine.Identity, if there is none, or none that can be believed: a sheet is
// then to be calibrated, and no pad depends on it. The error is of the card.
func Load(disk durable.Disk) (m affine.Map, ok bool, err error) {
	slots, text, err := durable.OpenSlots(disk, fileName, slotSize)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, durable.ErrNoSlot):
		return affine.Identity, false, nil
	case err != nil:
		return affine.Identity, false, fmt.Errorf("the touch calibration: %w", err)
	}
	if err := slots.Close(); err != nil {
		return affine.Identity, false, fmt.Errorf("the touch calibration: %w", err)
	}
	if m.UnmarshalText(text) != nil {
		return affine.Identity, false, nil
	}
	return m, true, nil
}

// Save keeps a map. It is durable when Save returns nil.
func Save(disk durable.Disk, m affine.Map) error {
	text, err := m.MarshalText()
	if err != nil {
		return err
	}
	if err := save(disk, text); err != nil {
		return fmt.Errorf("the touch calibration: %w", err)
	}
	return nil
}

func save(disk durable.Disk, text []byte) error {
	slots, _, err := durable.OpenSlots(disk, fileName, slotSize)
	switch {
	case err == nil:
		return errors.Join(slots.Write(text), slots.Close())
	case errors.Is(err, durable.ErrNoSlot):
		if err := disk.Remove(fileName); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if slots, err = durable.CreateSlots(disk, fileName, slotSize, text); err != nil {
		return err
	}
	return errors.Join(disk.Sync(), slots.Close())
}
