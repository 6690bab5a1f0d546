package device

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/entropy"
	"onetimechat/firmware/meeting"
	"onetimechat/hal/noise"
	"onetimechat/padstore"
)

// padFacts is what a pad is, in words for its owner.
func padFacts(p padstore.Pad) []display.Fact {
	facts := []display.Fact{
		{Name: "Pad", Value: "number " + p.Number + " with " + p.Contact + ", " + string(p.State)},
		{Name: "Size", Value: fmt.Sprintf("%d bytes each way", p.SendTotal)},
		{Name: "Suite", Value: p.Suite.String()},
		{Name: "From", Value: p.Source},
	}
	if p.Source == demoSource {
		facts[3].Value = "demo randomness: good for trying out, not for secrets"
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
		display.Fact{Name: "Assumed", Value: "That the noise of at least one device has the credited randomness in each block, given all before it, and has nothing to do with the digits of π; that nobody was on the cable; that neither device was opened. The tests find a source that fails hard, and prove nothing."},
	)
}

func madeText(c padstore.Certificate) string {
	up := time.Duration(c.Uptime) * time.Second
	text := fmt.Sprintf("start %d, after %v", c.Start, up)
	if c.Told != 0 {
		text += ", told " + time.Unix(c.Told, 0).UTC().Format("2006-01-02 15:04 MST")
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
			kind := "processed in the source"
			if o.Raw {
				kind = "raw"
			}
			if o.Demo {
				kind = "demo randomness"
			}
			facts = append(facts, display.Fact{Name: name, Value: fmt.Sprintf("%s, %s: %d bytes from %d blocks, %d bits of noise, each credited with %.2f bit", o.Name, kind, lot.Bytes, a.Blocks, a.NoiseBits, float64(o.Credit)/64)})
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
	tag, err := hex.DecodeString(text)
	if err != nil || len(tag) != 16 {
		return []string{"cannot be read"}
	}
	words := meeting.Words([16]byte(tag))
	return words[:]
}
