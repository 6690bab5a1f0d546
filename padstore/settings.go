package padstore

import (
	"fmt"
	"slices"
	"time"
)

const (
	settingsName = "settings.record"
	settingsSize = 4096
)

// Bounds of settings.
const (
	MinBrightness = 10             // percent: less cannot be read
	MaxIdle       = 24 * time.Hour // without a touch
)

// Settings are what the owner has chosen on the screen. They hold nothing that
// pads depend on.
type Settings struct {
	Brightness int           // percent, from MinBrightness to 100
	Idle       time.Duration // without a touch until the idle screen, whole seconds; 0: never
	Reservoir  int64         // bytes; 0: as the device was set up
	Turn       int           // degrees clockwise beyond how the screen was set up: 0, 90, 180, 270
}

// DefaultSettings are those of an owner who has chosen nothing.
func DefaultSettings() Settings {
	return Settings{Brightness: 100, Idle: 10 * time.Minute}
}

// check says what is wrong with s.
func (s Settings) check() error {
	switch {
	case s.Brightness < MinBrightness || s.Brightness > 100:
		return fmt.Errorf("padstore: a brightness of %d %%", s.Brightness)
	case s.Idle < 0 || s.Idle > MaxIdle || s.Idle%time.Second != 0:
		return fmt.Errorf("padstore: idle after %v", s.Idle)
	case s.Reservoir < 0 || s.Reservoir > maxReservoir:
		return fmt.Errorf("padstore: a reservoir of %d bytes", s.Reservoir)
	case !slices.Contains([]int{0, 90, 180, 270}, s.Turn):
		return fmt.Errorf("padstore: a screen turned by %d degrees", s.Turn)
	}
	return nil
}

// settingsRecord is Settings as on disk.
type settingsRecord struct {
	Brightness int   `json:"brightness"`
	Idle       int64 `json:"idle"` // seconds
	Reservoir  int64 `json:"reservoir"`
	Turn       int   `json:"turn"`
}

func (r settingsRecord) settings() Settings {
	return Settings{Brightness: r.Brightness, Idle: time.Duration(r.Idle) * time.Second, Reservoir: r.Reservoir, Turn: r.Turn}
}

func recordOf(s Settings) settingsRecord {
	return settingsRecord{Brightness: s.Brightness, Idle: int64(s.Idle / time.Second), Reservoir: s.Reservoir, Turn: s.Turn}
}

// openSettings opens the settings. Damaged ones begin anew with the defaults:
// no pad depends on them. The journal is open.
func (s *Store) openSettings() (err error) {
	first := recordOf(DefaultSettings())
	s.settings, err = openKept(s.latch, settingsName, settingsSize, first)
	if err == nil && s.settings.now().settings().check() == nil {
		return nil
	}
	if err == nil {
		err = errRecord
		if closed := s.settings.slots.Close(); closed != nil {
			return closed
		}
	}
	if !unreliable(err) {
		return err
	}
	s.note(Entry{Kind: KindSettings, Text: "the settings are damaged, and begin anew: " + err.Error()})
	if err := s.latch.Remove(settingsName); err != nil {
		return err
	}
	s.settings, err = createKept(s.latch, settingsName, settingsSize, first)
	return err
}

// Settings are what the owner has chosen.
func (s *Store) Settings() Settings { return s.settings.now().settings() }

// Choose keeps what the owner has chosen.
func (s *Store) Choose(next Settings) error {
	if err := s.Fault(); err != nil {
		return err
	}
	if err := next.check(); err != nil {
		return err
	}
	return s.faulted(s.settings.change(func(r *settingsRecord) { *r = recordOf(next) }))
}
