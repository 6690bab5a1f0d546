package display

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// bytesText writes n bytes with the digits that say something, as in "980 bytes",
// "12.3 KiB" or "256 MiB".
func bytesText(n int64) string { return strings.Replace(steadyText(n), ".0 ", " ", 1) }

// steadyText is bytesText with as many digits from step to step: what follows an
// amount that grows stays where it is.
func steadyText(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	if n < 1024 {
		return fmt.Sprintf("%d bytes", n)
	}
	value, name := float64(n), ""
	for _, name = range []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"} {
		value /= 1024
		if value < 1000 {
			break
		}
	}
	if value >= 100 {
		return fmt.Sprintf("%.0f %s", value, name)
	}
	return fmt.Sprintf("%.1f %s", value, name)
}

// countText writes n of a thing as in "1 message", "9,800 messages" or
// "1.2 million messages".
func countText(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return numberText(n) + " " + many
}

// aboutText writes a number that is a guess: with two digits that mean
// something.
func aboutText(n int64) string {
	if n <= 0 {
		return "no"
	}
	return "about " + numberText(roughly(n))
}

// messagesText writes a guess at how many texts there is pad for.
func messagesText(n int64) string {
	if n <= 0 {
		return "no messages"
	}
	return "about " + countText(roughly(n), "message", "messages")
}

// roughly rounds n down to two digits.
func roughly(n int64) int64 {
	step := int64(1)
	for n/step >= 100 {
		step *= 10
	}
	return n / step * step
}

// yearsText writes how long a pad lasts, roughly.
func yearsText(years float64) string {
	years = min(years, 1e15)
	switch months := int64(years * 12); {
	case months >= 24:
		return numberText(roughly(months/12)) + " years"
	case months >= 2:
		return fmt.Sprintf("%d months", months)
	}
	return countText(int64(years*365), "day", "days")
}

// waitText writes how long something is going to take, in whole minutes and
// hours where it takes about as long.
func waitText(d time.Duration) string {
	switch {
	case d <= time.Second:
		return "1 second"
	case d > 50*time.Second && d < 90*time.Second:
		return "1 minute"
	case d > 50*time.Minute && d < 90*time.Minute:
		return "1 hour"
	}
	return durationText(d)
}

// capital is a text in ASCII with its first letter large.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func numberText(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	value, name := float64(n)/1e6, "million"
	for _, larger := range []string{"billion", "trillion", "quadrillion", "quintillion"} {
		if value < 999.5 {
			break
		}
		value, name = value/1000, larger
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %s", value, name)
	}
	return fmt.Sprintf("%.0f %s", value, name)
}

// durationText writes how long something still takes, roughly.
func durationText(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Round(time.Hour).Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", int(d.Round(time.Minute).Minutes()))
	case d == time.Second:
		return "1 second"
	}
	return fmt.Sprintf("%d seconds", int(d.Seconds()))
}

// listText joins names as in "alice, bob and carol".
func listText(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// alphabet is a set of letters.
type alphabet struct {
	name    string
	letters *unicode.RangeTable
}

// alphabets are those that the fonts hold. Some letters of one are drawn exactly
// like letters of another.
var alphabets = [...]alphabet{{"Latin", unicode.Latin}, {"Greek", unicode.Greek}, {"Cyrillic", unicode.Cyrillic}}

// alphabetsText says how many letters of each alphabet a text has, if there are
// several: a single foreign one would pass for what its reader expects.
func alphabetsText(text string) string {
	var counts [len(alphabets)]int64
	for _, r := range text {
		i := slices.IndexFunc(alphabets[:], func(a alphabet) bool { return unicode.Is(a.letters, r) })
		if i >= 0 {
			counts[i]++
		}
	}
	var parts []string
	for i, a := range alphabets {
		if counts[i] > 0 {
			parts = append(parts, numberText(counts[i])+" "+a.name)
		}
	}
	if len(parts) < 2 {
		return ""
	}
	return "Letters that may look alike: " + listText(parts)
}
