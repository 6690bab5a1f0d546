package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
	"onetimechat/hostlink/mailbox"
)

// settings are what the flags say.
type settings struct {
	host.Settings
	config string
	json   bool
}

// withSettings gives cmd the flags that say who and where.
func (a *app) withSettings(cmd *cobra.Command) *cobra.Command {
	flags := cmd.Flags()
	flags.StringVarP(&a.given.User, "user", "u", "", "your user id, the pad device's owner (OTC_USER)")
	flags.StringVarP(&a.given.Relay, "relay", "r", "", "the relay's address (OTC_RELAY; default 9050)")
	flags.StringVarP(&a.given.Device, "device", "d", "", "the pad device's address (OTC_DEVICE; default 9051)")
	flags.StringVar(&a.given.Data, "data", "", "folder of outbox, later list and groups (OTC_DATA)")
	where := "config file"
	if path := host.ConfigFile(); path != "" {
		where += " (default " + path + ")"
	}
	flags.StringVar(&a.given.config, "config", "", where)
	return cmd
}

// withJSON gives cmd the flag --json.
func (a *app) withJSON(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&a.given.json, "json", false, "print one JSON object a line")
	return cmd
}

// session is one user's work with one device and one relay.
type session struct {
	host     *host.Host
	device   *hostlink.Client
	relay    *mailbox.Client
	settings host.Settings
}

// settle makes one set of settings: flags beat the environment, which beats
// the config file.
func (a *app) settle() (host.Settings, error) {
	path, required := a.given.config, true
	if path == "" {
		path, required = host.ConfigFile(), false
	}
	file, err := host.ReadConfigFile(path, required)
	if err != nil {
		return host.Settings{}, settingsError{err}
	}
	s := a.given.Settings.Or(host.FromEnvironment(a.env)).Or(file).Or(host.Defaults(a.env))
	s, err = s.Check()
	if err != nil {
		return host.Settings{}, settingsError{err}
	}
	return s, nil
}

func (a *app) open() (*session, error) {
	s, err := a.settle()
	if err != nil {
		return nil, err
	}
	device, err := hostlink.NewClient(s.Device)
	if err != nil {
		return nil, misused("%s", err)
	}
	relay, err := mailbox.NewClient(s.Relay)
	if err != nil {
		return nil, misused("%s", err)
	}
	folder, err := host.UserFolder(s.Data, s.User)
	if err != nil {
		return nil, notKept(err)
	}
	h, err := host.New(host.Config{User: s.User, Device: device, Relay: relay, RelayAddress: s.Relay, Place: &patient{Place: folder, ui: a.ui}})
	if err != nil {
		return nil, err
	}
	a.ui.relay, a.ui.device, a.ui.files = s.Relay, s.Device, folder.Files()
	return &session{host: h, device: device, relay: relay, settings: s}, nil
}

// patient is a Place that says, once, why nothing happens: another request of this
// user, perhaps by an otc that has been stopped, is under way.
type patient struct {
	host.Place
	ui   *ui
	said sync.Once
}

// Lock is part of host.Place.
func (p *patient) Lock(ctx context.Context, name string) (unlock func(), err error) {
	slow := time.AfterFunc(patience, func() {
		p.said.Do(func() {
			p.ui.hint("Waiting: another request of yours comes first, perhaps a question on the pad device …")
		})
	})
	defer slow.Stop()
	unlock, err = p.Place.Lock(ctx, name)
	if err != nil && ctx.Err() == nil {
		err = notKept(err)
	}
	return unlock, err
}

func notKept(err error) error {
	return folderError{fmt.Errorf("outbox, later list and groups cannot be kept: %w", err)}
}

// sent is what became of one recipient's message.
type sent struct {
	to    string
	state host.State // "" when it was not sealed
	err   error
}

// send has text sealed and delivered, and tells for each recipient how far it
// came. It calls sealed between the two. What was not sealed is told at once: nobody
// waits for a relay then. An error is about those not told.
func (s *session) send(ctx context.Context, to []string, text string, sealed func()) ([]sent, error) {
	results, sendErr := s.host.Send(ctx, to, text)
	var tried []host.Delivery
	var deliverErr error
	if slices.ContainsFunc(results, func(r host.Result) bool { return r.Err == nil }) {
		sealed()
		tried, deliverErr = s.host.Deliver(ctx)
	}
	kept, err := s.host.Outbox(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	var all []sent
	for _, r := range results {
		if r.Err != nil {
			all = append(all, sent{to: r.To, err: r.Err})
			continue
		}
		one := sent{to: r.To, state: host.Delivered}
		for _, k := range kept {
			if k.Number == r.Number && k.To == r.To {
				one.state, one.err = k.State, deliverErr
			}
		}
		for _, d := range tried {
			if d.Number == r.Number && d.To == r.To {
				one.err = d.Err
			}
		}
		all = append(all, one)
	}
	return all, sendErr
}
