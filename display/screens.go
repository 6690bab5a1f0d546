package display

import "time"

// Screen is one of the screens below: plain values that say what to show. A
// Renderer turns one into a Frame.
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
	Note      string // short, such as "demo randomness"; may be empty
}

// Home is the resting screen.
type Home struct {
	Owner    string
	Link     string // address to type on the laptop
	Contacts []Contact
	Unread   bool // the log has entries the owner has not seen
	Page     int
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

// Warning tells something that the owner taps away.
type Warning struct {
	Title string
	Text  string
	Page  int // more than one only where Text is long
}

// LogLine is one entry of Log.
type LogLine struct {
	When string // "start 3, 00:12:40", and the time as told by the laptop
	Text string
	New  bool
}

// Log shows the device's log, newest first.
type Log struct {
	Lines []LogLine
	Page  int
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
	Text string
}

// Progress shows a long task.
type Progress struct {
	Title       string
	Done, Total int64
	Unit        string        // "bytes"
	Rate        int64         // units a second; 0 while it is not known
	Left        time.Duration // 0 while it is not known
	Cancellable bool
}
