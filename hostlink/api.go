// Package hostlink is the link between a laptop and its pad device: the
// paper's RPC over HTTP (section 6.3.3), both ends. PROTOCOL.md describes it
// for other programs.
//
// Start at Device, what a pad device answers, and Client, how a laptop asks.
// Server puts a Device on a listener: HTTP and its limits are in server.go,
// the calls in calls.go, their JSON in answers.go and strictjson.go. Guard
// keeps web pages out, here and at the desk device's screen.
//
// Nothing a laptop sends is trusted: a request is capped before it is read,
// refused unless it is strict, and answered with fixed texts only. Nothing a
// device answers is trusted either. Who may do what is not decided here: that
// is the Device's.
package hostlink

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Port is the link's TCP port on a pad device.
const Port = 9051

// Limits of the link. A request beyond one of them is refused before it is
// looked at.
const (
	MaxBody      = 8 << 20 // bytes of one request or answer
	MaxText      = 64 << 10
	MaxPackage   = 1 << 20 // bytes of one package, before base64
	MaxContacts  = 8       // of one package_many
	MaxBatch     = 64      // packages of one unpackage_many
	MaxRequestID = 64      // bytes
	MaxAddress   = 256     // bytes of a relay's address
	MaxRef       = 1<<53 - 1
	MaxReport    = 16 << 10 // bytes of a self-test's report
)

// Refusal is a reason from the fixed list in which a pad device says no. Its
// text is what crosses the link; nothing else does.
type Refusal string

// The 2015 texts, then ours.
const (
	ToYourself       Refusal = "Rejecting message to yourself."
	Rejected         Refusal = "User rejected pad read request."
	NoPad            Refusal = "Shared pad not found."
	Depleted         Refusal = "Pad depleted."
	EncryptionFailed Refusal = "Encryption failed."
	DecryptionFailed Refusal = "Decryption failed."

	AlreadyOpened Refusal = "Already opened."
	PadUnreadable Refusal = "Pad unreadable."
	ShownOnDevice Refusal = "Shown on the pad device only."
	Busy          Refusal = "Busy."
	TimedOut      Refusal = "Timed out."
	Withdrawn     Refusal = "Withdrawn."
	TooLong       Refusal = "Too long."
	DeviceFault   Refusal = "Device fault."
)

func (r Refusal) Error() string { return string(r) }

// known reports whether r is on the list.
func (r Refusal) known() bool {
	switch r {
	case ToYourself, Rejected, NoPad, Depleted, EncryptionFailed, DecryptionFailed,
		AlreadyOpened, PadUnreadable, ShownOnDevice, Busy, TimedOut, Withdrawn, TooLong, DeviceFault:
		return true
	}
	return false
}

// PackageRequest asks to seal one text for each contact in To, after one
// approval: the methods package (one contact) and package_many.
type PackageRequest struct {
	ID   string   // the host's request id, may be empty
	From string   // the owner
	To   []string // 1 to MaxContacts user ids, each once
	Text string   // UTF-8, at most MaxText bytes
}

// Sealed is one contact's part of the answer: a package, or Err.
type Sealed struct {
	To      string
	Package []byte  // at most MaxPackage bytes
	Pad     string  // public pad number
	Err     Refusal // "": it was sealed
}

// Incoming is one package to open, and who is said to have sent it.
type Incoming struct {
	From    string
	Package []byte
}

// UnpackageRequest asks to open packages after one approval: the methods
// unpackage and unpackage_many.
type UnpackageRequest struct {
	ID       string     // the host's request id, may be empty
	To       string     // the owner
	Packages []Incoming // 1 to MaxBatch
}

// Opened is the answer for one package: a text, or Err. The flags may be set
// beside either.
type Opened struct {
	Text  string
	Skip  bool    // packages sent before this one have not been opened
	Reuse bool    // its pad was used before
	Err   Refusal // "": it was opened
}

// Pad is one pad's public state.
type Pad struct {
	Contact         string `json:"contact"`
	Number          string `json:"pad"`               // public
	Suite           string `json:"suite"`             // unconditional or paper
	Bucket          int    `json:"bucket"`            // bytes
	Source          string `json:"source"`            // rservice: random, urandom, or the sources' names
	State           string `json:"state"`             // a padstore.State
	SendLeft        int64  `json:"send_left"`         // bytes
	ReceiveLeft     int64  `json:"receive_left"`      // bytes
	SendMessages    int64  `json:"send_messages"`     // of about 100 bytes
	ReceiveMessages int64  `json:"receive_messages"`  // likewise
	Forgeries       int64  `json:"forgeries"`         // packages of this contact that did not verify
	Damaged         bool   `json:"damaged,omitempty"` // it serves nothing; amounts may be 0
}

// Status is what a laptop may know at any time without asking the owner.
type Status struct {
	Owner     string `json:"owner"`            // user id
	Device    string `json:"device,omitempty"` // mark of the card, stays until it is erased
	Screen    string `json:"screen"`           // the screen's name, "home" at rest, "idle" when nobody touched it for a while
	Start     uint64 `json:"start"`            // how often this device was started
	Uptime    int64  `json:"uptime"`           // seconds
	LogUnread bool   `json:"log_unread"`       // its owner has not seen all of it
	Pads      []Pad  `json:"pads"`             // the newest first
}

// LogEntry is one line of the device's log, released after approval.
type LogEntry struct {
	Start   uint64 `json:"start"`          // the device's, counted
	Uptime  int64  `json:"uptime"`         // seconds since that start
	Told    int64  `json:"told,omitempty"` // Unix time as a laptop told it, 0 when none did
	Kind    string `json:"kind"`
	Contact string `json:"contact,omitempty"`
	Text    string `json:"text"`
	Count   int64  `json:"count,omitempty"` // for entries that stand for many
}

// Sentence says what happened, as the device and the laptop show it.
func (e LogEntry) Sentence() string {
	var lead []string
	switch e.Kind {
	case "denied", "timed out", "withdrawn": // it says of itself who would have got what
	default:
		if e.Contact != "" {
			lead = append(lead, "with "+e.Contact)
		}
	}
	if e.Count > 1 {
		lead = append(lead, fmt.Sprintf("%d times", e.Count))
	}
	text := strings.TrimSuffix(e.Text, ".") + "."
	if len(lead) > 0 {
		text = strings.Join(lead, ", ") + ": " + text
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// Device answers the link's calls. An error is a Refusal; any other error is
// answered as DeviceFault. A context that ends means that the client went
// away. All methods may be called concurrently.
type Device interface {
	// Package answers one Sealed per contact, in order.
	Package(ctx context.Context, req PackageRequest) ([]Sealed, error)
	// Unpackage answers one Opened per package, in order.
	Unpackage(ctx context.Context, req UnpackageRequest) ([]Opened, error)
	// Acknowledge says that the host keeps the answer to request id.
	Acknowledge(id string)
	// Cancel withdraws the waiting request id.
	Cancel(id string)
	// Status takes the laptop's time, zero when it told none.
	Status(told time.Time) Status
	// Log answers the device's log, the newest entry first.
	Log(ctx context.Context) ([]LogEntry, error)
	// SelfTest answers the self-test's report: lines of text, at most
	// MaxReport bytes.
	SelfTest(ctx context.Context) (report string, err error)
	// NextRef and SaveNextRef keep the host's place in a relay's mailbox: a ref
	// from 0 to MaxRef for a server of 1 to MaxAddress bytes of printable ASCII.
	NextRef(owner, server string) (ref int64, known bool, err error)
	SaveNextRef(owner, server string, ref int64) error
}
