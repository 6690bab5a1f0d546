package display

import (
	"slices"
	"time"
)

// fullReserve is a reservoir that is full, and fits the sizes below.
var fullReserve = Reserve{Ready: 256 * mebi, Capacity: 256 * mebi, Messages: 932_067, Wait: 128 * time.Second}

var someReserve = Reserve{Ready: 40 * mebi, Capacity: 256 * mebi, Messages: 145_635, Wait: time.Minute, Filling: true}

// choice is a size with what follows from it at 50 messages a day.
func choice(label string, bytes int64, wait time.Duration) SizeChoice {
	n := bytes / 288
	return SizeChoice{Label: label, Bytes: bytes, Messages: n, Years: float64(n) / 50 / 365, Wait: wait}
}

func choices() []SizeChoice {
	return []SizeChoice{
		choice("Now", 40*mebi, time.Minute),
		choice("In 5 minutes", 52*mebi, 5*time.Minute),
		choice("In an hour", 192*mebi, time.Hour),
		choice("Overnight", 1200*mebi, 8*time.Hour),
	}
}

const (
	noNoise     = "No more randomness is made: the noise has failed too often: OneRNG: the noise source is not there: not plugged in. Plug it in again, and choose Try again under New contact; or switch the device off and on to go on without it."
	noNoiseHere = "No more randomness is made: the noise has failed too often: OneRNG: the noise source is not there: not plugged in. Plug it in again, and choose Try again; or switch the device off and on to go on without it."
)

func knownPad(peer string) string {
	return "A fresh pad: the one you have with " + peer + " will only open."
}

// facts are those of a pad made at a meeting, the two longest ones included.
func facts() []Fact {
	return []Fact{
		{"Pad", "number 3f9a with bob, in use"},
		{"Size", "20,971,520 bytes each way"},
		{"Suite", "unconditional"},
		{"From", "bcm2835-rng, TrueRNG"},
		{"Made", "start 12, after 1h2m3s; laptop says 2026-11-24 18:40 UTC"},
		{"Words", "abandon mushroom velvet zoo"},
		{"Pad id", "3f9a5e0c77d1420b8f6e3f9a5e0c77d1"},
		{"This device", "91c27be4a05d4c3e"},
		{"bob’s device", "0e44fa1b6d8823c9"},
		{"Our noise", "bcm2835-rng, processed in the source: 41,943,072 bytes from 187,246 blocks, 766,959,616 bits of noise, each credited with 0.50 bit"},
		{"Our noise", "TrueRNG, raw: 41,943,072 bytes from 187,246 blocks, 766,959,616 bits of noise, each credited with 0.50 bit"},
		{"Their noise, as told", "bcm2835-rng, processed in the source: 41,943,072 bytes from 187,246 blocks, 766,959,616 bits of noise, each credited with 0.50 bit"},
		{"Estimates", "0.998 bit each at most common value, 0.997 Markov, 0.991 collision: alarms, not proof"},
		{"Proven", "If the noise of either device is as good as credited, nobody can tell this pad from perfectly random bytes with an advantage over 2^-110, whatever computer they have."},
		{"Assumed", "That the noise of at least one device has the credited randomness in each block, given all before it, and has nothing to do with the digits of π; that no source depends on another; that nobody was on the cable; that neither device was opened. The tests find a source that fails hard, and prove nothing."},
	}
}

