package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/uid"
)

// The program's exit codes.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitDenied  = 3 // by the owner, on the pad device
	exitDevice  = 4 // the pad device cannot be reached
	exitRelay   = 5 // the relay cannot be reached; messages are kept
	exitWarning = 6 // done, with a warning shown
)

// code ends the program with a code when everything has been said already.
type code int

func (c code) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// ended is nil for exitOK, so that it can be returned by a command.
func ended(c int) error {
	if c == exitOK {
		return nil
	}
	return code(c)
}

// usageError is an error in what was typed.
type usageError struct{ error }

func misused(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// settingsError is an error in who is to chat through what.
type settingsError struct{ error }

func (e settingsError) Unwrap() error { return e.error }

// folderError is an error of the folder that outbox and groups are kept in.
type folderError struct{ error }

func (e folderError) Unwrap() error { return e.error }

// worse picks the code that tells more.
func worse(a, b int) int {
	for _, c := range []int{exitUsage, exitDevice, exitRelay, exitFailed, exitDenied, exitWarning} {
		if a == c || b == c {
			return c
		}
	}
	return exitOK
}

// fail says what went wrong and what to do about it, and returns the exit code.
func (u *ui) fail(err error) int {
	if err == nil {
		return exitOK
	}
	if c, ok := errors.AsType[code](err); ok {
		return int(c)
	}
	if errors.Is(err, context.Canceled) {
		u.endLine()
	}
	return u.tell(err)
}

// tell is fail where the line with ^C has been ended.
func (u *ui) tell(err error) int {
	what, hint, c := u.explain(err)
	u.complain("%s%s", u.program, what)
	if hint != "" {
		u.hint("  %s", hint)
	}
	return c
}

// endLine ends the line in which a terminal shows ^C.
func (u *ui) endLine() {
	if u.errs.terminal {
		u.complain("")
	}
}

var (
	// errNoPads: there is nobody to write to.
	errNoPads = errors.New("this pad device shares no pad with anybody yet")
	// errPadsUsed: there is nothing left to write with.
	errPadsUsed = errors.New("no pad of this pad device has anything left to send with")
)

// damagedPads are pads that the device cannot use.
type damagedPads struct{ contacts []string }

func (e *damagedPads) Error() string {
	if len(e.contacts) == 1 {
		return "a pad with " + e.contacts[0] + " is damaged: nothing is sealed or opened with it"
	}
	return "pads with " + strings.Join(e.contacts, ", ") + " are damaged: nothing is sealed or opened with them"
}

// damageError is nil if the device can use all of its pads.
func damageError(status hostlink.Status) error {
	var contacts []string
	for _, p := range status.Pads {
		if p.Damaged && !slices.Contains(contacts, p.Contact) {
			contacts = append(contacts, p.Contact)
		}
	}
	if len(contacts) == 0 {
		return nil
	}
	return &damagedPads{contacts}
}

// explain is how errors look to people: what happened, a hint apart from it
// (which may be empty), and the exit code.
func (u *ui) explain(err error) (what, hint string, c int) {
	var wrong usageError
	var unset settingsError
	var owner *host.OwnerError
	var refused *mailbox.RefusedError
	var busy *mailbox.BusyError
	var refusal hostlink.Refusal
	var folder folderError
	var damaged *host.DamagedError
	var pads *damagedPads
	var twoMeanings *host.TwoMeaningsError
	var nobody uid.Error
	switch {
	case errors.As(err, &wrong):
		return wrong.Error(), u.helpHint(), exitUsage
	case errors.As(err, &unset):
		return unset.Error(), `"otc setup" finds out what is missing, and saves it.`, exitUsage
	case errors.As(err, &nobody):
		return err.Error(), u.helpHint(), exitUsage
	case errors.Is(err, context.Canceled):
		return "Taken back.", "", exitFailed
	case errors.Is(err, host.ErrUnsure):
		return "the link broke: the pad device may have sealed this message, but it was not sent",
			"Send the same text again: what was sealed is used, not sealed twice.", exitDevice
	case errors.Is(err, host.ErrRestored):
		return err.Error(), "Nothing was sent. Meet, and make a new pad together; never copy a pad device's card.", exitFailed
	case errors.Is(err, hostlink.ErrUnreachable):
		return "cannot reach the pad device at " + u.device + ": is it plugged in?",
			`It shows its address on its screen, another board another one: "otc setup" finds and saves it, --device or OTC_DEVICE says it.`, exitDevice
	case errors.Is(err, hostlink.ErrProtocol):
		return "what answers at " + u.device + " is not a pad device: " + err.Error(),
			"Are the addresses of relay and pad device swapped?", exitDevice
	case errors.Is(err, mailbox.ErrCertificate):
		return "the relay at " + u.relay + " shows a certificate that this laptop does not trust",
			"Is this laptop's clock right? Is the address the one that the relay's keeper gave you?" + loginHint, exitRelay
	case errors.Is(err, mailbox.ErrUnreachable):
		return "cannot reach the relay at " + u.relay,
			"Messages to send are kept in the outbox; they go out when it is back.", exitRelay
	case errors.Is(err, mailbox.ErrNotRelay):
		return "what answers at " + u.relay + " is not a relay: " + err.Error(),
			"Are the addresses of relay and pad device swapped? Does the relay's begin with https:// if it speaks that, and with http:// if not?" + loginHint, exitRelay
	case errors.As(err, &busy):
		return busy.Error(), "It is tried again later; messages to send are kept in the outbox.", exitRelay
	case errors.As(err, &refused):
		return refused.Error(), "", exitFailed
	case errors.Is(err, errNoPads):
		return err.Error(), "Meet a friend, and tap New contact on both devices.", exitFailed
	case errors.Is(err, errPadsUsed):
		return err.Error(), "Meet, and make a new pad together.", exitFailed
	case errors.As(err, &pads):
		return err.Error(), "Switch the pad device off and on: it checks its pads again. What stays damaged is replaced by a new pad: meet, and make one together; then tap the contact on the device, and discard the damaged one.", exitWarning
	case errors.As(err, &owner):
		return owner.Error(), "--user says who you are.", exitFailed
	case errors.As(err, &twoMeanings):
		return err.Error(), `In otc chat, "ungroup ` + twoMeanings.Name + `" forgets the group; make it again under another name.`, exitFailed
	case errors.As(err, &refusal):
		return explainRefusal(refusal)
	case errors.As(err, &folder):
		return folder.Error(), "--data or OTC_DATA names another folder.", exitFailed
	case errors.As(err, &damaged):
		return err.Error(), "Move it out of " + u.files + ", and try again. What it kept is lost.", exitFailed
	case errors.Is(err, host.ErrNotText):
		return err.Error(), "Only text can be sent, in UTF-8: save a file as that first.", exitFailed
	case errors.Is(err, host.ErrNoSuchMessage):
		return err.Error(), `"outbox" and "later" show the numbers.`, exitFailed
	}
	return err.Error(), "", exitFailed
}

// loginHint: what answers in a relay's place may be the network of a hotel or a train.
const loginHint = " Does this network want you to log in first? Open any page in a browser."

// helpHint says how to learn what can be typed here.
func (u *ui) helpHint() string {
	if u.program == "" { // within a conversation
		return `"help" shows the commands.`
	}
	if name, ok := strings.CutPrefix(u.command, "otc "); ok {
		return `"otc help ` + name + `" shows how.`
	}
	return `"otc help" shows the commands.`
}

// explainRefusal keeps the device's own words, and adds what to do.
func explainRefusal(r hostlink.Refusal) (what, hint string, c int) {
	c = exitFailed
	switch r {
	case hostlink.Rejected:
		// Its words are about reading whatever was denied, as in 2015.
		return "Denied on the pad device.", "", exitDenied
	case hostlink.NoPad:
		hint = "You chat with those whom your pad device shows as contacts."
	case hostlink.Depleted:
		hint = "Meet, and make a new pad together."
	case hostlink.Busy:
		hint = "The pad device shows other questions: answer or close them, then try again. If it shows none, switch it off and on: answers that nobody fetched may fill its memory."
	case hostlink.TimedOut:
		hint = "Nobody answered on the pad device's screen."
	case hostlink.Withdrawn:
		hint = "The question was taken back."
	case hostlink.TooLong:
		hint = fmt.Sprintf("A message has at most %d bytes.", hostlink.MaxText)
	case hostlink.DeviceFault:
		hint = "The pad device's screen says what happened; restart it."
	}
	return string(r), hint, c
}
