package padstore

// Level is how full the reservoir is, in bytes.
type Level struct {
	Ready    int64
	Capacity int64
	Demo     bool // some of it is demo randomness
}

// Reservoir is extracted randomness laid up for the next pad. Every byte of a
// pad's own contribution comes out of it, and comes out once. Its methods may
// be called concurrently.
type Reservoir struct{}

// Reservoir is this device's.
func (s *Store) Reservoir() *Reservoir { panic("to be written") }

// Level says how full it is.
func (r *Reservoir) Level() Level { panic("to be written") }

// Resize sets the most bytes it may hold; what is over it is burned. The file
// is written fully, never sparse. ErrFull if the card has no room.
func (r *Reservoir) Resize(capacity int64) error { panic("to be written") }

// Add lays up b, made by the sources together; durable on return. ErrFull,
// with nothing changed, if it does not fit.
func (r *Reservoir) Add(b []byte, made []Origin) error { panic("to be written") }

// Take moves len(b) bytes out into b and says what made them: on return they
// are durably marked used and overwritten. ErrDry, with nothing changed, if
// there are fewer.
func (r *Reservoir) Take(b []byte) ([]Lot, error) { panic("to be written") }
