package device

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/entropy"
	"onetimechat/firmware/meeting"
	"onetimechat/hal/noise"
	"onetimechat/padstore"
)

// showNoise tells of the noise sources, and what the words for them mean, until it is
// tapped away.
func (d *Device) showNoise(ctx context.Context) {
	facts := append(d.fill.facts(),
		display.Fact{Name: "Estimated", Value: "How much the tests find in each bit. They are alarms and no proof: noise can look random, and be known to somebody."},
		display.Fact{Name: "Credited", Value: "How much of it counts as random when a pad is made: half at most."},
	)
	_, _ = d.choose(ctx, choice{patience: errandFor, yields: true, screen: func(page int, _ bool) display.Screen {
		return display.Noise{Facts: facts, Page: page}
	}})
}

// sourceText says how a source is.
func sourceText(s entropy.SourceState) string {
	text := fmt.Sprintf("%s; credited with %.2f bit of randomness in each bit", kindText(s.Raw, s.Demo), float64(s.Credit)/64)
	if s.Rate > 0 {
		text += "; " + grouped(int64(s.Rate)) + " bytes of noise a second"
	}
	if s.Estimate > 0 {
		text += fmt.Sprintf("; estimated at %.2f bit", s.Estimate)
	}
	switch {
	case s.Failed != nil:
		text += fmt.Sprintf("; failed %d times, the last time: %v", s.Failures, s.Failed)
	case s.Failures > 0:
		text += fmt.Sprintf("; failed %d times, and works again", s.Failures)
	}
	return text
}

// grouped is a number whose every digit counts, in groups of three.
func grouped(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

// kindText says what kind of a source it is.
func kindText(raw, demo bool) string {
	switch {
	case demo:
		return "demo randomness"
	case raw:
		return "raw"
	}
	return "processed in the source"
}

// padFacts is what a pad is, in words for its owner.
func padFacts(p padstore.Pad) []display.Fact {
	pad := "number " + p.Number + " with " + p.Contact
	if p.Fault { // it may not know the rest
		return []display.Fact{
			{Name: "Pad", Value: pad},
			{Name: "Damaged", Value: "It seals and opens nothing. Switch the device off and on: it then checks its pads again. If this one stays damaged, meet, and make a new pad together; then this one can be discarded here."},
		}
	}
	facts := []display.Fact{
		{Name: "Pad", Value: pad + ", " + string(p.State)},
		{Name: "Size", Value: grouped(p.SendTotal) + " bytes each way"},
		{Name: "Suite", Value: p.Suite.String()},
		{Name: "From", Value: p.Source},
	}
	if p.Demo {
		facts[3].Value = "demo randomness: good for trying out, not for secrets"
	}
	if p.Forgeries > 0 {
		refused := display.Fact{Name: "Refused", Value: grouped(p.Forgeries) + " in all: forged, or damaged on the way; that " + p.Contact +
			" did not seal. None was opened. If more come, ask " + p.Contact + " what was sent."}
		facts = slices.Insert(facts, 0, refused)
	}
	return facts
}

// certificateFacts is how a pad was made, in words for its owner.
func certificateFacts(c padstore.Certificate) []display.Fact {
	facts := []display.Fact{
		{Name: "Made", Value: madeText(c)},
		{Name: "Words", Value: strings.Join(tagWords(c.Tag), " ")},
		{Name: "Pad id", Value: c.PadID},
		{Name: "This device", Value: c.Device},
		{Name: c.Contact + "’s device", Value: c.Peer},
	}
	ours, bound := lotFacts("Our noise", c.Ours)
	theirs, theirBound := lotFacts("Their noise, as told", c.Theirs)
	facts = append(facts, ours...)
	facts = append(facts, theirs...)
	return append(facts,
		display.Fact{Name: "Proven", Value: fmt.Sprintf("If the noise of either device is as good as credited, nobody can tell this pad from perfectly random bytes with an advantage over 2^%.0f, whatever computer they have.", math.Ceil(max(bound, theirBound)))},
		display.Fact{Name: "Assumed", Value: "That the noise of at least one device has the credited randomness in each block, given all before it, and has nothing to do with the digits of π; that no source depends on another; that nobody was on the cable; that neither device was opened. The tests find a source that fails hard, and prove nothing."},
	)
}

func madeText(c padstore.Certificate) string {
	up := time.Duration(c.Uptime) * time.Second
	text := fmt.Sprintf("start %d, after %v", c.Start, up)
	if c.Told != 0 {
		text += "; laptop says " + time.Unix(c.Told, 0).UTC().Format("2006-01-02 15:04 MST")
	}
	return text
}

// lotFacts says what one device's contribution was made of, and the base-2
// logarithm of how far it may be from uniform, after the leftover hash lemma.
func lotFacts(name string, lots []padstore.Lot) (facts []display.Fact, bound float64) {
	bound = math.Inf(-1)
	for _, lot := range lots {
		worst := math.Inf(-1)
		for _, o := range lot.Origins {
			a := entropy.Account(noise.Credit(o.Credit), lot.Bytes)
			facts = append(facts, display.Fact{Name: name, Value: fmt.Sprintf("%s, %s: %s bytes from %s blocks, %s bits of noise, each credited with %.2f bit", o.Name, kindText(o.Raw, o.Demo), grouped(lot.Bytes), grouped(a.Blocks), grouped(a.NoiseBits), float64(o.Credit)/64)})
			worst = max(worst, a.Bound)
		}
		bound = logAdd(bound, worst)
	}
	return facts, bound
}

// logAdd is log2(2^a + 2^b).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) || math.IsInf(a, 1) {
		return a
	}
	return a + math.Log2(1+math.Exp2(b-a))
}

// tagWords are the words that the owners compared.
func tagWords(text string) []string {
	words, err := meeting.WordsOf(text)
	if err != nil {
		return []string{"cannot be read"}
	}
	return words[:]
}
