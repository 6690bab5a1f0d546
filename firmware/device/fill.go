package device

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"onetimechat/firmware/entropy"
	"onetimechat/hal/noise"
	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

// Filling goes in pieces of about fillTime, so that slow noise is laid up
// often and fast noise costs few writes to the card.
const (
	fillTime = 5 * time.Second
	fillMin  = 4 << 10   // bytes
	fillMax  = 256 << 10 // bytes
)

// resizeStep is how much the reservoir grows or shrinks at a time, in bytes: a slow
// card writes it in a few seconds.
const resizeStep = 16 << 20

// fill lays up noise in the reservoir, for the next pad. It is the only writer
// of the reservoir.
type fill struct {
	noise  *entropy.Well                  // nil: this device has none
	find   func() ([]noise.Source, error) // nil: none can come
	looked time.Time                      // when that was last asked

	mu       sync.Mutex
	unused   []string      // sources beyond those that a pad can tell of
	missed   error         // why sources may be there that were not found
	capacity int64         // bytes wanted
	grown    chan struct{} // closed when there is more, or failed has changed
	failed   error         // why it stopped, nil while it goes on
	mixed    bool          // nothing of the sources that there are now fits the reservoir
	drained  chan struct{} // has one element when there may be room again
	retry    chan struct{} // has one element when the owner wants another try
}

func newFill(well *entropy.Well, find func() ([]noise.Source, error), capacity int64) *fill {
	return &fill{
		noise:    well,
		find:     find,
		capacity: capacity,
		grown:    make(chan struct{}),
		drained:  make(chan struct{}, 1),
		retry:    make(chan struct{}, 1),
	}
}

// state is what meetings wait on: see meeting.Config.
func (f *fill) state() (grown <-chan struct{}, failed error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.grown, f.failed
}

// waits tells whether some of the reservoir must be used before it takes more.
func (f *fill) waits() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mixed
}

// turn notes a change and wakes whoever waits for one.
func (f *fill) turn(failed error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed, f.mixed = failed, false
	close(f.grown)
	f.grown = make(chan struct{})
}

// poke puts an element into a channel that holds one, if it is empty.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// wanted is how many bytes are to be laid up. A reservoir has whole cells only.
func (f *fill) wanted() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return (f.capacity + seal.CellSize - 1) / seal.CellSize * seal.CellSize
}

// want has another number of bytes be laid up. A fill that has stopped tries
// again: the card may have had no room for more.
func (f *fill) want(capacity int64) {
	f.mu.Lock()
	f.capacity = capacity
	stopped := f.failed != nil
	f.mu.Unlock()
	poke(f.drained)
	if stopped {
		poke(f.retry)
	}
}

// rate is bytes of pad a second, 0 while not known.
func (f *fill) rate() float64 {
	if f.noise == nil {
		return 0
	}
	return f.noise.Rate()
}

// runFill fills the reservoir until ctx ends, whenever it has room. A source
// that fails for good stops it, visibly, until the owner wants another try.
func (d *Device) runFill(ctx context.Context) {
	reservoir := d.store.Reservoir()
	d.findNoise()
	if reservoir.Level().Ready < d.fill.wanted() { // else the first piece is not kept
		d.settleNoise(ctx)
	}
	if len(d.fill.sources()) == 0 {
		d.fill.turn(entropy.ErrNoSource)
		if d.awaitNoise(ctx, nil); ctx.Err() != nil {
			return
		}
		d.fill.turn(nil)
	}
	piece := make([]byte, fillMax)
	defer clear(piece)
	for ctx.Err() == nil {
		d.findNoise()
		err := d.fillOnce(ctx, reservoir, piece)
		switch {
		case errors.Is(err, errNoRoom):
			d.refreshReserve()
			d.awaitNoise(ctx, d.fill.drained)
		case err != nil:
			d.fillFailed(ctx, err)
		}
	}
}

// errNoRoom: the reservoir is full.
var errNoRoom = errors.New("the reservoir is full")

// fillOnce draws one piece and lays it up, or measures how fast the noise is.
// errNoRoom if the reservoir is full, and that is known.
func (d *Device) fillOnce(ctx context.Context, reservoir *padstore.Reservoir, piece []byte) error {
	if err := d.resizeReservoir(ctx, reservoir); err != nil {
		return fmt.Errorf("setting aside %s of the card: %w", roomText(d.fill.wanted()), err)
	}
	level, rate := reservoir.Level(), d.fill.rate()
	size := min(int64(max(fillMin, rate*fillTime.Seconds())), int64(len(piece)), level.Capacity-level.Ready)
	switch {
	case size <= 0 && rate > 0:
		return errNoRoom
	case size <= 0:
		return d.measure(ctx, piece[:fillMin])
	}
	b := piece[:size]
	defer clear(b)
	err := layUp(ctx, d.fill.noise, reservoir, b)
	if errors.Is(err, padstore.ErrFull) {
		d.fillMixed()
		return errNoRoom
	}
	if err != nil {
		return err
	}
	d.fill.turn(nil)
	if d.store.DeviceID() == "" {
		if err := d.store.MakeDeviceID(); err != nil {
			return err
		}
	}
	d.refreshReserve()
	return nil
}

