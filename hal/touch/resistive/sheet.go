package resistive

// Sheet is what is known of a touch sheet: its resistance, and how firmly a
// finger presses.
type Sheet struct {
	// Plate is the resistance of the X plate, in ohms.
	Plate float64
	// Press and Lift are the resistance between the sheets in ohms: at most
	// Press is a firm touch, more than Lift is none. What lies between is
	// neither, so that a finger at the limit does not chatter.
	Press, Lift float64
}

// DefaultSheet suits the sheets on small panels: 200 to 900 ohms from end to
// end, and a nail's touch of some hundred ohms.
var DefaultSheet = Sheet{Plate: 400, Press: 1500, Lift: 2500}

// Limits of the two pressure conversions, in their units.
const (
	// least is what Z1 has at least in a touch. Without one X+ is at the
	// ground, and Z1 is 0 but for noise.
	least = 32
	// open is what Z2 has at least without a touch: Y− is then at the supply.
	open = Full - 256
	// gap is what Z2 is above Z1 at least: between them is the touch itself,
	// whose resistance is not 0. Equal ones are a line that says always the
	// same.
	gap = 4
)

// resistance is that of the touch, in ohms, by the first of the two ways that
// the controllers' datasheets give (XPT2046, "Pressure Measurement"; the same
// as in the ADS7846's): R = Rplate · X/4096 · (Z2/Z1 − 1). z1 is not 0.
func (s Sheet) resistance(x, z1, z2 uint16) float64 {
	return s.Plate * float64(x) / (Full + 1) * (float64(z2)/float64(z1) - 1)
}

// Contact judges the two pressure conversions and the X coordinate, all of 12
// bits.
func (s Sheet) Contact(x, z1, z2 uint16) Contact {
	switch {
	case z1 < least && z2 >= open:
		return Apart
	case z1 < least, z1 > Full-least, z2 < z1+gap:
		// The sheets are neither apart nor do they touch: all zeros, all ones.
		return Unknown
	}
	switch r := s.resistance(x, z1, z2); {
	case r <= s.Press:
		return Firm
	case r > s.Lift:
		return Apart
	}
	return Unknown
}
