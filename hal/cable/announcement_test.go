package cable

import (
	"encoding/hex"
	"errors"
	"testing"
)

func TestTheAnnouncementIsAsDescribed(t *testing.T) {
	a := announcement{tie: TieBreaker{1, 2, 3, 15: 0xff}, port: 0x235d}
	const want = "4f5443206d656574" + "01" + "010203000000000000000000000000ff" + "235d"
	if got := hex.EncodeToString(a.bytes()); got != want {
		t.Errorf("%s in place of %s", got, want)
	}
	if back, err := parse(a.bytes()); back != a || err != nil {
		t.Errorf("read back: %v, %v", back, err)
	}
}

func TestOtherVersionsAreToldFromGarbage(t *testing.T) {
	for version := range 256 {
		for _, rest := range []int{0, announceBytes - len(announceMagic) - 1, 100} {
			b := append([]byte(announceMagic), byte(version))
			b = append(b, make([]byte, rest)...)
			want := ErrVersion
			if version == announceVersion {
				want = errMalformed // too short, no port, too long
			}
			if _, err := parse(b); !errors.Is(err, want) {
				t.Errorf("version %d and %d bytes: %v", version, rest, err)
			}
		}
	}
}
