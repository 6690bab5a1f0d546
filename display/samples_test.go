package display

import (
	"slices"
	"strings"
	"time"
)

// sample is one screen worth a stored picture.
type sample struct {
	name   string
	about  string
	screen Screen
}

var longText = "Dear bob, the train leaves at 17:05 from platform 9. Please bring the second pad device " +
	"and the short cable, and tell carol that dinner is at eight.\n\nIf I am late, do not wait: " +
	"the key to the house is under the third flower pot.\n\n  - two spaces before this line\n" +
	"https://example.org/a-rather-long-address/that-does-not-fit/into-one-line/at-any-size?x=1&y=2\n" +
	strings.Repeat("And so on, for quite a while. ", 16) + "\n\n\n\n\nThis line comes last."

const hostileText = "Pay 100\u202e000 1\u202c to \u200bb\u043eb\x00\x1b[2J\ttab\n<U+202E> typed by hand\nbad byte \xff, " +
	"e\u0301, 日本, שלום, 🙂, \u00a0\ufeff \u2423 \u21b5\n   \nend "

func gauge(left, total int64) Gauge {
	return Gauge{Left: left, Total: total, Messages: left / 144}
}

const mebi = 1 << 20

func contacts(names ...string) []Contact {
	var all []Contact
	for i, name := range names {
		total := int64(64 * mebi)
		all = append(all, Contact{
			Name:    name,
			Send:    gauge(total-int64(i)*7*mebi, total),
			Receive: gauge(total-int64(i)*5*mebi-12345, total),
		})
	}
	return all
}

// costs are those of a text of 40 letters.
func costs(names ...string) []Cost { return costsOf(80, names...) }

func costsOf(cost int64, names ...string) []Cost {
	var all []Cost
	for i, name := range names {
		all = append(all, Cost{Contact: name, Cost: cost, Left: 33_554_000 - int64(i)*4_000_000})
	}
	return all
}

var eight = []string{"bob", "carol", "dave", "bob-at-work", "carol_2", "dave-of-the-long-user-name-32-xx", "bob3", "carol4"}

