// Package host is the laptop's side of One Time Chat as a library: it has the
// pad device seal and open, and the relay carry, and it loses nothing between
// the two.
//
// Start with New. Send has a text sealed and keeps the packages in the outbox;
// Deliver and KeepDelivering bring them to the relay. Receive fetches, has the
// device open, and remembers an outcome for every ref; Follow does so whenever
// something comes. What the owner denied waits on the later list. Everything
// it keeps is in a Place, a folder that several processes share.
//
// What holds: an asked, a sealed and a delivered message are three states on
// disk, each synced before the next begins; a text is shown before its outcome
// is recorded; the place in the mailbox moves only past refs that have one.
//
// What it refuses to do: keep a text, judge a package, or believe the relay.
// Texts and names that come from elsewhere leave this package as they are:
// whoever shows them escapes them.
package host

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"onetimechat/hostlink"
	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/uid"
)

// Device is what a host needs of a pad device; *hostlink.Client is one, and its
// comments are the contract. Errors are a hostlink.Refusal or match
// hostlink.ErrUnreachable or ErrProtocol.
type Device interface {
	Package(ctx context.Context, req hostlink.PackageRequest) ([]hostlink.Sealed, error)
	Unpackage(ctx context.Context, req hostlink.UnpackageRequest) ([]hostlink.Opened, error)
	Acknowledge(ctx context.Context, id string) error
	Cancel(ctx context.Context, id string) error
	Status(ctx context.Context, told time.Time) (hostlink.Status, error)
	NextRef(ctx context.Context, owner, server string) (ref int64, known bool, err error)
	SaveNextRef(ctx context.Context, owner, server string, ref int64) error
}

// Relay is what a host needs of a relay; *mailbox.Client is one, and its comments
// are the contract.
type Relay interface {
	Send(ctx context.Context, m mailbox.Outgoing) (ref int64, err error)
	NextRef(ctx context.Context, recipient string) (int64, error)
	Messages(ctx context.Context, recipient string, start int64, max int, wait time.Duration) (mailbox.Batch, error)
}

// Config says who a Host works for, and with what.
type Config struct {
	User   string // the owner of Device
	Device Device
	Relay  Relay
	// RelayAddress names the mailbox on the device and on disk: the same
	// relay must always have the same address.
	RelayAddress string
	Place        Place
}

// Host works for one user at one relay. Its methods may be called
// concurrently, and beside other processes with the same Place.
type Host struct {
	cfg  Config
	wake chan struct{} // the outbox is to be looked through

	mu       sync.Mutex
	failures map[string]int // deliveries in a row that failed, by recipient
	notUntil map[string]time.Time
	placed   time.Time // when the device last kept a place without need
}

// New makes a Host. It contacts nobody yet.
func New(cfg Config) (*Host, error) {
	if err := uid.Check(cfg.User); err != nil {
		return nil, err
	}
	return &Host{
		cfg:      cfg,
		wake:     make(chan struct{}, 1),
		failures: map[string]int{},
		notUntil: map[string]time.Time{},
	}, nil
}

// OwnerError says that the pad device belongs to somebody else.
type OwnerError struct{ Owner, User string }

func (e *OwnerError) Error() string {
	return fmt.Sprintf("this is %s's pad device, not %s's", e.Owner, e.User)
}

// checkOwner keeps a wrong name, or a swapped device, from having somebody
// else's device judge this user's mailbox: everything in it would count as
// sent by strangers.
func (h *Host) checkOwner(ctx context.Context) (hostlink.Status, error) {
	status, err := h.cfg.Device.Status(ctx, time.Now())
	if err == nil && status.Owner != h.cfg.User {
		err = &OwnerError{Owner: status.Owner, User: h.cfg.User}
	}
	return status, err
}

// linkTries is how often a request is asked when the link breaks under it, and
// linkPause how long it waits before asking again the first time.
const (
	linkTries = 3
	linkPause = 500 * time.Millisecond
)

// ask calls the device, again when the link broke under the request. The
// request keeps its id, so that a device that had answered answers the same.
// lost reports whether an answer may have been lost on the way.
func (h *Host) ask(ctx context.Context, call func() error) (lost bool, err error) {
	pause := linkPause
	for try := 1; ; try++ {
		err = call()
		if !errors.Is(err, hostlink.ErrUnreachable) || ctx.Err() != nil {
			return lost, err
		}
		if broke, ok := errors.AsType[*hostlink.UnreachableError](err); !ok || broke.Sent {
			lost = true
		}
		if !lost || try == linkTries || sleep(ctx, pause) != nil {
			return lost, err
		}
		pause *= 2
	}
}

// afterwards is a short time to tidy up on the device, also after ctx ended.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// newID makes a request id. It is a name, not a secret.
func newID() string { return rand.Text() }
