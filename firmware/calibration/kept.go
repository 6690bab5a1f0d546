package calibration

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"onetimechat/hal/touch/affine"
	"onetimechat/padstore/durable"
)

// The file in the store's folder, which a store passes over: a line with the name of
// the screen, and the map.
const (
	fileName = "touch.calibration"
	slotSize = 4096
)

// Load is the map that is kept on the card for a screen. ok is false, and the map
// affine.Identity, if there is none, one of another screen, or none that can be
// believed: a sheet is then to be calibrated, and no pad depends on it. The error is
// of the card.
func Load(disk durable.Disk, screen string) (m affine.Map, ok bool, err error) {
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
	text, ours := bytes.CutPrefix(text, head(screen))
	if !ours || m.UnmarshalText(text) != nil {
		return affine.Identity, false, nil
	}
	return m, true, nil
}

func head(screen string) []byte { return []byte(screen + "\n") }

// Save keeps the map of a screen, in the place of what was kept before. It is durable
// when Save returns nil.
func Save(disk durable.Disk, screen string, m affine.Map) error {
	text, err := m.MarshalText()
	if err != nil {
		return err
	}
	if err := save(disk, append(head(screen), text...)); err != nil {
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
