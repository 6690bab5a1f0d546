package device

import (
	"errors"
	"fmt"

	"onetimechat/firmware/meeting"
	"onetimechat/hal/cable"
	"onetimechat/padstore"
)

// kept is what an owner can do about a pad that a meeting, this one or an earlier
// one, has left unfinished.
func kept(contact string) string {
	return " What was filled with " + contact + " is kept: meet again to go on with it."
}

// unfinishedPad is how home tells of what is kept.
func unfinishedPad(m padstore.Making, done int64) string {
	return fmt.Sprintf("A pad with %s is unfinished, at %d %%: meet again to go on with it.", m.Contact, 100*done/max(m.Bytes, 1))
}

// ending says why a meeting made no pad, and what its owner can do; nothing if
// the owner ended it.
func ending(err error) (title, text string) {
	for _, e := range []struct {
		err         error
		title, text string
	}{
		{meeting.ErrCancelled, "", ""},
		{errLeft, "Nobody came", "No other device was found. Choose New contact on both devices, with one cable between them."},
		{meeting.ErrTheyCancel, "Cancelled", "The other device's owner cancelled. No pad was made."},
		{meeting.ErrDifferent, "The words differ", "One of you said that the words are not the same. The pad was thrown away on both devices. Check that each of you has the right device in front of them and one plain cable between the two, and meet again."},
		{meeting.ErrTheirs, "The pads differ", "The two devices do not hold the same bytes. The pad was thrown away on both. Try another cable; if it happens again, one of the cards may be failing."},
		{meeting.ErrMirror, "This is the same device", "The cable leads back to this device, or the other one is a copy of it. Pad devices and their cards are never copied."},
		{meeting.ErrSameName, "You have the same name", "Both devices have an owner of this name, so that they could not tell who wrote what. One of them needs another name."},
		{meeting.ErrOtherOne, "Another device has this name", "You have a pad with somebody of this name, made with another device. If this is another person, one of you needs another name. If it is the same person with a new device, first remove the contact: choose Settings, Remove contact."},
		{meeting.ErrKnownPad, "This pad was here before", "The other device offers a pad that one of the two has known already. A pad is never used twice. Meet again; if it happens again, do not trust the other device."},
		{meeting.ErrVersion, "The versions differ", "The two devices speak different versions of the meeting. Update the older one."},
		{meeting.ErrGarbled, "The other device is not understood", "What came over the cable makes no sense: it may be no pad device, or the cable is bad. No pad was made. Try another cable."},
		{meeting.ErrStalled, "No answer", "The other device does not answer any more. See whether it is on, or try another cable."},
		{meeting.ErrCable, "The cable is out", "The connection to the other device broke. If nobody pulled it, try another cable."},
		{meeting.ErrNoNoise, "No randomness", "One of the two devices has none to give, and no noise source that makes any. Its home screen says why. Without it there is no pad."},
		{meeting.ErrTheyFail, "The other device stopped", "Its screen says why. No new pad is in use."},
		{cable.ErrSeveral, "Several devices", "More than one device is looking for another one on this cable, or on the cables in this device. Connect just the two with one cable."},
		{cable.ErrVersion, "The versions differ", "The two devices speak different versions of the meeting. Update the older one."},
		{padstore.ErrFull, "The card is full", "There is no room for this pad. Choose a smaller one, or discard pads that were replaced: choose the contact on the home screen."},
	} {
		if errors.Is(err, e.err) {
			return e.title, e.text
		}
	}
	return "No pad was made", "The meeting ended: " + err.Error() + "."
}
