// Package main_test holds the house to its plan: which package stands on
// which floor, and what must never be imported where.
package main_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "onetimechat"

// floors is the plan, from the ground up. A package may import what stands on
// lower floors; the mains on top wire what they need.
var floors = [][]string{
	{"padstore/seal", "padstore/uid", "padstore/prefixsum", "display/escape", "image/fdt", "hal/touch/affine", "firmware/together"},
	{"firmware/boot/conf", "image/card", "image/kernel/kerneltest", "padstore/durable", "hal/noise", "hal/cable", "hal/panel", "hal/touch", "hal/link", "hal/chips", "hal/keys"},
	{"display/escape/escapetest", "padstore/durable/durabletest", "padstore/padtest", "hal/desk/finger", "hal/noise/deskfile", "hal/panel/dcs", "image/kernel", "hal/touch/resistive", "hal/touch/ft6236"},
	{"hal/panel/dcs/dcstest", "hal/panel/ili9341", "hal/panel/ili9486", "hal/panel/st7789", "padstore", "display", "hostlink", "hostlink/mailbox", "firmware/entropy", "hal/touch/xpt2046", "hal/touch/stmpe610"},
	{"firmware/entropy/entropytest", "firmware/meeting", "hal/product", "hostlink/host"},
	{"firmware/device", "firmware/calibration", "firmware/keypad"},
	{"hal/desk", "hostlink/relay", "firmware/boot", "image/emulator"},
	{"firmware", "image", "image/emulate", "image/emulator/inside", "firmware/desk", "firmware/desk/demo", "firmware/desk/bench", "firmware/desk/randomness", "hostlink/otc", "firmware/desk/adversary"},
}

type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	CgoFiles     []string
}

func (p listed) name() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

// packages asks the go command for every package of the module.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports,CgoFiles", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func floorOf(name string) int {
	return slices.IndexFunc(floors, func(floor []string) bool { return slices.Contains(floor, name) })
}

func TestImportsPointDownwards(t *testing.T) {
	for _, p := range packages(t) {
		floor := floorOf(p.name())
		if floor < 0 {
			t.Errorf("%s stands on no floor of the plan", p.name())
			continue
		}
		for _, i := range p.Imports {
			name, ours := strings.CutPrefix(i, module+"/")
			if ours && floorOf(name) >= floor {
				t.Errorf("%s (floor %d) imports %s (floor %d)", p.name(), floor, name, floorOf(name))
			}
		}
	}
}

// README's drawing of the house is of this one: whoever imports is drawn higher up,
// and what is not drawn is below a package that is, or made for tests.
func TestReadmeDrawsTheHouse(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, drawing, _ := strings.Cut(string(text), "## How it is built\n\n```\n")
	drawing, _, _ = strings.Cut(drawing, "\n```\n")
	lines := map[string]int{}
	for n, line := range strings.Split(drawing, "\n") {
		for _, name := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" ,()", r) }) {
			if floorOf(name) >= 0 {
				lines[name] = n + 1
			}
		}
	}
	if len(lines) < 30 {
		t.Fatalf("only %d packages are drawn: is this test reading it right?", len(lines))
	}
	for _, p := range packages(t) {
		below := func(drawn string) bool {
			return floorOf(drawn) < len(floors)-1 && strings.HasPrefix(p.name(), drawn+"/")
		}
		if lines[p.name()] == 0 && !forTests(p.name()) && !slices.ContainsFunc(slices.Collect(maps.Keys(lines)), below) {
			t.Errorf("%s is not drawn", p.name())
		}
		for _, i := range p.Imports {
			name, ours := strings.CutPrefix(i, module+"/")
			if from, to := lines[p.name()], lines[name]; ours && from > 0 && to > 0 && from >= to {
				t.Errorf("%s is drawn on line %d, and imports %s on line %d", p.name(), from, name, to)
			}
		}
	}
}

func TestOnlyTestsImportWhatIsMadeForTests(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			name, ours := strings.CutPrefix(i, module+"/")
			if i == "testing" && p.name() != "firmware/desk/bench" && !forTests(p.name()) || ours && forTests(name) {
				t.Errorf("%s imports %s outside its tests", p.name(), i)
			}
		}
	}
}

// Of periph's drivers for boards only those are used that go through the kernel:
// package host and its drivers for SoCs map /dev/mem by themselves, on a Pi 5 at
// a wrong address.
func TestPeriphGoesThroughTheKernel(t *testing.T) {
	const host = "periph.io/x/host/v3"
	used := 0
	for _, p := range packages(t) {
		for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			switch {
			case i == host+"/gpioioctl", i == host+"/sysfs":
				used++
			case i == host, strings.HasPrefix(i, host+"/"):
				t.Errorf("%s imports %s", p.name(), i)
			}
		}
	}
	if used == 0 {
		t.Error("no package uses the pin header: is this test reading it right?")
	}
}

