package display

import "time"

// Screen is one of the screens below: plain values that say what to show. A
// Renderer turns one into a Frame. Texts may hold anything: what is no plain letter
// is drawn as an escape.
//
// In all of them Page is the page to show, from 0, and Ready that the guard time is
// over and every page was shown: what approves is alive.
type Screen interface {
	// name is the screen's name as other programs know it, such as "home".
	name() string
	// draw draws it.
	draw(c *canvas)
}

// Gauge is pad left in one direction.
type Gauge struct {
	Left     int64 // bytes
	Total    int64 // bytes
	Messages int64 // about how many texts of 100 bytes still fit
}

// Contact is one line of Home.
type Contact struct {
	Name      string
	Send      Gauge
	Receive   Gauge
	Forgeries int64  // packages that did not verify
	Note      string // such as "demo randomness"; may be empty
}

// Reserve is what Home says of the reservoir.
type Reserve struct {
	Ready, Capacity int64         // bytes
	Messages        int64         // each way, about, of 100 bytes, that a meeting now would give
	Wait            time.Duration // how long copying it takes at a meeting, 0 while not known
	Filling         bool          // it grows now
	Problem         string        // why it does not; may be empty
	Demo            bool          // demo randomness
}

// Home is the resting screen.
type Home struct {
	Owner      string
	Link       string // address to type on the laptop
	Contacts   []Contact
	Reserve    *Reserve // nil: no noise source, nothing is said
	Unfinished string   // what is kept of a pad that a meeting has not finished; may be empty
	Unread     bool     // the log has entries the owner has not seen
	NewContact bool     // a pad can be made: there is a target new-contact
	Details    bool     // each contact is a target: contact-1, contact-2, …
	Settings   bool     // there is a target settings
	Page       int
}

// Cost is what a message takes from one contact's pad, in bytes.
type Cost struct {
	Contact string
	Cost    int64
	Left    int64 // in the lane, after sending
}

// ApproveSend asks whether Text may be sealed for the contacts in Costs.
type ApproveSend struct {
	Text  string
	Costs []Cost
	Page  int
	Ready bool // the guard time is over and every page was shown: approve is alive
}

// From counts the packages of one contact.
type From struct {
	Contact string
	Count   int
	Skip    bool // packages before these are missing
}

// ApproveOpen asks what to do with packages that verified.
type ApproveOpen struct {
	From  []From
	Cost  int64 // bytes of pad
	Ready bool
	Page  int // more than one only where From is long
}

// Reader shows an opened text on the device only.
type Reader struct {
	From string
	Text string
	Skip bool
	Page int
	// Index and Count place this text in a batch: 1 of 3.
	Index, Count int
}

// Warning tells something that the owner taps away, on its last page.
type Warning struct {
	Title string
	Text  string
	Well  bool // it is no warning: something went well
	Page  int  // more than one only where Text is long
}

// LogLine is one entry of Log.
type LogLine struct {
	When string // "start 3, 00:12:40", and the time as told by the laptop
	Text string
	New  bool
}

// Log shows the device's log, newest first. From here the device can be
// switched off: target power-off.
type Log struct {
	Lines    []LogLine
	PowerOff bool
	Page     int
}

// ApproveLog asks whether the log may go to the laptop. It is drawn as an
// approve-open screen.
type ApproveLog struct {
	Entries int
	Ready   bool
}

// Fault says that the device has stopped working, and what to do.
type Fault struct {
	Title string
	Text  string
	Page  int // more than one only where Text is long
}

// Busy says that the device is at work.
type Busy struct {
	Text        string
	Cancellable bool
}

// Progress shows a long task.
type Progress struct {
	Title       string
	Done, Total int64
	Unit        string        // "bytes"
	Rate        int64         // units a second; 0 while it is not known
	Left        time.Duration // 0 while it is not known
	Cancellable bool
	Stop        bool // it can end here with what there is: there is a target stop
}

