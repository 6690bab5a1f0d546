package padstore

import (
	"errors"

	"onetimechat/padstore/seal"
)

// What a Store says no with. None of them carries anything secret.
var (
	ErrNoPad    = errors.New("no pad with this contact")
	ErrDepleted = errors.New("pad depleted")
	ErrTooLong  = errors.New("text too long")
	// ErrNotVerified: the package is not what the contact sealed. Nothing
	// has changed.
	ErrNotVerified = errors.New("package does not verify")
	// ErrAlreadyOpened: the package does not verify, and lies wholly in
	// burned lane, so that a replay cannot be told from a forgery.
	ErrAlreadyOpened = errors.New("package lies in burned pad")
	// ErrMalformed: the package verified and is burned, but holds no text.
	ErrMalformed = errors.New("verified package holds no text")
	// ErrUnreadable: the card cannot read the pad of this package, which may be
	// what the contact sealed. Nothing has changed.
	ErrUnreadable = errors.New("the card cannot read this package's pad")
	// ErrFault: a disk operation failed, or this pad is damaged. The first is
	// final until the store is opened again.
	ErrFault = errors.New("fault")
	// ErrNothingToImport: the folder has no pad of this owner, or no more.
	ErrNothingToImport = errors.New("no pad")
	// ErrFull: the card or the reservoir has no room. Nothing has changed.
	ErrFull = errors.New("no room")
	// ErrDry: the reservoir holds fewer bytes than asked for.
	ErrDry = errors.New("the reservoir holds too little")
	// ErrKnownPad: this pad is, or was, on this device. None is used twice.
	ErrKnownPad = errors.New("this pad was on this device before: a pad is never used twice; make a fresh one")
	// ErrOtherDevice: the contact is known with another device.
	ErrOtherDevice = errors.New("the contact is known with another device")
	// ErrState: the pad or the draft is not so far, or no more.
	ErrState = errors.New("not in this state")
	// ErrErasing: everything is being erased. ErrErased: it is, and the store
	// must be opened anew.
	ErrErasing = errors.New("everything is being erased")
	ErrErased  = errors.New("everything was erased")
	// ErrCursor: a relay's address or a reference that cannot be kept.
	ErrCursor = errors.New("not a relay's address and reference")
)

// Pad is a pad's public state.
type Pad struct {
	Contact string
	Number  string // public pad number, unique on this device
	PadID   string // the same on both devices; never leaves them
	Suite   seal.Suite
	Bucket  int
	Source  string // rservice
	Demo    bool   // not made of hardware noise alone
	State   State
	Fault   bool // damaged: serves nothing

	// Discardable: it is prepared, or one that replaced it is in use.
	Discardable bool

	SendLeft, SendTotal       int64 // bytes
	ReceiveLeft, ReceiveTotal int64
	// About how many more texts of 100 bytes fit.
	SendMessages, ReceiveMessages int64
	// Forgeries counts the contact's packages that did not verify.
	Forgeries int64
}

// State is where a pad is in its life.
type State string

// A prepared pad opens and does not seal; a retired one likewise. A pad in use
// counts as retired as soon as its contact has a newer one, prepared or in use.
const (
	Prepared State = "prepared"
	InUse    State = "in use"
	Retired  State = "retired"
	// An importing pad is whole, but its source may not be overwritten yet.
	// It serves nothing.
	Importing State = "importing"
)

// Cost is what sealing one text takes from a contact's pad, in bytes.
type Cost struct {
	Contact string
	Cost    int64
	Left    int64 // afterwards
}

// Sealed is a package ready to leave.
type Sealed struct {
	Package []byte
	Pad     string // public pad number
}

// Verified says where a package that verified lies, in lane positions.
type Verified struct {
	Pad        string // public pad number
	Start, End int64
	Skip       bool // lane before Start has not been opened
}

// Opened is a package opened: its pad is burned.
type Opened struct {
	Text string
	Skip bool // lane before its segment has not been opened
}

// Unfinished is a message that a power cut may have swallowed: sealed but
// perhaps not sent, or burned but perhaps not read.
type Unfinished struct {
	Contact string
	Sent    bool // else received
}
