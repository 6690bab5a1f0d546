package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
	"onetimechat/hostlink/mailbox"
)

// findTime is how long one address may take to answer as a pad device.
const findTime = 4 * time.Second

func (a *app) setupCommand() *cobra.Command {
	return a.withSettings(&cobra.Command{
		Use:   "setup [RELAY]",
		Short: "Find the pad device, ask for the relay, and remember both",
		Long: `setup looks for your pad device: at --device if given, else as otc-pad.local,
at the other end of the cable, and at your desk. It reads there who you are,
asks for the relay's address unless it is given, tries both, and writes the
config file. After that, plain otc is the chat.`,
		Example: `  otc setup
  otc setup https://relay.example.org
  otc setup relay.example.org:9050 --device 10.77.1.1`,
		Args: between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			return a.setup(ctx, strings.Join(args, ""))
		},
	})
}

func (a *app) setup(ctx context.Context, relay string) error {
	given := a.given.Settings.Or(host.FromEnvironment(a.env))
	addresses := []string{given.Device}
	if given.Device == "" {
		addresses = deviceAddresses(localAddresses())
	}
	device, status, err := a.findDevice(ctx, addresses)
	if err != nil {
		return err
	}
	if err := a.ui.say("Found %s's pad device at %s.", status.Owner, device); err != nil {
		return err
	}
	path := a.configFile()
	// A file that cannot be read is replaced.
	before, _ := host.ReadConfigFile(path, false)
	if relay == "" {
		relay = given.Relay
	}
	if relay == "" {
		if relay, err = a.askRelay(ctx, before.Relay); err != nil {
			return err
		}
	}
	if given.Data != "" {
		if given.Data, err = filepath.Abs(given.Data); err != nil { // it is used from elsewhere
			return err
		}
	}
	// Where outbox and groups are stays as it was.
	s := host.Settings{Relay: relay, Device: device, User: status.Owner, Data: given.Data}.Or(host.Settings{Data: before.Data})
	full, err := s.Or(host.Defaults(a.env)).Check()
	if err != nil {
		return misused("%s", err)
	}
	s.Relay, a.ui.relay = full.Relay, full.Relay
	a.ui.waiting("Asking the relay at %s …", s.Relay)
	if err := checkRelay(ctx, s.Relay); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return ended(a.relayFails(err))
	}
	if err := host.WriteConfigFile(path, s); err != nil {
		return err
	}
	then := "otc"
	if a.given.config != "" {
		then += " --config " + path
	}
	return a.ui.say("The relay at %s answers. Saved in %s. Now type: %s", s.Relay, path, then)
}

// relayFails says why the relay's address is not saved. It may be mistyped: there is
// no outbox yet that could wait for it.
func (a *app) relayFails(err error) int {
	c := exitRelay
	if errors.Is(err, mailbox.ErrUnreachable) {
		a.ui.complain("%scannot reach the relay at %s; nothing was saved", a.ui.program, a.ui.relay)
		a.ui.hint("  Is that its address? What happened: %s", err)
	} else {
		c = a.ui.fail(err)
	}
	a.ui.hint("  What is written without https:// is asked without it, and at port %d if it names none.", mailbox.Port)
	return c
}

func (a *app) configFile() string {
	if a.given.config != "" {
		return a.given.config
	}
	return host.ConfigFile()
}

// findDevice returns the first address at which a pad device answers.
func (a *app) findDevice(ctx context.Context, addresses []string) (string, hostlink.Status, error) {
	var failed error
	for _, address := range addresses {
		client, err := hostlink.NewClient(address)
		if err != nil {
			return "", hostlink.Status{}, misused("%s", err)
		}
		a.ui.waiting("Looking for the pad device at %s …", client)
		a.ui.device = client.String()
		try, cancel := context.WithTimeout(ctx, findTime)
		status, err := client.Status(try, time.Now())
		cancel()
		if err == nil {
			return client.String(), status, nil
		}
		if ctx.Err() != nil {
			return "", hostlink.Status{}, ctx.Err()
		}
		failed = errors.Join(failed, err)
	}
	if len(addresses) > 1 {
		a.ui.device = strings.Join(addresses, ", ")
	}
	return "", hostlink.Status{}, failed
}

// deviceAddresses are where a pad device may be: by its name, at the other end
// of a cable on which this laptop was given 10.77.N.2, and at the desk.
func deviceAddresses(own []net.Addr) []string {
	addresses := []string{"otc-pad.local"}
	for _, addr := range own {
		network, ok := addr.(*net.IPNet)
		if !ok {
			continue
		}
		if ip := network.IP.To4(); ip != nil && ip[0] == 10 && ip[1] == 77 {
			addresses = append(addresses, net.IPv4(10, 77, ip[2], 1).String())
		}
	}
	return append(addresses, fmt.Sprintf("localhost:%d", hostlink.Port))
}

// localAddresses is empty where the system does not tell.
func localAddresses() []net.Addr {
	own, _ := net.InterfaceAddrs()
	return own
}

// askRelay asks for the relay's address; an empty answer is the one of before.
func (a *app) askRelay(ctx context.Context, before string) (string, error) {
	form := "host:port or a URL"
	if before != "" {
		form += "; Enter keeps " + before
	}
	if err := a.ui.say("What is your relay's address? (%s)", form); err != nil {
		return "", err
	}
	return reading(ctx, func() (string, error) {
		line := bufio.NewScanner(a.in)
		line.Scan()
		switch typed := strings.TrimSpace(line.Text()); {
		case line.Err() != nil:
			return "", line.Err()
		case typed != "":
			return typed, nil
		case before != "":
			return before, nil
		}
		return "", misused("no relay: ask whoever runs it for its address")
	})
}

func checkRelay(ctx context.Context, address string) error {
	client, err := mailbox.NewClient(address)
	if err != nil {
		return misused("%s", err)
	}
	defer client.Close()
	return client.Check(ctx)
}
