package padstore

import (
	"fmt"
	"time"
)

const (
	settingsName = "settings.record"
	settingsSize = 4096
)

// MaxIdle is the longest that a device may wait for its idle screen.
const MaxIdle = 24 * time.Hour

// Settings are what the owner has chosen on the screen. They hold nothing that
// pads depend on.
type Settings struct {
	Idle time.Duration // without a touch until the idle screen, whole seconds; 0: never
}

// DefaultSettings are those of an owner who has chosen nothing.
func DefaultSettings() Settings { return Settings{Idle: 10 * time.Minute} }

// check says what is wrong with s.
func (s Settings) check() error {
	if s.Idle < 0 || s.Idle > MaxIdle || s.Idle%time.Second != 0 {
		return fmt.Errorf("padstore: idle after %v", s.Idle)
	}
	return nil
}

// settingsRecord is Settings as on disk.
type settingsRecord struct {
	Idle int64 `json:"idle"` // seconds
}

// settings are r's, with an error if it does not make sense.
func (r settingsRecord) settings() (Settings, error) {
	if r.Idle < 0 || r.Idle > int64(MaxIdle/time.Second) {
		return Settings{}, fmt.Errorf("%w: idle after %d seconds", errRecord, r.Idle)
	}
	return Settings{Idle: time.Duration(r.Idle) * time.Second}, nil
}

func recordOf(s Settings) settingsRecord { return settingsRecord{Idle: int64(s.Idle / time.Second)} }

// openSettings opens the settings. Damaged ones begin anew with the defaults:
// no pad depends on them. The journal is open.
func (s *Store) openSettings() (err error) {
	first := recordOf(DefaultSettings())
	s.settings, err = openKept(s.latch, settingsName, settingsSize, first)
	if err == nil {
		if _, err = s.settings.now().settings(); err == nil {
			return nil
		}
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
func (s *Store) Settings() Settings {
	is, _ := s.settings.now().settings() // checked when it was read
	return is
}

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
