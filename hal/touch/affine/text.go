package affine

import (
	"errors"
	"fmt"
)

// format is one line: a name, a version, and the six numbers.
const format = "otc-touch 1 %f %f %f %f %f %f\n"

// maxText is longer than any text of a plausible map, in bytes.
const maxText = 128

var errText = errors.New("not a touch calibration")

// MarshalText implements encoding.TextMarshaler. A millionth of the glass is
// kept.
func (m Map) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, format, m.XX, m.XY, m.X0, m.YX, m.YY, m.Y0), nil
}

// UnmarshalText implements encoding.TextUnmarshaler. It takes what MarshalText
// writes and nothing else, and no map that is not plausible.
func (m *Map) UnmarshalText(text []byte) error {
	if len(text) > maxText {
		return fmt.Errorf("%w: %d bytes", errText, len(text))
	}
	var read Map
	n, err := fmt.Sscanf(string(text), format, &read.XX, &read.XY, &read.X0, &read.YX, &read.YY, &read.Y0)
	if n != 6 || err != nil {
		return errText
	}
	// One spelling of each map.
	if again, _ := read.MarshalText(); string(again) != string(text) {
		return errText
	}
	if err := read.plausible(); err != nil {
		return err
	}
	*m = read
	return nil
}