// forTests tells whether a package is made for tests: by its name (durabletest,
// padtest), or because it models the chips on the other end of the wires.
func forTests(name string) bool { return strings.HasSuffix(name, "test") || name == "hal/chips" }

// Pads are made of noise alone. (The laptop's side may use crypto/rand for its
// request ids, and does.)
func TestNoGeneratorStandsInForNoise(t *testing.T) {
	for _, p := range packages(t) {
		if forTests(p.name()) {
			continue // decides by a seed what a power cut leaves, say
		}
		if top, _, _ := strings.Cut(p.name(), "/"); !slices.Contains([]string{"firmware", "hal", "padstore"}, top) {
			continue
		}
		if slices.Contains([]string{"firmware/desk/demo", "firmware/desk/bench", "firmware/desk/randomness"}, p.name()) {
			continue // not in any device
		}
		for _, i := range p.Imports {
			if strings.HasPrefix(i, "math/rand") || i == "crypto/rand" || i == "golang.org/x/exp/rand" {
				t.Errorf("%s imports %s", p.name(), i)
			}
		}
	}
}

func TestNoCgo(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.CgoFiles) > 0 {
			t.Errorf("%s uses cgo: %v", p.name(), p.CgoFiles)
		}
	}
}

func TestTheTopLevelIsThePlan(t *testing.T) {
	plan := []string{".ci", ".git", ".gitignore", "LICENSE", "README.md", "SECURITY.md", "bin", "build.sh",
		"display", "firmware", "go.mod", "go.sum", "hal", "hostlink", "image", "out", "padstore"}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(plan, e.Name()) {
			t.Errorf("%s stands at the top level", e.Name())
		}
	}
}

// Every test that SECURITY.md names for a claim is where it says: in one of the
// packages in brackets behind it, else among the adversaries.
func TestSecurityNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`|\\(([a-z]+/[a-z/, ]+|display|hostlink|padstore|firmware)\\)|; |\\|\n|\n\n")
	total := 0
	var tests []string
	check := func(folders ...string) {
		for _, name := range tests {
			if !slices.ContainsFunc(folders, func(folder string) bool { return hasTest(t, folder, name) }) {
				t.Errorf("there is no %s in %v", name, folders)
			}
		}
		total, tests = total+len(tests), nil
	}
	for _, m := range named.FindAllStringSubmatch(string(text), -1) {
		switch {
		case m[1] != "":
			tests = append(tests, m[1])
		case m[2] != "":
			check(strings.Split(m[2], ", ")...)
		default:
			check("firmware/desk/adversary")
		}
	}
	if check("firmware/desk/adversary"); total < 100 {
		t.Fatalf("only %d tests are named: is this test reading it right?", total)
	}
}

// Every test that README.md names is somewhere.
func TestReadmeNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	all := packages(t)
	for _, m := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllSubmatch(text, -1) {
		if !slices.ContainsFunc(all, func(p listed) bool { return hasTest(t, p.name(), string(m[1])) }) {
			t.Errorf("there is no %s", m[1])
		}
	}
}

// hasTest tells whether a package has a test of this name.
func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(source), "func "+name+"(")
	})
}

// Everything that SECURITY.md says somebody cannot do, some test tries to do.
func TestSecurityNamesAnAttackForEachClaim(t *testing.T) {
	text, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| who cannot what | what tries it |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	claims := strings.Split(table, "\n")
	if len(claims) < 15 {
		t.Fatalf("only %d claims: is this test reading it right?", len(claims))
	}
	for _, claim := range claims {
		if !strings.Contains(claim, "`Test") {
			t.Errorf("nothing tries this: %s", claim)
		}
	}
	against, _, _ := strings.Cut(string(text), "Each *cannot* is attacked")
	for _, row := range strings.Split(against, "\n") {
		cells := strings.Split(row, "|")
		if len(cells) != 5 || strings.Contains(cells[1], "---") || strings.TrimSpace(cells[1]) == "adversary" || strings.TrimSpace(cells[2]) == "–" {
			continue
		}
		who := strings.Fields(cells[1])
		if !strings.Contains(table, "**"+strings.Join(who[:min(2, len(who))], " ")) && !strings.Contains(table, "**"+who[0]) {
			t.Errorf("nothing tries what a %s cannot do", strings.TrimSpace(cells[1]))
		}
	}
}

func TestReadmeGivesAReasonForEachDirectDependency(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	gomod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	direct := 0
	for line := range strings.Lines(string(gomod)) {
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(fields) != 2 || !strings.Contains(fields[0], ".") || !strings.HasPrefix(fields[1], "v") {
			continue // an indirect one has a comment behind it
		}
		direct++
		if !strings.Contains(string(readme), "| `"+fields[0]+"` |") {
			t.Errorf("README.md has no row for %s", fields[0])
		}
	}
	if direct == 0 {
		t.Error("no direct dependency found in go.mod: is this test reading it right?")
	}
}
