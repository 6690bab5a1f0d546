package main

import (
	"context"
	"errors"
	"time"

	"onetimechat/firmware/entropy"
	"onetimechat/hal/noise/deskfile"
	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

// idTime is how long a device waits for the noise of its id before it starts
// without.
const idTime = 2 * time.Second

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
		drawing, cancel := context.WithTimeout(ctx, idTime)
		defer cancel()
		if err := well.Draw(drawing, piece[:]); err != nil {
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
