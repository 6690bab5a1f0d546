package padstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"onetimechat/padstore/durable"
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
	Idle       time.Duration // without a touch until the idle screen, whole seconds; 0: never
	Brightness int           // of the panel's light, percent, 1 to 100
	Rotation   int           // of the picture, clockwise from how the board has it: 0, 90, 180 or 270 degrees
	Reservoir  int64         // bytes that it is to hold; 0: as many as the board's settings say
}

// DefaultSettings are those of an owner who has chosen nothing.
func DefaultSettings() Settings { return Settings{Idle: 10 * time.Minute, Brightness: 100} }

// check says what is wrong with s.
func (s Settings) check() error {
	switch {
	case s.Idle < 0 || s.Idle > MaxIdle || s.Idle%time.Second != 0:
		return fmt.Errorf("idle after %v", s.Idle)
	case s.Brightness < 1 || s.Brightness > 100:
		return fmt.Errorf("a brightness of %d %%", s.Brightness)
	case s.Rotation < 0 || s.Rotation > 270 || s.Rotation%90 != 0:
		return fmt.Errorf("a picture turned by %d degrees", s.Rotation)
	case s.Reservoir < 0 || s.Reservoir > maxReservoir:
		return fmt.Errorf("a reservoir of %d bytes", s.Reservoir)
	}
	return nil
}

// settingsRecord is Settings as on disk. What older programs did not write is 0.
type settingsRecord struct {
	Idle       int64 `json:"idle"`                 // seconds
	Brightness int   `json:"brightness,omitempty"` // 0 is 100
	Rotation   int   `json:"rotation,omitempty"`
	Reservoir  int64 `json:"reservoir,omitempty"`
}

// settings are r's, with an error if it does not make sense.
func (r settingsRecord) settings() (Settings, error) {
	if r.Idle < 0 || r.Idle > int64(MaxIdle/time.Second) {
		return Settings{}, fmt.Errorf("%w: idle after %d seconds", errRecord, r.Idle)
	}
	s := Settings{Idle: time.Duration(r.Idle) * time.Second, Brightness: r.Brightness, Rotation: r.Rotation, Reservoir: r.Reservoir}
	if s.Brightness == 0 {
		s.Brightness = 100
	}
	if err := s.check(); err != nil {
		return Settings{}, fmt.Errorf("%w: %w", errRecord, err)
	}
	return s, nil
}

func recordOf(s Settings) settingsRecord {
	return settingsRecord{Idle: int64(s.Idle / time.Second), Brightness: s.Brightness, Rotation: s.Rotation, Reservoir: s.Reservoir}
}

// SettingsOf are the settings of the store on a disk, which is not open yet.
// They are the defaults where none can be read: why, Open tells.
func SettingsOf(disk durable.Disk) Settings {
	slots, text, err := durable.OpenSlots(disk, settingsName, settingsSize)
	if err != nil {
		return DefaultSettings()
	}
	var r settingsRecord
	err = errors.Join(json.Unmarshal(text, &r), slots.Close())
	s, wrong := r.settings()
	if err != nil || wrong != nil {
		return DefaultSettings()
	}
	return s
}

// openSettings opens the settings. Damaged ones begin anew with the defaults:
// no pad depends on them. The journal is open.
func (s *Store) openSettings() (err error) {
	check := func(r settingsRecord) error { _, err := r.settings(); return err }
	s.settings, err = openExpendable(s.latch, settingsName, settingsSize, recordOf(DefaultSettings()), check, func(why error) {
		s.note(Entry{Kind: KindSettings, Text: "the settings are damaged, and begin anew: " + why.Error()})
	})
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
