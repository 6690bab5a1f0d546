// Command bench measures what the documents claim, each figure beside its
// limit from the same run: a copy, a bare write loop, an empty request.
//
// Start with figures, the list; each group is a file of its own.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
)

// figure is one measured number beside its limit.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Limit float64 `json:"limit"` // the same unit; 0 when there is none
	Ratio float64 `json:"ratio"` // value to limit
	Goal  string  `json:"goal"`
	Met   bool    `json:"met"`
}

// against sets the limit and its ratio.
func (f figure) against(limit float64) figure {
	f.Limit, f.Ratio = limit, f.Value/limit
	return f
}

// goal says in words what must be reached, and whether it was.
func (f figure) goal(text string, met bool) figure {
	f.Goal, f.Met = text, met
	return f
}

// group is one or more figures measured together.
type group struct {
	names   []string
	measure func() ([]figure, error)
}

func figures() []group {
	return []group{
		// First, for what the others write keeps the disk busy for a while.
		{[]string{"pi-home", "pi-link", "pi-seal", "pi-memory"}, onBoard},
		{[]string{"seal-1MiB", "open-1MiB"}, inMemory},
		{[]string{"durable-seal", "durable-open"}, inFolder(onDisk)},
		{[]string{"durable-seal-slow", "durable-open-slow"}, inFolder(onSlowDisk)},
		{[]string{"pad-paper", "pad-bucket-16", "pad-bucket-32", "pad-bucket-64", "pad-bucket-128", "pad-bucket-256"}, spending},
		{[]string{"aged-seal", "aged-open", "large-seal", "large-open", "gaps-seal", "gaps-open", "gaps-seal-slow", "gaps-open-slow", "metadata-size"}, ageing},
		{[]string{"refusal-pad", "refusal-tag", "refusal-control"}, refusing},
		{[]string{"extract", "health-8bit", "health-1bit"}, randomness},
		{[]string{"fill-1GiB"}, filling},
		{[]string{"meeting-256MiB", "meeting-1GiB", "meeting-memory"}, meetingFigures},
		{[]string{"meeting-card"}, meetingOnCards},
		{[]string{"relay-send-1", "relay-send-64"}, inFolder(relaySends)},
		{[]string{"relay-deliver-p50", "relay-deliver-p99"}, delivering},
		{[]string{"relay-idle-10000"}, idling},
		{[]string{"whole-message"}, inFolder(whole)},
		{[]string{"device-rest"}, inFolder(resting)},
		{[]string{"otc-start"}, inFolder(starting)},
		{[]string{"draw"}, drawing},
		{[]string{"image-used", "image-xz"}, inFolder(imageSizes)},
		{[]string{"bus-question", "question-16MHz", "bus-page", "bus-page-least", "bus-tick"}, busFigures},
		{[]string{"touch-seen"}, touchFigure},
	}
}

// inFolder measures in a folder of its own, which is gone afterwards.
func inFolder(measure func(dir string) ([]figure, error)) func() ([]figure, error) {
	return func() (list []figure, err error) {
		dir, err := os.MkdirTemp("out", "bench-")
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		return measure(dir)
	}
}

func main() {
	asJSON := flag.Bool("json", false, "one JSON object a line")
	only := flag.String("only", "", "measure only the figure of this name")
	flag.Parse()
	if err := run(*asJSON, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(asJSON bool, only string) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("%q is one word too many: --only NAME measures one figure", flag.Arg(0))
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	if !asJSON {
		fmt.Fprintln(table, "figure\tvalue\tlimit\tratio\tgoal\tmet\t")
	}
	found := false
	var failed []error
	for _, g := range figures() {
		if only != "" && !slices.Contains(g.names, only) {
			continue
		}
		found = true
		measured, err := g.measure()
		if err != nil { // the others are worth having
			failed = append(failed, fmt.Errorf("%v: %w", g.names, err))
			continue
		}
		for _, f := range measured {
			if only != "" && f.Name != only {
				continue
			}
			if err := show(table, f, asJSON); err != nil {
				return err
			}
		}
	}
	if !found {
		return fmt.Errorf("there is no figure %q", only)
	}
	return errors.Join(append(failed, table.Flush())...)
}

func show(table *tabwriter.Writer, f figure, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(f)
	}
	met := "no"
	if f.Met {
		met = "yes"
	}
	_, err := fmt.Fprintf(table, "%s\t%.3g %s\t%.3g %s\t%.2f\t%s\t%s\t\n", f.Name, f.Value, f.Unit, f.Limit, f.Unit, f.Ratio, f.Goal, met)
	return err
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
