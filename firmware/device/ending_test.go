package device

import (
	"os"
	"regexp"
	"testing"
)

// Whatever ends a meeting by a name of its own has a text of its own.
func TestEveryErrorOfAMeetingHasItsText(t *testing.T) {
	texts, err := os.ReadFile("ending.go")
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"meeting": "../meeting/meeting.go", "cable": "../../hal/cable/announcement.go"} {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		errs := regexp.MustCompile(`(?m)^\s*(?:var )?(Err[A-Za-z]+)\s*= errors\.New`).FindAllSubmatch(source, -1)
		if len(errs) == 0 {
			t.Errorf("no errors in %s: is this test reading it right?", path)
		}
		for _, e := range errs {
			if !regexp.MustCompile(`\{` + name + `\.` + string(e[1]) + `, "`).Match(texts) {
				t.Errorf("%s.%s has no text", name, e[1])
			}
		}
	}
}