// NewContact says what to do to meet somebody, and waits for the other device.
// Its targets are cancel, noise and retry.
type NewContact struct {
	Laptop  bool // a laptop may be plugged in
	Reserve Reserve
	Problem string // why no pad can be made now; may be empty
	Retry   bool   // the owner can have it tried again
	Noise   bool   // there are sources to tell of
	Page    int    // more than one only where Problem is long
}

// SizeChoice is a size of pad to choose.
type SizeChoice struct {
	Label    string // such as "Now" or "In an hour"; at most 16 letters
	Bytes    int64
	Messages int64 // each way, about, of 100 bytes
	Years    float64
	Wait     time.Duration // until it is made; 0 while not known
}

// MeetingSize asks how much pad to make. Its targets are size-1, size-2, … and
// cancel.
type MeetingSize struct {
	Peer    string
	Known   string // what there is already with this contact; may be empty
	Choices []SizeChoice
	PerDay  int // messages a day that Years are reckoned at
	Page    int
}

// MeetingConfirm asks whether the size that the other owner chose is right. It
// is drawn as a meeting-size screen. Its targets are confirm and cancel.
type MeetingConfirm struct {
	Peer   string
	Known  string
	Choice SizeChoice
	PerDay int
	Ready  bool
	Page   int // more than one only where Known is long
}

// MeetingWords shows the words that both owners compare. Its targets are same
// and different.
type MeetingWords struct {
	Peer  string
	Words [4]string // at most 8 letters each
	Ready bool
}

// Paired says that there is a new pad. Its targets are certificate and ok.
type Paired struct {
	Peer     string
	Bytes    int64
	Messages int64 // each way, about, of 100 bytes
	InUse    bool  // otherwise it is prepared
	Demo     bool  // demo randomness
}

// Fact is one thing that Certificate tells.
type Fact struct {
	Name, Value string
}

// Certificate tells how a pad was made. Its targets are ok, more and Action.
type Certificate struct {
	Contact string
	Facts   []Fact
	Action  string // name of a further target; may be empty
	Label   string // what is drawn on it
	More    bool   // there is an older pad with this contact: target more
	Page    int
}

// Noise tells of a device's noise sources. Its target is ok.
type Noise struct {
	Facts []Fact
	Page  int
}

// About tells of the device itself. Its target is ok.
type About struct {
	Facts []Fact
	Page  int
}

// Ask is a question with the targets yes and no. It is the screen question.
type Ask struct {
	Title, Text string
	Yes, No     string // what is drawn on the buttons
	Grave       bool   // yes does what cannot be taken back
	Ready       bool   // the guard time is over and every page was shown: yes is alive
	Page        int
}

// Keyboard is for typing a user id. Its targets are key-a and so on, delete,
// and ok.
type Keyboard struct {
	Title   string
	Text    string // typed so far
	Hint    string // what to type
	Problem string // what is wrong with Text, in one short line; may be empty
	Page    int    // of keys
}

// Setting is one card of Settings.
type Setting struct {
	Name  string // of its target
	Label string // at most 32 letters
	Value string // how it stands; may be empty
	Grave bool   // what it does cannot be taken back
}

// Settings lists what the owner can change. Its targets are those of its
// items, and ok.
type Settings struct {
	Title string // empty: Settings; else a list to choose from, or to go back
	Note  string // above the items; may be empty
	Items []Setting
	Page  int
}

// ReservoirChoice is a size of the reservoir to choose.
type ReservoirChoice struct {
	Bytes int64
	Wait  time.Duration // until it is full; 0 if it is, or while not known
}

// ReservoirSize asks how much randomness may be laid up. It is drawn as a
// settings screen. Its targets are size-1, size-2, … and ok.
type ReservoirSize struct {
	Choices []ReservoirChoice
	Now     int64 // bytes that it may hold today
	Ready   int64 // bytes that it holds
	Free    int64 // bytes of the card beside it
	Page    int
}

// Idle is what a device shows that nobody touches: no name, and how much
// waits. Its target wake is the whole screen.
type Idle struct {
	News  int    // log entries that the owner has not seen
	Doing string // what goes on meanwhile; may be empty
}
