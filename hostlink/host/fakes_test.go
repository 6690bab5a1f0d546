package host_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
)

const address = "http://relay.example:9050"

// device is a pad device at the end of a cable, without pads: a package is its
// contact, a serial number and the text. It answers by script.
type device struct {
	mu       sync.Mutex
	owner    string
	contacts []string
	serial   int
	sealed   map[string]sealedRequest // by id, until acknowledged
	opened   map[string]bool          // packages
	texts    map[string]openedRequest // by id, until acknowledged
	cursors  map[string]int64
	asked    int // questions that the owner saw

	// answer says what the owner, or fate, answers for a package; nil opens.
	answer func(in hostlink.Incoming) hostlink.Refusal
	// deny refuses to seal.
	deny hostlink.Refusal
	// spent are contacts whose pad has no room: then nothing is sealed.
	spent []string
	// breaks breaks the link after a request was served, while it is positive.
	breaks int
	// unplugged answers nothing.
	unplugged bool
	// saved is told of every place kept.
	saved func(ref int64)
}

type sealedRequest struct {
	to   []string
	text string
	out  []hostlink.Sealed
}

type openedRequest struct {
	in  []hostlink.Incoming
	out []hostlink.Opened
}

func newDevice(owner string, contacts ...string) *device {
	return &device{
		owner: owner, contacts: contacts,
		sealed: map[string]sealedRequest{}, opened: map[string]bool{},
		texts: map[string]openedRequest{}, cursors: map[string]int64{},
	}
}

// restart forgets what is in memory only.
func (d *device) restart() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.sealed)
	clear(d.texts)
}

func (d *device) link() error {
	if d.unplugged {
		return &hostlink.UnreachableError{Address: "cable", Err: errors.New("no route")}
	}
	if d.breaks > 0 {
		d.breaks--
		return &hostlink.UnreachableError{Address: "cable", Sent: true, Err: errors.New("reset")}
	}
	return nil
}

func (d *device) Package(_ context.Context, req hostlink.PackageRequest) ([]hostlink.Sealed, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unplugged {
		return nil, d.link()
	}
	if slices.ContainsFunc(req.To, func(to string) bool { return slices.Contains(d.spent, to) }) {
		return d.noRoom(req.To), d.link()
	}
	kept, again := d.sealed[req.ID]
	if !again || kept.text != req.Text || !slices.Equal(kept.to, req.To) {
		d.asked++
		if d.deny != "" {
			return nil, d.deny
		}
		kept = sealedRequest{to: req.To, text: req.Text}
		for _, to := range req.To {
			d.serial++
			kept.out = append(kept.out, hostlink.Sealed{To: to, Package: fmt.Appendf(nil, "%s|%d|%s", to, d.serial, req.Text)})
		}
		d.sealed[req.ID] = kept
	}
	return kept.out, d.link()
}

func (d *device) noRoom(to []string) (out []hostlink.Sealed) {
	for _, name := range to {
		why := hostlink.EncryptionFailed
		if slices.Contains(d.spent, name) {
			why = hostlink.Depleted
		}
		out = append(out, hostlink.Sealed{To: name, Err: why})
	}
	return out
}

func (d *device) Unpackage(_ context.Context, req hostlink.UnpackageRequest) ([]hostlink.Opened, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unplugged {
		return nil, d.link()
	}
	same := func(a, b hostlink.Incoming) bool { return a.From == b.From && bytes.Equal(a.Package, b.Package) }
	if kept, ok := d.texts[req.ID]; ok && slices.EqualFunc(kept.in, req.Packages, same) {
		return kept.out, d.link()
	}
	var out []hostlink.Opened
	for i, in := range req.Packages {
		if slices.ContainsFunc(req.Packages[:i], func(b hostlink.Incoming) bool { return same(in, b) }) {
			return nil, hostlink.DecryptionFailed
		}
	}
	for _, in := range req.Packages {
		out = append(out, d.open(in))
	}
	if req.ID != "" {
		d.texts[req.ID] = openedRequest{req.Packages, out}
	}
	return out, d.link()
}

func (d *device) open(in hostlink.Incoming) hostlink.Opened {
	switch {
	case !slices.Contains(d.contacts, in.From):
		return hostlink.Opened{Err: hostlink.NoPad}
	case d.opened[string(in.Package)]:
		return hostlink.Opened{Err: hostlink.AlreadyOpened, Reuse: true}
	case bytes.HasPrefix(in.Package, []byte("forged")):
		return hostlink.Opened{Err: hostlink.DecryptionFailed}
	}
	d.asked++
	if d.answer != nil {
		if refusal := d.answer(in); refusal != "" {
			if refusal == hostlink.ShownOnDevice {
				d.opened[string(in.Package)] = true
			}
			return hostlink.Opened{Err: refusal}
		}
	}
	d.opened[string(in.Package)] = true
	return hostlink.Opened{Text: string(in.Package)}
}

func (d *device) Acknowledge(_ context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sealed, id)
	delete(d.texts, id)
	return nil
}

func (d *device) Cancel(context.Context, string) error { return nil }

