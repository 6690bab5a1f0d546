package device

import (
	"context"
	"strings"

	"onetimechat/display"
	"onetimechat/display/escape"
	"onetimechat/hostlink"
)

// SelfTest gives the self-test's report to the laptop, if the owner approves:
// what About says, what came of each part, and no name of anybody.
func (d *Device) SelfTest(ctx context.Context) (string, error) {
	d.hear()
	report := ""
	a := d.do(ctx, &call{request: frameRequest[string]("self_test_report")}, func(ctx context.Context, c *call) answer {
		err := d.grant(ctx, c, question{
			screen: func(_ int, ready bool) display.Screen { return display.ApproveReport{Ready: ready} },
			about:  "giving the self-test to the laptop",
		})
		if err == nil {
			report = d.report()
		}
		return answer{err: err}
	})
	if a.err != nil {
		return "", a.err
	}
	return report, nil
}

// report is a text for the laptop, of lines that anybody can read.
func (d *Device) report() string {
	lines := []string{"One Time Chat: report of a pad device's self-test"}
	for _, fact := range d.aboutFacts() {
		lines = append(lines, fact.Name+": "+fact.Value)
	}
	for _, f := range d.findings() {
		lines = append(lines, f.text())
		for _, detail := range f.details {
			lines = append(lines, "  "+detail)
		}
	}
	text := ""
	for _, line := range lines {
		line = escape.Line(line) + "\n" // names of noise sources come from elsewhere
		if len(text)+len(line) > hostlink.MaxReport {
			break
		}
		text += line
	}
	return strings.TrimSuffix(text, "\n")
}