// resizeReservoir makes the reservoir as large as is wanted, in pieces: whoever
// takes noise out of it meanwhile, and a switch-off, wait for one of them.
func (d *Device) resizeReservoir(ctx context.Context, reservoir *padstore.Reservoir) error {
	for {
		now, wanted := reservoir.Level().Capacity, d.fill.wanted()
		if now == wanted {
			return nil
		}
		free, err := d.store.Free()
		switch {
		case err != nil:
			return err
		case wanted-now > free:
			return padstore.ErrFull // before it takes what there is
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if err := reservoir.Resize(min(max(wanted, now-resizeStep), now+resizeStep)); err != nil {
			return err
		}
		d.refreshReserve()
	}
}

// layUp fills b with what well draws, and adds it to the reservoir.
func layUp(ctx context.Context, well *entropy.Well, reservoir *padstore.Reservoir, b []byte) error {
	if err := well.Draw(ctx, b); err != nil {
		return err
	}
	return reservoir.Add(b, origins(well))
}

// fillMixed notes that the reservoir, which has room for more bytes, has none to
// tell of another change of the sources. It has again when some was used: until then
// it is tried again and again at a meeting, and noted once.
func (d *Device) fillMixed() {
	d.fill.mu.Lock()
	known := d.fill.mixed
	d.fill.mixed = true
	d.fill.mu.Unlock()
	if !known {
		d.note(padstore.KindNoise, "", "the reservoir takes no more until a meeting has used some of it: its noise sources have changed too often")
	}
}

// measure draws one piece and throws it away: what the noise of a device is
// worth that is full when it is switched on, its owner is told as well.
func (d *Device) measure(ctx context.Context, piece []byte) error {
	defer clear(piece)
	if err := d.fill.noise.Draw(ctx, piece); err != nil {
		return err
	}
	d.refreshReserve()
	return nil
}

// fillFailed shows and logs why filling has stopped, and waits for the owner.
func (d *Device) fillFailed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if d.distrust(ctx); d.store.Fault() != nil {
		d.refusal(err)
		<-ctx.Done()
		return
	}
	d.fill.turn(err)
	d.note(padstore.KindNoise, "", "no more randomness is made: "+err.Error())
	d.refresh(false)
	d.awaitNoise(ctx, d.fill.retry)
	d.fill.noise.Restart()
	d.fill.turn(nil)
	d.refreshReserve()
}

// distrust throws away what was laid up of sources alone that begin as they did
// before: nothing that they ever gave was noise.
func (d *Device) distrust(ctx context.Context) {
	for _, s := range d.fill.sources() {
		if !errors.Is(s.Failed, entropy.ErrSameStart) {
			continue
		}
		all := int64(0)
		for more := int64(1); more > 0 && ctx.Err() == nil; all += more {
			more, _ = d.store.Reservoir().Distrust(s.Name, resizeStep) // an error stops the store
		}
		if all > 0 {
			d.note(padstore.KindNoise, "", fmt.Sprintf("%d bytes of the reservoir are thrown away, of what %s alone made: it begins the same each time. Do not rely on pads that are made of it alone", all, s.Name))
		}
	}
}

// origins tells the reservoir what a Well is made of.
func origins(w *entropy.Well) []padstore.Origin {
	var list []padstore.Origin
	for _, s := range w.State() {
		list = append(list, padstore.Origin{Name: s.Name, Raw: s.Raw, Credit: int(s.Credit), Demo: s.Demo})
	}
	return list
}

// Where an owner finds the button that has the noise tried again.
const (
	retryFromHome = "Try again under New contact"
	retryHere     = "Try again"
)

// noiseProblem is why this device makes no randomness, and what to do, in words for
// its owner, who finds retry so; empty while it does.
func (d *Device) noiseProblem(retry string) string {
	_, failed := d.fill.state()
	if failed == nil {
		return ""
	}
	text := fmt.Sprintf("No more randomness is made: %v. ", failed)
	switch {
	case errors.Is(failed, padstore.ErrFull):
		return text + "Choose a smaller reservoir in Settings."
	case d.ports == nil:
		return text + "Switch the device off and on to try again."
	case errors.Is(failed, noise.ErrMissing):
		return text + "Plug it in again, and choose " + retry + "; or switch the device off and on to go on without it."
	}
	return text + "Choose " + retry + "."
}
