package display

import (
	"slices"
	"time"
)

// everySetting is what a board with everything lets its owner change.
func everySetting() []Setting {
	return []Setting{
		{"idle", "Idle screen", "after 10 minutes", false},
		{"brightness", "Brightness", "75 %", false},
		{"rotation", "Picture", "turned by 270°", false},
		{"calibrate", "Calibrate touch", "", false},
		{"reservoir", "Reservoir", "256 MiB", false},
		{"log", "Log", "", false},
		{"self-test", "Self-test", "", false},
		{"about", "About", "", false},
		{"power-off", "Switch off", "", false},
		{"remove", "Remove contact", "", true},
		{"erase", "Erase everything", "", true},
	}
}

// settingsSamples are the screens that the owner comes to from the settings.
func settingsSamples() []sample {
	sizes := ReservoirSize{Now: 256 * mebi, Ready: 40 * mebi, Free: 27 << 30, Choices: []ReservoirChoice{
		{Bytes: 16 * mebi}, {64 * mebi, 10 * time.Minute}, {256 * mebi, 90 * time.Minute}, {1 << 30, 7 * time.Hour}, {4 << 30, 29 * time.Hour},
	}}
	unknown := sizes
	unknown.Choices = []ReservoirChoice{{Bytes: 64 * mebi}, {Bytes: 256 * mebi}}
	results := []TestResult{
		{"Picture", Passed, "as it should be, as its owner says; ILI9486, 480x320, on SPI0.0; frames of 480x320, upright"},
		{"Touch", Failed, "5 crosses; the worst touch was 58 pixels to the right and 19 pixels below its cross"},
		{"Noise", Passed, "41 kB of pad a second, from bcm2835-rng, TrueRNG"},
		{"Card", Passed, "1024 KiB written and synced in 0.21 s, and read back; 27 GiB free; pads: 2, all sound"},
		{"Link", NotTried, "no laptop has asked since the start: on it, type otc selftest"},
	}
	return []sample{
		{"settings", "what the owner can change", Settings{Items: everySetting()}},
		{"settings-last", "the last page of it", Settings{Items: everySetting(), Page: 999}},
		{"settings-few", "a desk's device, which has less to change", Settings{Items: slices.Concat(everySetting()[:1], everySetting()[4:8], everySetting()[9:])}},
		{"settings-remove", "whom to remove, the longest name there is", Settings{Title: "Remove whom?", Items: []Setting{{"contact-1", "bob", "", true}, {"contact-2", eight[5], "", true}}}},
		{"erase", "the first of two questions", Ask{Title: "Erase everything?", Text: "All pads, contacts, settings and the log are overwritten, and the device is as new. What was sealed for you and you have not opened can never be opened.", Yes: "Erase", No: "Keep", Grave: true, Ready: true}},
		{"erase-really", "the second one", Ask{Title: "Really erase everything?", Text: "This cannot be taken back. It clears every file, but flash memory may still remember what was overwritten: to be sure against a laboratory, destroy the card. What others have is not erased.", Yes: "Erase now", No: "Keep", Grave: true, Ready: true}},
		{"settings-reservoir", "how much randomness to lay up", sizes},
		{"settings-reservoir-unknown", "before the noise was measured", unknown},
		{"idle", "nobody touched it for a while", Idle{News: 3}},
		{"idle-quiet", "and nothing has happened", Idle{}},
		{"idle-filling", "while a pad is filled", Idle{News: 1, Doing: "Making a pad: 37 %"}},
		{"idle-message", "nobody has touched a text for long", Idle{Doing: "A message is open here"}},
		{"about", "what this device is", About{Facts: []Fact{
			{"Program", "commit 6f281d63a1e6, go1.26.2"},
			{"Image", "SHA-256 of manifest.txt: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
			{"Board", "Raspberry Pi Zero 2 W Rev 1.0"},
			{"Screen", "ILI9486, 480x320, on SPI0.0; frames of 480x320, upright"},
			{"Randomness", "41 kB of pad a second, from bcm2835-rng, TrueRNG"},
			{"Power", "not known: the kernel does not tell of under-voltage"},
			{"Card", "27 GiB free"},
			{"Started", "1h2m3s ago, start 12"},
		}}},
		{"test-pattern", "is the picture as it should be?", TestPattern{}},
		{"test-touch-first", "a cross above", TestTouch{Cross: 0}},
		{"test-touch-third", "a cross below", TestTouch{Cross: 2}},
		{"self-test", "what came of it, first page", SelfTest{Results: results}},
		{"self-test-last", "last page", SelfTest{Results: results, Page: 999}},
		{"approve-report", "the laptop asks for the self-test", ApproveReport{Ready: true}},
		{"approve-report-wait", "the question has just appeared", ApproveReport{}},
	}
}
