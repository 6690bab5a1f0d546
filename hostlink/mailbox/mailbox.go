// Package mailbox is the relay's wire protocol as both of its ends see it: the
// messages, and a client. The relay itself is package relay.
//
// The endpoints are the 2015 report's (section 6.5). Nothing here is trusted:
// a relay may answer anything, so answers are capped before they are read and
// checked before they are used.
package mailbox

// Port is the relay's default TCP port.
const Port = 9050

// Message is one stored message, as GET /getmessages answers it.
type Message struct {
	Ref          int64  `json:"ref"`
	RecipientUID string `json:"recipient_uid"`
	SenderUID    string `json:"sender_uid"`
	Contents     string `json:"contents"`
}