// samples are the screens of the gallery, in its order.
func samples() []sample {
	short := "See you at eight. Bring the short cable."
	low := contacts("bob", "carol")
	low[0].Send, low[0].Forgeries = gauge(3*mebi, 64*mebi), 3
	low[1].Receive, low[1].Note = gauge(0, 64*mebi), "demo randomness"
	var from []From
	for i, name := range eight {
		from = append(from, From{Contact: name, Count: i*5 + 1, Skip: i == 1 || i == 5})
	}
	lines := []LogLine{
		{"start 3, 00:41:07; laptop says 2026-11-24 00:20 UTC", "With bob: messages before the one just opened have not arrived.", true},
		{"start 3, 00:40:55", "With bob, 3 times: packages came that this contact did not seal: forged, or damaged on the way. None was opened.", true},
		{"start 3, 00:12:40", "Nobody answered the question about sending to carol.", false},
		{"start 3, 00:00:00", "The device was not stopped in order before this start.", false},
		{"start 2, 07:30:00", "The owner denied sending to dave.", false},
		{"start 2, 00:00:00", "The device was switched on.", false},
	}
	return append([]sample{
		{"home", "at rest, two contacts", Home{Owner: "alice", Link: "http://10.90.51.1:9051", Contacts: contacts("bob", "carol")}},
		{"home-empty", "before the first meeting", Home{Owner: "alice", Link: "http://10.90.51.1:9051"}},
		{"home-eight", "eight contacts, by pages", Home{Owner: "alice", Link: "http://10.90.51.1:9051", Contacts: contacts(eight...)}},
		{"home-low", "little pad left, forgeries, unread log", Home{Owner: "alice", Link: "http://10.90.51.1:9051", Contacts: low, Unread: true}},
		{"approve-send", "one contact, ready", ApproveSend{Text: short, Costs: costs("bob"), Ready: true}},
		{"approve-send-wait", "the question has just appeared", ApproveSend{Text: short, Costs: costs("bob")}},
		{"approve-send-long-first", "long text, first page", ApproveSend{Text: longText, Costs: costsOf(880, "bob")}},
		{"approve-send-long-last", "long text, last page, ready", ApproveSend{Text: longText, Costs: costsOf(880, "bob"), Page: 999, Ready: true}},
		{"approve-send-hostile", "what cannot be seen is written out", ApproveSend{Text: hostileText, Costs: costsOf(176, "bob")}},
		{"approve-send-three", "three contacts: what each costs", ApproveSend{Text: short, Costs: costs("bob", "carol", "dave")}},
		{"approve-send-eight-costs", "eight contacts: what each costs", ApproveSend{Text: short, Costs: costs(eight...)}},
		{"approve-send-eight-text", "eight contacts: the text, ready", ApproveSend{Text: short, Costs: costs(eight...), Page: 999, Ready: true}},
		{"approve-send-long-name", "the longest name there is", ApproveSend{Text: short, Costs: costs(eight[5]), Ready: true}},
		{"approve-open", "one contact, ready", ApproveOpen{From: []From{{"bob", 1, false}}, Cost: 144, Ready: true}},
		{"approve-open-wait", "the question has just appeared", ApproveOpen{From: []From{{"bob", 1, false}}, Cost: 144}},
		{"approve-open-skip", "several at once, some before are missing", ApproveOpen{From: []From{{"bob", 9, false}, {"carol", 2, true}}, Cost: 1584, Ready: true}},
		{"approve-open-eight", "eight contacts", ApproveOpen{From: from, Cost: 123456, Ready: true}},
		{"approve-log", "the laptop asks for the log", ApproveLog{Entries: 42, Ready: true}},
		{"approve-log-wait", "the question has just appeared", ApproveLog{Entries: 42}},
		{"reader", "a short message", Reader{From: "bob", Text: short, Index: 1, Count: 1}},
		{"reader-long-first", "long message, first page", Reader{From: "bob", Text: longText, Skip: true, Index: 1, Count: 3}},
		{"reader-long-last", "long message, last page", Reader{From: "bob", Text: longText, Skip: true, Index: 3, Count: 3, Page: 999}},
		{"reader-hostile", "what cannot be seen is written out", Reader{From: eight[5], Text: hostileText, Index: 1, Count: 1}},
		{"reader-greek-cyrillic", "letters the font has", Reader{From: "carol", Text: "Ελληνικά, кириллица, Čeština, “quotes” – 3 €.", Index: 2, Count: 3}},
		{"warning", "to be tapped away", Warning{Title: "After the last stop", Text: "The last message to bob may not have been sent. Ask whether it came; if not, send it again."}},
		{"warning-none", "something went well", Warning{Title: "Moved", Well: true, Text: "The pad with bob is here now. It was overwritten on the stick, which may still remember it: keep it safe, or destroy it."}},
		{"log", "with new entries", Log{Lines: lines}},
		{"log-empty", "nothing yet", Log{}},
		{"log-last", "last page", Log{Lines: lines, Page: 999}},
		{"fault", "the device has stopped", Fault{Title: "The memory card failed", Text: "A write to the card did not succeed, so nothing more is sealed or opened.\n\nSwitch the device off and on again. If this comes back, the card is worn out."}},
		{"busy", "at work", Busy{Text: "Overwriting used pad"}},
		{"progress", "a long task", Progress{Title: "Importing the pad with bob", Done: 23 * mebi, Total: 64 * mebi, Unit: "bytes", Rate: 3 * mebi / 2, Left: 27 * time.Second, Cancellable: true}},
		{"home-settings", "as a device shows it: eight contacts, unread log", Home{Owner: "alice", Link: "http://10.90.51.1:9051", Contacts: contacts(eight...), Unread: true, NewContact: true, Details: true, Settings: true}},
		{"progress-start", "a long task that cannot be stopped", Progress{Title: "Looking through the pad with carol after an unclean stop", Total: 5000, Unit: "cells"}},
	}, slices.Concat(meetingSamples(), calibrateSamples(), settingsSamples())...)
}
