package main

import (
	"context"
	"errors"

	"onetimechat/firmware/entropy"
	"onetimechat/hal/noise/deskfile"
	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

// makeID gives a device its id at its first start, as noise that is laid up for
// meetings would: without one a laptop takes the next card, whose pads count
// from 1 again, for a copy of this one.
func makeID(ctx context.Context, store *padstore.Store, noise string) (err error) {
	if store.DeviceID() != "" {
		return nil
	}
	reservoir := store.Reservoir()
	if level := reservoir.Level(); level.Ready < seal.CellSize {
		well := entropy.NewWell(deskfile.New(noise))
		defer func() { err = errors.Join(err, well.Close()) }()
		var piece [seal.CellSize]byte
		defer clear(piece[:])
		if err := well.Draw(ctx, piece[:]); err != nil {
			return err
		}
		if err := reservoir.Resize(max(level.Capacity, seal.CellSize)); err != nil {
			return err
		}
		if err := reservoir.Add(piece[:], origins(well)); err != nil {
			return err
		}
	}
	return store.MakeDeviceID()
}

func origins(well *entropy.Well) []padstore.Origin {
	var list []padstore.Origin
	for _, s := range well.State() {
		list = append(list, padstore.Origin{Name: s.Name, Raw: s.Raw, Credit: int(s.Credit), Demo: s.Demo})
	}
	return list
}
