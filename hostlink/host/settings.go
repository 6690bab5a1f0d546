package host

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"onetimechat/hostlink"
	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/uid"
)

// Settings say who chats, through what, and where the outbox is.
type Settings struct {
	Relay  string // an address as hostlink.ParseAddress reads it
	Device string
	User   string
	Data   string // folder
}

// The environment's names for them.
const (
	EnvRelay  = "OTC_RELAY"
	EnvDevice = "OTC_DEVICE"
	EnvUser   = "OTC_USER"
	EnvData   = "OTC_DATA"
)

// Or fills what is empty in s from other.
func (s Settings) Or(other Settings) Settings {
	fill := func(mine, theirs string) string {
		if mine == "" {
			return theirs
		}
		return mine
	}
	return Settings{
		Relay:  fill(s.Relay, other.Relay),
		Device: fill(s.Device, other.Device),
		User:   fill(s.User, other.User),
		Data:   fill(s.Data, other.Data),
	}
}

// FromEnvironment reads the settings that env, such as os.Getenv, answers.
func FromEnvironment(env func(string) string) Settings {
	return Settings{Relay: env(EnvRelay), Device: env(EnvDevice), User: env(EnvUser), Data: env(EnvData)}
}

// Defaults are the ports of the 2015 programs on localhost, and the user's
// data folder.
func Defaults(env func(string) string) Settings {
	return Settings{
		Relay:  fmt.Sprint(mailbox.Port),
		Device: fmt.Sprint(hostlink.Port),
		Data:   dataFolder(env),
	}
}

func dataFolder(env func(string) string) string {
	if dir := env("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "otc")
	}
	switch home := env("HOME"); {
	case runtime.GOOS == "windows" && env("LOCALAPPDATA") != "":
		return filepath.Join(env("LOCALAPPDATA"), "otc")
	case home == "":
		return ""
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support", "otc")
	default:
		return filepath.Join(home, ".local", "share", "otc")
	}
}

// ConfigFile is where the config file is when nobody says otherwise; "" when
// that cannot be told.
func ConfigFile() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "otc", "config")
}

// ReadConfigFile reads the file at path, lines of "name = value" where name is
// relay, device, user or data. A missing file is no error unless required.
func ReadConfigFile(path string, required bool) (Settings, error) {
	if path == "" {
		return Settings{}, nil
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !required {
		return Settings{}, nil
	}
	if err != nil {
		return Settings{}, err
	}
	defer file.Close()
	s, err := ParseConfig(file)
	if err != nil {
		return Settings{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// WriteConfigFile replaces the file at path, for this user alone, by one that
// says what is not empty in s. A link to a file stays, and leads to the new one.
func WriteConfigFile(path string, s Settings) error {
	if path == "" {
		return errors.New("no folder for the config file is known: name a file with --config")
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var text strings.Builder
	for _, line := range [][2]string{{"user", s.User}, {"relay", s.Relay}, {"device", s.Device}, {"data", s.Data}} {
		if line[1] != "" {
			fmt.Fprintf(&text, "%s = %s\n", line[0], line[1])
		}
	}
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text.String())
	if err == nil {
		err = file.Sync() // else a power cut may leave an empty file under the name
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// ParseConfig reads the lines of a config file.
func ParseConfig(r io.Reader) (Settings, error) {
	var s Settings
	fields := map[string]*string{"relay": &s.Relay, "device": &s.Device, "user": &s.User, "data": &s.Data}
	scanner := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(scanner.Text(), "\ufeff")) // some editors begin with it
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		field := fields[strings.TrimSpace(name)]
		if !ok || field == nil {
			return Settings{}, fmt.Errorf("line %d: write relay, device, user or data, then = and its value", n)
		}
		*field = strings.TrimSpace(value)
	}
	return s, scanner.Err()
}

var (
	// ErrNoUser says that nobody has said who chats.
	ErrNoUser = errors.New("no user id: say who you are")
	// ErrNoData says that the system knows no folder for this user's data.
	ErrNoData = errors.New("no folder for data is known: name one by --data")
)

// Check completes the addresses, and reports what is missing or no good.
func (s Settings) Check() (Settings, error) {
	if s.User == "" {
		return s, ErrNoUser
	}
	if err := uid.Check(s.User); err != nil {
		return s, err
	}
	relay, err := hostlink.ParseAddress(s.Relay, mailbox.Port)
	if err != nil {
		return s, fmt.Errorf("relay: %w", err)
	}
	device, err := hostlink.ParseAddress(s.Device, hostlink.Port)
	if err != nil {
		return s, fmt.Errorf("pad device: %w", err)
	}
	if s.Data == "" {
		return s, ErrNoData
	}
	s.Relay, s.Device = relay.String(), device.String()
	return s, nil
}
