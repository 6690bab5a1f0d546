package display

import (
	"fmt"
	"strings"
)

func (NewContact) name() string     { return "new-contact" }
func (MeetingSize) name() string    { return "meeting-size" }
func (MeetingConfirm) name() string { return "meeting-size" }
func (MeetingWords) name() string   { return "meeting-words" }
func (Paired) name() string         { return "paired" }
func (Certificate) name() string    { return "certificate" }
func (Ask) name() string            { return "question" }

func guarded(b button, ready bool) button {
	if !ready {
		b.dead = deadWait
	}
	return b
}

var cancelButton = button{name: "cancel", label: "Cancel", kind: negative, symbol: symNo, weight: 1}

func (s NewContact) draw(c *canvas) {
	buttons := []button{cancelButton}
	if s.Retry {
		buttons = append(buttons, button{name: "retry", label: "Try again", kind: forward, weight: 1})
	}
	c.drawNotice(title{symbol: symPad, text: "New contact", ink: colWhite, ground: colBar}, "Waiting for the other device", s.Problem, 0, true, buttons...)
}

func (s MeetingSize) draw(c *canvas) {
	var buttons []button
	for i, choice := range s.Choices {
		buttons = append(buttons, button{name: fmt.Sprintf("size-%d", i+1), label: choice.Label, weight: 1})
	}
	c.drawNotice(title{symbol: symPad, text: "How much pad?", ink: colWhite, ground: colBar}, "With "+s.Peer, s.Known, s.Page, true, append(buttons, cancelButton)...)
}

func (s MeetingConfirm) draw(c *canvas) {
	c.drawNotice(title{symbol: symPad, text: "This much pad?", ink: colWhite, ground: colBar}, bytesText(s.Choice.Bytes)+" with "+s.Peer, s.Known, 0, true,
		cancelButton, guarded(button{name: "confirm", label: "Confirm", kind: positive, weight: 1}, s.Ready))
}

func (s MeetingWords) draw(c *canvas) {
	c.drawNotice(title{symbol: symPad, text: "Compare", ink: colWhite, ground: colBar}, strings.Join(s.Words[:], " "), "With "+s.Peer, 0, true,
		guarded(button{name: "different", label: "Different", weight: 1}, s.Ready), guarded(button{name: "same", label: "Same", weight: 1}, s.Ready))
}

func (s Paired) draw(c *canvas) {
	c.drawNotice(title{symbol: symPad, text: "Paired", ink: colWhite, ground: colBar}, s.Peer, bytesText(s.Bytes), 0, true,
		button{name: "certificate", label: "Certificate", weight: 1}, button{name: "ok", label: "Done", weight: 1})
}

func (s Certificate) draw(c *canvas) {
	var lines []string
	for _, f := range s.Facts {
		lines = append(lines, f.Name+": "+f.Value)
	}
	buttons := []button{{name: "ok", label: "Done", weight: 1}}
	if s.Action != "" {
		buttons = append(buttons, button{name: s.Action, label: s.Label, weight: 1})
	}
	if s.More {
		buttons = append(buttons, button{name: "more", label: "Older pad", weight: 1})
	}
	c.drawNotice(title{symbol: symPad, text: "Certificate", ink: colWhite, ground: colBar}, s.Contact, strings.Join(lines, "\n"), s.Page, true, buttons...)
}

func (s Ask) draw(c *canvas) {
	c.drawNotice(title{symbol: symPad, text: "Question", ink: colWhite, ground: colBar}, s.Title, s.Text, s.Page, true,
		button{name: "no", label: s.No, weight: 1}, guarded(button{name: "yes", label: s.Yes, kind: positive, weight: 1}, s.Ready))
}
