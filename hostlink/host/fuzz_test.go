package host_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"onetimechat/hostlink/host"
)

// What is read of any config file is written, and read again the same.
func FuzzConfig(f *testing.F) {
	for _, text := range []string{
		"", "user = alice\nrelay = https://relay.example.org\ndevice=9051\ndata = /tmp\n",
		"\ufeffuser=bob\r\n# x\r\n", "user = =", "user", "relay = a\rb", "data = \u00a0#\u2028",
	} {
		f.Add([]byte(text))
	}
	path := filepath.Join(f.TempDir(), "config")
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := host.ParseConfig(bytes.NewReader(text))
		if err != nil {
			return
		}
		if err := host.WriteConfigFile(path, s); err != nil {
			t.Fatal(err)
		}
		written, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := host.ParseConfig(bytes.NewReader(written)); err != nil || again != s {
			t.Errorf("read %+v, read back %+v, %v", s, again, err)
		}
		_, _ = s.Check()
	})
}
