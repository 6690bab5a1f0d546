package boot

import "errors"

// What keeps the device from starting, as its owner reads it on the fault
// screen. What was found in detail is added to them.
var (
	ErrNoCard    = errors.New("the card that the device was started from is not found")
	ErrSmallCard = errors.New("the card is smaller than what is on it: it must be a copy of a larger one")
	ErrOtherCard = errors.New("this is another card than the one that the pads were made on. " +
		"A copied card would use the same pad twice, and one such use gives away what the pad protects. " +
		"Use the card that it was copied from, or write a fresh image to this one and meet again")
	ErrReadOnly = errors.New("the card takes no more writes: it is worn out, or protected against them. " +
		"Every start would use the same pad again, so that none is used. " +
		"Write a fresh image to another card and meet again")
	ErrNoCID = errors.New("the card has pads, but the note of which card they belong to is missing. " +
		"They may be a copy, and a copy would use the same pad twice. Write a fresh image to the card and meet again")
	ErrData = errors.New("the card's data partition is damaged. " +
		"Its pads may be lost; on a computer, e2fsck may repair it")
	ErrBoot = errors.New("the card's boot partition is not as the image had it. " +
		"Copy an update's files onto it, on any computer; the pads stay")
	ErrWatchdog = errors.New("the board's watchdog cannot be started. " +
		"To go on without it, set watchdog = off in otc.conf on the card, on any computer")
	ErrConfig = errors.New("otc.conf on the card cannot be used. Change it on any computer")
)
