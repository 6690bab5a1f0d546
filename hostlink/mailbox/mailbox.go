// Package mailbox is the relay's wire protocol as both of its ends see it: the
// messages, their limits, and a client. The relay itself is package relay.
// Start at [Client].
//
// The endpoints are the 2015 report's (section 6.5); id and wait are ours:
//
//	GET  /check                                               CheckReply
//	POST /send         recipient_uid sender_uid contents id   SendReply
//	GET  /getmessages  recipient_uid start_ref maxcount wait  recipient_uid count messages complete
//	GET  /getnextref   recipient_uid                          NextRefReply
//
// What is sent is a form, or the address's query; id, maxcount and wait (seconds) may
// be left out. Answers are JSON, refusals ErrorReply with a status of 400 or more.
//
// Nothing here is trusted:
// a relay may answer anything, so answers are capped before they are read and
// checked before they are used. The client uses no proxy and follows no
// redirect.
package mailbox

// Port is the relay's default TCP port.
const Port = 9050

// Limits of the protocol, which both ends keep.
const (
	MaxPackage = 1 << 20   // bytes of one package, before base64
	MaxRef     = 1<<53 - 1 // the largest whole number that every JSON reader keeps
	MaxID      = 64        // bytes of a message's id
	MaxWait    = 60        // seconds that a long poll lasts at most
)

// MaxContents is the length of the largest package in base64, in bytes.
const MaxContents = (MaxPackage + 2) / 3 * 4

// Message is one stored message, as GET /getmessages answers it.
type Message struct {
	Ref          int64  `json:"ref"` // 0 to MaxRef, ascending
	RecipientUID string `json:"recipient_uid"`
	SenderUID    string `json:"sender_uid"` // as its sender says
	Contents     string `json:"contents"`   // a package in base64
}

// SendReply answers POST /send.
type SendReply struct {
	Received bool   `json:"received"`
	EchoTail string `json:"echo_tail"` // the last ten characters of contents
	Ref      int64  `json:"ref"`
}

// NextRefReply answers GET /getnextref: the recipient's highest ref plus one,
// 0 when it never had a message.
type NextRefReply struct {
	NextRef int64 `json:"nextref"`
}

// CheckReply answers GET /check.
type CheckReply struct {
	Status string `json:"status"` // "ok"
}

// ErrorReply is the body of every answer that is not 200.
type ErrorReply struct {
	Error   int    `json:"error"` // the HTTP status again
	Message string `json:"message"`
}
