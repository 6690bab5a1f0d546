package relay

import (
	"context"
	"net"
	"net/url"
	"testing"

	"onetimechat/hostlink/mailbox"
)

// running is a relay that answers on loopback.
type running struct {
	*Relay
	url    string
	client *mailbox.Client
	stop   func() // shuts down cleanly and waits
}

func start(t testing.TB, cfg Config) *running {
	t.Helper()
	if cfg.DataDir == "" {
		cfg.DataDir = t.TempDir()
	}
	r, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx, listener, nil) }()
	url := "http://" + listener.Addr().String()
	client, err := mailbox.NewClient(url)
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		client.Close()
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
	t.Cleanup(stop)
	return &running{Relay: r, url: url, client: client, stop: stop}
}

func TestADriveOfWindowsIsNoHost(t *testing.T) {
	for path, want := range map[string]string{
		"/var/lib/relay/mailboxes.db": "file:///var/lib/relay/mailboxes.db?mode=rw",
		"C:/Users/al ice/mail?#.db":   "file:///C:/Users/al%20ice/mail%3F%23.db?mode=rw",
		"//server/share/mailboxes.db": "file:////server/share/mailboxes.db?mode=rw",
	} {
		if got := fileURL(path, url.Values{"mode": {"rw"}}); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}