// meetingSamples are the screens of the meeting, and those of its pads.
func meetingSamples() []sample {
	long := eight[5]
	home := Home{Owner: "alice", Link: "http://10.90.51.1:9051", Contacts: contacts("bob", "carol"), Reserve: &fullReserve, NewContact: true, Details: true, Settings: true}
	filling, stuck, first, kept, many := home, home, home, home, home
	filling.Reserve = &someReserve
	filling.Contacts = contacts("bob", "carol")
	filling.Contacts[0].Receive = gauge(5*mebi, 64*mebi)
	filling.Contacts[1].Note = "prepared: carol’s device has not answered yet"
	stuck.Reserve = &Reserve{Ready: 40 * mebi, Capacity: 256 * mebi, Messages: 145_635, Wait: time.Minute, Problem: noNoise}
	first.Contacts, first.Reserve = nil, &Reserve{Capacity: 256 * mebi, Filling: true, Demo: true}
	kept.Unfinished = "A pad with dave is unfinished, at 23 %: meet again to go on with it."
	many.Contacts, many.Unread = contacts(eight...), true
	many.Page = 2
	hour, again := choices()[2], choices()[3]
	hour.Label, again.Label = "", ""
	goOn := append([]SizeChoice{choice("Go on", 192*mebi, 40*time.Minute)}, choices()...)
	words := [4]string{"velvet", "mushroom", "abandon", "zoo"}
	return []sample{
		{"home-reserve", "two contacts, ready to meet", home},
		{"home-reserve-filling", "a pad is low, another is prepared", filling},
		{"home-reserve-problem", "the noise source is gone", stuck},
		{"home-reserve-first", "before the first meeting, demo randomness", first},
		{"home-unfinished", "a meeting was cut, what it filled is kept", kept},
		{"home-reserve-eight", "eight contacts, by pages, unread log", many},
		{"new-contact", "what to do, a laptop is linked", NewContact{Laptop: true, Reserve: someReserve, Noise: true}},
		{"new-contact-retry", "the noise source is gone, but some is ready", NewContact{Reserve: *stuck.Reserve, Problem: noNoiseHere, Retry: true}},
		{"new-contact-problem", "no pad can be made", NewContact{Laptop: true, Reserve: Reserve{Capacity: 256 * mebi}, Problem: noNoiseHere, Retry: true, Noise: true}},
		{"noise", "two sources, one of which has failed", Noise{Facts: []Fact{
			{"bcm2835-rng", "processed in the source; credited with 0.50 bit of randomness in each bit; 137072 bytes of noise a second; estimated at 0.99 bit"},
			{"TrueRNG", "raw; credited with 0.50 bit of randomness in each bit; failed 3 times, the last time: the noise source is not there"},
			{"Estimated", "How much the tests find in each bit. They are alarms and no proof: noise can look random, and be known to somebody."},
			{"Credited", "How much of it counts as random when a pad is made: half at most."},
		}}},
		{"meeting-size", "four sizes", MeetingSize{Peer: "bob", Choices: choices(), PerDay: 50}},
		{"meeting-size-known", "a known contact, and a meeting to go on with", MeetingSize{Peer: "bob", Known: knownPad("bob"), Choices: goOn, PerDay: 50}},
		{"meeting-size-long-name", "the longest name there is", MeetingSize{Peer: long, Known: knownPad(long), Choices: choices(), PerDay: 50}},
		{"meeting-size-one", "little is possible", MeetingSize{Peer: "bob", Choices: []SizeChoice{choice("Now", 64<<10, time.Second)}, PerDay: 50}},
		{"meeting-confirm", "the other one chose", MeetingConfirm{Peer: "bob", Choice: hour, PerDay: 50, Ready: true}},
		{"meeting-confirm-known", "the question has just appeared, a known contact", MeetingConfirm{Peer: long, Known: knownPad(long), Choice: again, PerDay: 50}},
		{"meeting-progress", "the pad is being made", Progress{Title: "Making the pad with bob", Done: 53 * mebi, Total: 192 * mebi, Unit: "bytes", Rate: 41 << 10, Left: 58 * time.Minute, Stop: true, Cancellable: true}},
		{"meeting-words", "four words to compare", MeetingWords{Peer: "bob", Words: words, Ready: true}},
		{"meeting-words-wait", "the question has just appeared", MeetingWords{Peer: long, Words: words}},
		{"paired", "the pad is in use", Paired{Peer: "bob", Bytes: 40 * mebi, Messages: 145_635, InUse: true}},
		{"paired-demo", "made of demo randomness", Paired{Peer: long, Bytes: 40 * mebi, Messages: 145_635, InUse: true, Demo: true}},
		{"paired-prepared", "the other device has not answered", Paired{Peer: "bob", Bytes: 40 * mebi, Messages: 145_635}},
		{"certificate", "how a pad was made, first page", Certificate{Contact: "bob", Facts: facts()}},
		{"certificate-last", "last page, of an older pad", Certificate{Contact: "bob", Facts: facts(), Action: "discard", Label: "Discard", More: true, Page: 999}},
		{"certificate-prepared", "a prepared pad, the longest name", Certificate{Contact: long, Facts: facts(), Action: "in-use", Label: "Does it show paired?", More: true}},
		{"certificate-import", "a pad that came by import", Certificate{Contact: "carol", Facts: facts()[:4]}},
		{"question", "yes or no", Ask{Title: "Stop here?", Text: "The pad becomes as large as it is now, and cannot grow any more.", Yes: "Stop here", No: "Go on", Ready: true}},
		{"question-grave", "what cannot be taken back", Ask{Title: "Throw this pad away?", Text: "All that both devices have filled so far is overwritten. To keep it, go on, and choose “Stop here”.", Yes: "Throw away", No: "Go on", Grave: true, Ready: true}},
		{"question-long", "a long one, first page", Ask{Title: "Does " + long + "’s device show “paired”?", Text: "Only then does it have the whole pad, and texts to " + long + " can be sealed with it. If it does not, meet again; or tap No, and discard this pad.\n\n" +
			"What was sealed with it and not yet opened can never be opened again. Its bytes are overwritten; a laboratory may still find some of them on the card.", Yes: "Yes, it does", No: "No"}},
		{"log-board", "the log of a board, which can be switched off", Log{PowerOff: true, Lines: slices.Repeat([]LogLine{{When: "start 3, 00:12:40", Text: "The owner denied sending to carol."}}, 9)}},
		{"meeting-wait", "the other owner is asked", Busy{Text: "Waiting for bob’s answer.", Cancellable: true}},
		{"keyboard", "the owner's name, empty", Keyboard{Title: "Whose device is this?", Hint: "Your name, as others will know you."}},
		{"keyboard-typed", "a long one, other keys, something wrong", Keyboard{Title: "Whose device is this?", Text: long, Hint: "Your name", Problem: "No more letters fit.", Page: 2}},
	}
}