func (d *device) Status(context.Context, time.Time) (hostlink.Status, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unplugged {
		return hostlink.Status{}, d.link()
	}
	status := hostlink.Status{Owner: d.owner, Screen: "home"}
	for _, c := range d.contacts {
		status.Pads = append(status.Pads, hostlink.Pad{Contact: c})
	}
	return status, nil
}

func (d *device) NextRef(_ context.Context, owner, server string) (int64, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ref, known := d.cursors[owner+" "+server]
	return ref, known, nil
}

func (d *device) SaveNextRef(_ context.Context, owner, server string, ref int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.saved != nil {
		d.saved(ref)
	}
	d.cursors[owner+" "+server] = ref
	return nil
}

// relay is a relay in memory. Its refs leave gaps, as those of a relay with
// many mailboxes do.
type relay struct {
	mu       sync.Mutex
	messages []mailbox.Message
	ids      map[string]int64
	next     int64
	down     bool
	refuse   func(m mailbox.Outgoing) error
	lose     bool // takes messages, and its answers get lost
	tries    []string
	limit    int // messages of one answer
}

func newRelay() *relay { return &relay{ids: map[string]int64{}, next: 1} }

func (r *relay) Send(_ context.Context, m mailbox.Outgoing) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries = append(r.tries, m.Recipient)
	if r.down {
		return 0, mailbox.ErrUnreachable
	}
	if r.refuse != nil {
		if err := r.refuse(m); err != nil {
			return 0, err
		}
	}
	key := fmt.Sprintf("%q", m)
	if _, known := r.ids[key]; !known || m.ID == "" {
		r.ids[key] = r.put(m.Recipient, m.Sender, m.Contents)
	}
	if r.lose {
		return 0, mailbox.ErrUnreachable
	}
	return r.ids[key], nil
}

func (r *relay) put(to, from, contents string) int64 {
	ref := r.next
	r.next += 1 + ref%3
	r.messages = append(r.messages, mailbox.Message{Ref: ref, RecipientUID: to, SenderUID: from, Contents: contents})
	return ref
}

// bring puts a package into a mailbox.
func (r *relay) bring(to, from, pkg string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.put(to, from, base64.StdEncoding.EncodeToString([]byte(pkg)))
}

func (r *relay) NextRef(_ context.Context, recipient string) (next int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.messages {
		if m.RecipientUID == recipient {
			next = m.Ref + 1
		}
	}
	return next, nil
}

func (r *relay) Messages(ctx context.Context, recipient string, start int64, max int, wait time.Duration) (mailbox.Batch, error) {
	deadline := time.Now().Add(wait)
	for {
		b, err := r.now(recipient, start, max)
		if err != nil || len(b.Messages) > 0 || !time.Now().Before(deadline) {
			return b, err
		}
		select {
		case <-ctx.Done():
			return b, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (r *relay) now(recipient string, start int64, max int) (mailbox.Batch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		return mailbox.Batch{}, mailbox.ErrUnreachable
	}
	if r.limit > 0 {
		max = min(max, r.limit)
	}
	b := mailbox.Batch{Complete: true}
	for _, m := range r.messages {
		if m.RecipientUID != recipient || m.Ref < start {
			continue
		}
		if len(b.Messages) == max {
			b.Complete = false
			break
		}
		b.Messages = append(b.Messages, m)
	}
	return b, nil
}

// contents are the packages that a mailbox got, in order.
func (r *relay) contents(to string) (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.messages {
		if m.RecipientUID == to {
			data, _ := base64.StdEncoding.DecodeString(m.Contents)
			all = append(all, string(data))
		}
	}
	return all
}

// shelf is a Place in memory whose power can be cut.
type shelf struct {
	disk  *durabletest.Disk
	mu    sync.Mutex
	locks map[string]chan struct{}
}

func newShelf(seed uint64) *shelf {
	return &shelf{disk: durabletest.New(seed), locks: map[string]chan struct{}{}}
}

func (s *shelf) Lock(ctx context.Context, name string) (func(), error) {
	s.mu.Lock()
	lock := s.locks[name]
	if lock == nil {
		lock = make(chan struct{}, 1)
		s.locks[name] = lock
	}
	s.mu.Unlock()
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, nil
	default:
	}
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *shelf) Disk() (durable.Disk, func(), error) { return s.disk, func() {}, nil }

// start makes a host as a new process would.
func start(t *testing.T, user string, d host.Device, r host.Relay, place host.Place) *host.Host {
	t.Helper()
	h, err := host.New(host.Config{User: user, Device: d, Relay: r, RelayAddress: address, Place: place})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// shown collects arrivals.
type shown []host.Arrival

func (s *shown) show(a host.Arrival) error {
	*s = append(*s, a)
	return nil
}

func (s shown) outcomes() (all []host.Outcome) {
	for _, a := range s {
		all = append(all, a.Outcome)
	}
	return all
}

func (s shown) texts() (all []string) {
	for _, a := range s {
		if a.Outcome == host.Opened {
			all = append(all, a.Text)
		}
	}
	return all
}
