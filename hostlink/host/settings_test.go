package host_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"onetimechat/hostlink/host"
)

func TestFlagsBeatTheEnvironmentWhichBeatsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	config := "# who and where\nuser = carol\ndevice=7001\n\nrelay = relay.example\n"
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := host.ReadConfigFile(path, true)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"OTC_USER": "bob", "OTC_DEVICE": "7002", "HOME": "/home/bob"}
	lookup := func(name string) string { return env[name] }
	flags := host.Settings{User: "alice"}
	got, err := flags.Or(host.FromEnvironment(lookup)).Or(file).Or(host.Defaults(lookup)).Check()
	want := host.Settings{
		User: "alice", Device: "http://localhost:7002", Relay: "http://relay.example:9050", Data: got.Data,
	}
	if err != nil || got != want || !strings.HasPrefix(got.Data, "/home/bob") {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestSettingsThatAreNoGoodAreNamed(t *testing.T) {
	good := host.Settings{User: "alice", Relay: "9050", Device: "9051", Data: "d"}
	if _, err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(*host.Settings){
		func(s *host.Settings) { s.User = "" },
		func(s *host.Settings) { s.User = "../alice" },
		func(s *host.Settings) { s.Relay = "ftp://x" },
		func(s *host.Settings) { s.Device = "70000" },
		func(s *host.Settings) { s.Data = "" },
	} {
		s := good
		change(&s)
		if _, err := s.Check(); err == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
	for _, bad := range []string{"user", "password = x", "user: alice"} {
		if _, err := host.ParseConfig(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	missing := filepath.Join(t.TempDir(), "none")
	if _, err := host.ReadConfigFile(missing, false); err != nil {
		t.Error(err)
	}
	if _, err := host.ReadConfigFile(missing, true); err == nil {
		t.Error("a config file that was named may be missing")
	}
}

// Who keeps the config file elsewhere, and a link to it here, finds both as they were.
func TestAConfigFileBehindALinkIsWrittenThere(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(file, []byte("user = bob\n"), 0o600), os.Symlink("file", link)); err != nil {
		t.Fatal(err)
	}
	if err := host.WriteConfigFile(link, host.Settings{User: "alice"}); err != nil {
		t.Fatal(err)
	}
	if got, err := host.ReadConfigFile(file, true); err != nil || got.User != "alice" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := os.Readlink(link); err != nil {
		t.Error(err)
	}
}

// What editors on Windows make of a file.
func TestAConfigFileFromWindowsIsRead(t *testing.T) {
	got, err := host.ParseConfig(strings.NewReader("\ufeffuser = bob\r\ndevice = 1\r\n"))
	if want := (host.Settings{User: "bob", Device: "1"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestGroupsAreKept(t *testing.T) {
	place, d := newShelf(1), newDevice("alice", "bob")
	h := start(t, "alice", d, newRelay(), place)
	if err := h.SetGroup(t.Context(), "lunch", []string{"bob", "carol", "bob"}); err != nil {
		t.Fatal(err)
	}
	again := start(t, "alice", d, newRelay(), place)
	for name, want := range map[string][]string{"lunch": {"bob", "carol"}, "dave": {"dave"}} {
		if got, err := again.Members(t.Context(), []string{name}); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v, %v", name, got, err)
		}
	}
	for name, members := range map[string][]string{"../x": {"bob"}, "ok": {"Bob"}} {
		if err := h.SetGroup(t.Context(), name, members); err == nil {
			t.Errorf("%s: %v is accepted", name, members)
		}
	}
	if err := h.SetGroup(t.Context(), "bob", []string{"carol"}); err == nil || !strings.Contains(err.Error(), "bob is a contact") {
		t.Errorf("a contact's name: %v", err)
	}
	d.contacts = append(d.contacts, "lunch")
	if got, err := h.Members(t.Context(), []string{"lunch"}); err == nil {
		t.Errorf("a group, of whose name there is a contact by now, is %v", got)
	}
	d.unplugged = true
	if err := h.SetGroup(t.Context(), "lunch", nil); err != nil {
		t.Fatal(err)
	}
	if groups, err := again.Groups(t.Context()); err != nil || len(groups) > 0 {
		t.Errorf("%v, %v", groups, err)
	}
}

// Names of users are data: none meets a file or folder that has another purpose.
func TestNoUsersFolderIsSomethingElses(t *testing.T) {
	data := t.TempDir()
	if err := host.WriteConfigFile(filepath.Join(data, "config"), host.Settings{User: "config"}); err != nil {
		t.Fatal(err)
	}
	relays := filepath.Join(data, "relay", "mailbox.db")
	if err := errors.Join(os.Mkdir(filepath.Dir(relays), 0o700), os.WriteFile(relays, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"config", "relay", "con", "nul", "alice"} {
		folder, err := host.UserFolder(data, user)
		if err != nil {
			t.Fatal(err)
		}
		if base := filepath.Base(filepath.Dir(folder.Files())); base == user || base == "config" {
			t.Errorf("%s has the folder %q", user, base)
		}
	}
	if _, err := os.Stat(relays); err != nil {
		t.Error(err)
	}
}

func TestAUsersFolderOfBeforeIsTakenOver(t *testing.T) {
	data := t.TempDir()
	kept := filepath.Join(data, "alice", "files", "out-0000000000000001")
	if err := errors.Join(os.MkdirAll(filepath.Dir(kept), 0o700), os.WriteFile(kept, []byte("{}"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		folder, err := host.UserFolder(data, "alice")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(folder.Files(), filepath.Base(kept))); err != nil {
			t.Fatal(err)
		}
	}
}
