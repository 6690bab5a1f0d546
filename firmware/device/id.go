package device

import (
	"context"

	"onetimechat/firmware/entropy"
	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

// MakeID gives the device of a store its id, unless it has one, from one draw of
// well: for a device that lays up nothing for meetings. Without an id a laptop
// takes the next card, whose pads count from 1 again, for a copy of this one.
func MakeID(ctx context.Context, store *padstore.Store, well *entropy.Well) error {
	if store.DeviceID() != "" {
		return nil
	}
	reservoir := store.Reservoir()
	if level := reservoir.Level(); level.Ready < seal.CellSize {
		if err := reservoir.Resize(max(level.Capacity, seal.CellSize)); err != nil {
			return err
		}
		b := make([]byte, seal.CellSize)
		defer clear(b)
		if err := layUp(ctx, well, reservoir, b); err != nil {
			return err
		}
	}
	return store.MakeDeviceID()
}
