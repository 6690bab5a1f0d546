package host

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"

	"onetimechat/hostlink"
	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/uid"
)

// Outcome says what became of a package that came.
type Outcome string

// Each of these settles a ref for good.
const (
	Opened     Outcome = "opened"
	OnDevice   Outcome = "shown on the pad device only"
	Unverified Outcome = "could not be verified"
	Reopened   Outcome = "already opened"           // a replay or a forgery
	Elsewhere  Outcome = "already opened elsewhere" // by another of the user's hosts
	TextLost   Outcome = "opened, text lost"        // this host had it opened, and the answer got lost
	Unreadable Outcome = "pad cannot be read"       // by the pad device's card: never opened
	Stranger   Outcome = "unknown sender"
	Denied     Outcome = "kept for later" // on this host's later list
)

// Arrival is one package that came, and its outcome.
type Arrival struct {
	Ref     int64  // the relay's
	From    string // "" when what the relay said is no user id
	Outcome Outcome
	Text    string // of Opened
	Skip    bool   // packages before it have not been opened
	Reuse   bool   // it may be injected
}

// inbox is this host's place in one relay's mailbox, on disk.
type inbox struct {
	Relay string `json:"relay"`
	Begun bool   `json:"begun"` // this host has its own cursor
	// Cursor is the lowest ref without an outcome, Done are the refs above it
	// that have one.
	Cursor int64   `json:"cursor"`
	Done   []int64 `json:"done,omitempty"`
	// Backlog is behind what was in the mailbox when it was begun with, or begun
	// with again: the user may have read that already.
	Backlog int64 `json:"backlog,omitempty"`
	// Asked are packages that were shown to the device and have no outcome:
	// the device may have opened them.
	Asked []asked `json:"asked,omitempty"`
}

// asked is one package of a request to open.
type asked struct {
	Ref    int64  `json:"ref"`
	ID     string `json:"id"` // of the request; those of one request are in its order
	Digest string `json:"digest"`
}

// maxDone bounds what is remembered above the cursor.
const maxDone = 1024

func (in *inbox) done(ref int64) bool {
	return ref < in.Cursor || slices.Contains(in.Done, ref)
}

// settle notes that refs have an outcome. Some numbers of the later list are
// no refs.
func (in *inbox) settle(refs []int64) {
	for _, ref := range refs {
		if ref <= hostlink.MaxRef {
			in.Done = append(in.Done, ref)
		}
	}
	slices.Sort(in.Done)
	in.Done = slices.Compact(in.Done)
	in.forget(refs)
}

// forget forgets by which requests refs were asked: the device surely has not opened
// them, or they have an outcome.
func (in *inbox) forget(refs []int64) {
	in.Asked = slices.DeleteFunc(in.Asked, func(a asked) bool { return slices.Contains(refs, a.Ref) })
}

// advance moves the cursor to the lowest ref without an outcome, when every
// message of the mailbox below upTo has been seen and open are those of them
// without one.
func (in *inbox) advance(upTo int64, open []int64) {
	for _, ref := range open {
		upTo = min(upTo, ref)
	}
	in.Cursor = max(in.Cursor, upTo)
	in.Done = slices.DeleteFunc(in.Done, func(ref int64) bool { return ref < in.Cursor })
}

// presented tells whether the device was shown this package before.
func (in *inbox) presented(p parcel) bool {
	return slices.ContainsFunc(in.Asked, func(a asked) bool { return a.Ref == p.Ref && a.Digest == p.digest() })
}

// parcel is one package to open.
type parcel struct {
	Ref     int64  `json:"ref"`
	From    string `json:"from"`
	Package []byte `json:"package"`
}

// digest names a parcel's content; it tells whether a relay still answers the
// same under a ref.
func (p parcel) digest() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s", p.From, p.Package))
	return hex.EncodeToString(sum[:16])
}

// open reads what the relay answered. What is no package at all is judged here
// and never reaches the device.
func (h *Host) open(m mailbox.Message) (parcel, Outcome) {
	p := parcel{Ref: m.Ref, From: m.SenderUID}
	if !uid.Valid(p.From) || p.From == h.cfg.User {
		return parcel{Ref: m.Ref}, Stranger
	}
	data, err := base64.StdEncoding.Strict().DecodeString(m.Contents)
	if err != nil || len(data) == 0 || len(data) > hostlink.MaxPackage ||
		base64.StdEncoding.EncodeToString(data) != m.Contents {
		return p, Unverified
	}
	p.Package = data
	return p, ""
}

// key names the relay in file names.
func (h *Host) key() string {
	sum := sha256.Sum256([]byte(h.cfg.RelayAddress))
	return hex.EncodeToString(sum[:8])
}

const inPrefix = "in-"

func (h *Host) inboxName() string { return inPrefix + h.key() }

func (h *Host) loadInbox(ctx context.Context) (*inbox, error) {
	in := &inbox{Relay: h.cfg.RelayAddress}
	err := h.files(ctx, func(disk durable.Disk) error { return load(disk, h.inboxName(), in) })
	return in, err
}

func (h *Host) saveInbox(ctx context.Context, in *inbox) error {
	return h.files(ctx, func(disk durable.Disk) error { return save(disk, h.inboxName(), in) })
}

// chunks cuts parcels into requests that the link accepts, and leaves a second
// copy of the same package to a later one: a device refuses duplicates.
func chunks(parcels []parcel) [][]parcel {
	const perPackage = 128 // bytes of JSON around each
	var all [][]parcel
	for len(parcels) > 0 {
		size := 4 << 10 // the envelope
		var now, rest []parcel
		for _, p := range parcels {
			bytes := base64.StdEncoding.EncodedLen(len(p.Package)) + perPackage
			same := func(q parcel) bool { return string(q.Package) == string(p.Package) }
			if len(rest) > 0 && slices.ContainsFunc(rest, func(q parcel) bool { return q.From == p.From }) ||
				len(now) == hostlink.MaxBatch || size+bytes > hostlink.MaxBody || slices.ContainsFunc(now, same) {
				rest = append(rest, p) // and so do the sender's later ones: order counts
				continue
			}
			size += bytes
			now = append(now, p)
		}
		all = append(all, now)
		parcels = rest
	}
	return all
}

// repeated finds requests whose answer got lost and whose packages are all
// here again, so that they can be asked again under their ids.
func (in *inbox) repeated(parcels []parcel) (requests []request, rest []parcel) {
	byID := map[string][]asked{}
	var order []string
	for _, a := range in.Asked {
		if byID[a.ID] == nil {
			order = append(order, a.ID)
		}
		byID[a.ID] = append(byID[a.ID], a)
	}
	used := map[int64]bool{}
	for _, id := range order {
		r := request{id: id}
		for _, a := range byID[id] {
			i := slices.IndexFunc(parcels, func(p parcel) bool { return p.Ref == a.Ref && p.digest() == a.Digest })
			if i >= 0 {
				r.parcels = append(r.parcels, parcels[i])
			}
		}
		if len(r.parcels) == len(byID[id]) {
			requests = append(requests, r)
			for _, p := range r.parcels {
				used[p.Ref] = true
			}
		}
	}
	for _, p := range parcels {
		if !used[p.Ref] {
			rest = append(rest, p)
		}
	}
	return requests, rest
}

// request is packages to open after one approval.
type request struct {
	id      string
	parcels []parcel
}

func (r request) refs() []int64 {
	refs := make([]int64, len(r.parcels))
	for i, p := range r.parcels {
		refs[i] = p.Ref
	}
	return refs
}

func byRef(a, b Arrival) int { return cmp.Compare(a.Ref, b.Ref) }
