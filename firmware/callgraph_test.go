package main_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/go/callgraph"
	"golang.org/x/tools/go/callgraph/vta"
	gopackages "golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
)

// padMaking is where pads are made, with what is under it. Left out are
// packages for tests, and the desk's stand-in for a source, whose pads are
// marked as demo randomness and which no board contains. The fill is in
// firmware/device, beside the laptop's link, which has generators of its own:
// what it lays up is followed by TestPadsAreMadeOfExtractedNoiseAlone.
var padMaking = []string{"hal/noise/...", "firmware/entropy/...", "firmware/meeting/...", "padstore/..."}

// generators are packages that make numbers by computing them, and the standard
// library's ways to the kernel's generator.
var generators = []string{
	"math/rand", "math/rand/v2", "golang.org/x/exp/rand", "hash/maphash", "internal/chacha8rand",
	"crypto/rand", "crypto/internal/rand", "crypto/internal/sysrand", "crypto/internal/fips140/drbg",
}

// ciphers are packages with which one would build another one.
var ciphers = []string{
	"crypto/aes", "crypto/cipher", "crypto/des", "crypto/rc4",
	"golang.org/x/crypto/chacha20", "golang.org/x/crypto/chacha20poly1305", "golang.org/x/crypto/salsa20",
}

// inner is a call in the standard library that leads to a generator whose
// output reaches no caller of that function.
type inner struct {
	from string // the function; "" for any
	to   string // the package, or the function, that it calls
	why  string
}

var inners = []inner{
	{"", "runtime", "the runtime keeps its generator to itself; where it lends it to others, they have a function without a body, which is seen here"},
	{"(*internal/runtime/maps.Iter).Init", "internal/runtime/maps.rand", "where going through a map begins"},
	{"(*internal/sync.HashTrieMap[K, V]).initSlow", "internal/sync.runtime_rand", "the seed by which a map spreads its keys"},
	{"unique.newCanonMap", "unique.runtime_rand", "the same"},
	{"(*sync.Pool).Put", "sync.runtime_randn", "the race detector throws some of a pool away"},
	{"(*sync.Pool).Get", "crypto/internal/fips140/drbg", "any pool for any other: this one is crypto/rand's own, and nothing here has it"},
	{"(*sync.Once).doSlow", "crypto/internal/sysrand", "any once for any other: this one warns of a slow kernel, at crypto/rand's first use"},
}

// TestNoGeneratorIsImported looks at what the packages of pad making import
// themselves, and at the files that they name.
func TestNoGeneratorIsImported(t *testing.T) {
	for _, p := range load(t, gopackages.NeedName|gopackages.NeedFiles|gopackages.NeedSyntax, nil, padPackages(t)...) {
		for i, file := range p.Syntax {
			for _, spec := range file.Imports {
				name, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if slices.Contains(generators, name) || slices.Contains(ciphers, name) {
					t.Errorf("%s imports %s", p.GoFiles[i], name)
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && namesGenerator(text.Value) {
					t.Errorf("%s names %s", p.GoFiles[i], text.Value)
				}
				return true
			})
		}
	}
}

// namesGenerator says whether a string in the source is the name of the
// kernel's generator. (padstore has the words random and urandom, for the
// origin of pads.)
func namesGenerator(quoted string) bool {
	text, err := strconv.Unquote(quoted)
	return err == nil && strings.HasPrefix(text, "/dev/") && strings.HasSuffix(text, "random")
}

// TestNoGeneratorCanStandIn follows every call from every function of the
// packages of pad making, through the standard library down to assembly, and
// finds none that leads to a generator, but for the inner uses listed above.
//
// The call graph is made by variable type analysis: a call through an
// interface or a variable leads to whatever may flow into that. (Class
// hierarchy analysis takes every io.Reader for every other one, crypto/rand's
// among them; rapid type analysis looks at functions that are reached and so
// misses what an initialiser put into a variable.) It is sound but for
// reflection, unsafe, and assembly; functions without a body are generators
// if their name says so. What it cannot see is where bytes go: a function of
// ours that computes numbers from nothing would have to be found by reading.
func TestNoGeneratorCanStandIn(t *testing.T) {
	graph, ours := callGraph(t, nil, padPackages(t)...)
	if len(ours) < 500 {
		t.Fatalf("only %d functions make pads: is this test reading them?", len(ours))
	}
	for _, way := range waysToGenerators(graph, ours...) {
		t.Error(way)
	}
}

// TestGeneratorsThatStandInAreFound puts a file into the entropy package whose
// functions reach generators in all sorts of ways: each is found.
func TestGeneratorsThatStandInAreFound(t *testing.T) {
	source, err := os.ReadFile("testdata/generators.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	added, err := filepath.Abs("entropy/added.go")
	if err != nil {
		t.Fatal(err)
	}
	graph, ours := callGraph(t, map[string][]byte{added: source}, "firmware/entropy")
	ways := 0
	for _, f := range ours {
		if f.Prog.Fset.Position(f.Pos()).Filename != added || !strings.HasPrefix(f.Name(), "addedBy") || f.Parent() != nil {
			continue
		}
		ways++
		if len(waysToGenerators(graph, f)) == 0 {
			t.Errorf("%s reaches a generator, and that is not seen", f)
		}
	}
	if want := strings.Count(string(source), "\nfunc addedBy"); ways != want || want == 0 {
		t.Errorf("%d of %d ways were tried", ways, want)
	}
}

// callGraph is that of some packages with all that they import, and the
// functions of these packages in it.
func callGraph(t *testing.T, overlay map[string][]byte, patterns ...string) (graph *callgraph.Graph, ours []*ssa.Function) {
	t.Helper()
	loaded := load(t, gopackages.LoadAllSyntax, overlay, patterns...)
	program, _ := ssautil.AllPackages(loaded, ssa.InstantiateGenerics)
	program.Build()
	all := ssautil.AllFunctions(program)
	for f := range all {
		if slices.ContainsFunc(loaded, func(p *gopackages.Package) bool { return p.PkgPath == packageOf(f) }) {
			ours = append(ours, f)
		}
	}
	return vta.CallGraph(all, nil), ours
}

// waysToGenerators finds a shortest way from the roots to each generator.
func waysToGenerators(graph *callgraph.Graph, roots ...*ssa.Function) []string {
	came := map[*callgraph.Node]*callgraph.Edge{}
	var queue []*callgraph.Node
	for _, f := range roots {
		if n := graph.Nodes[f]; n != nil {
			came[n] = nil
			queue = append(queue, n)
		}
	}
	var ways []string
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, e := range n.Out {
			if _, seen := came[e.Callee]; seen || allowed(e) {
				continue
			}
			came[e.Callee] = e
			if isGenerator(e.Callee.Func) {
				ways = append(ways, way(came, e.Callee))
				continue
			}
			queue = append(queue, e.Callee)
		}
	}
	slices.Sort(ways)
	return ways
}

func way(came map[*callgraph.Node]*callgraph.Edge, n *callgraph.Node) string {
	text := fmt.Sprintf("a generator is reached: %s", nameOf(n.Func))
	for e := came[n]; e != nil; e = came[e.Caller] {
		at := "?"
		if e.Site != nil {
			p := e.Caller.Func.Prog.Fset.Position(e.Pos())
			at = fmt.Sprintf("%s:%d", filepath.Base(p.Filename), p.Line)
		}
		text += fmt.Sprintf("\n\tfrom %s (%s)", nameOf(e.Caller.Func), at)
	}
	return text
}

func isGenerator(f *ssa.Function) bool {
	if f.Name() == "Error" {
		return false // the text of an error, which may be any for any other
	}
	if slices.Contains(generators, packageOf(f)) {
		return true
	}
	name := strings.ToLower(f.Name())
	return strings.Contains(name, "getrandom") || f.Blocks == nil && strings.Contains(name, "rand")
}

// allowed says whether a call is an inner use, or leads to the initialiser of a
// package of others: what that leaves behind is reached by calls only.
func allowed(e *callgraph.Edge) bool {
	if e.Callee.Func.Synthetic == "package initializer" && !strings.HasPrefix(packageOf(e.Callee.Func), module+"/") {
		return true
	}
	return slices.ContainsFunc(inners, func(i inner) bool {
		return (i.from == "" || i.from == nameOf(e.Caller.Func)) && (i.to == packageOf(e.Callee.Func) || i.to == nameOf(e.Callee.Func))
	})
}

// nameOf is a function's name, of a generic one without what it is made for.
func nameOf(f *ssa.Function) string {
	if f.Origin() != nil {
		f = f.Origin()
	}
	return f.String()
}

func packageOf(f *ssa.Function) string {
	for f.Parent() != nil {
		f = f.Parent()
	}
	if f.Origin() != nil {
		f = f.Origin()
	}
	switch {
	case f.Pkg != nil:
		return f.Pkg.Pkg.Path()
	case f.Object() != nil && f.Object().Pkg() != nil: // a wrapper
		return f.Object().Pkg().Path()
	}
	return ""
}

// load loads packages of the module as they are built for a board.
func load(t *testing.T, mode gopackages.LoadMode, overlay map[string][]byte, patterns ...string) []*gopackages.Package {
	t.Helper()
	var full []string
	for _, p := range patterns {
		full = append(full, module+"/"+p)
	}
	config := &gopackages.Config{
		Mode:    mode,
		Dir:     "..",
		Env:     append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0"),
		Overlay: overlay,
	}
	loaded, err := gopackages.Load(config, full...)
	if err != nil {
		t.Fatal(err)
	}
	gopackages.Visit(loaded, nil, func(p *gopackages.Package) {
		for _, err := range p.Errors {
			t.Error(err)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return loaded
}

// padPackages names the packages that make pads.
func padPackages(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, p := range load(t, gopackages.NeedName, nil, padMaking...) {
		name := strings.TrimPrefix(p.PkgPath, module+"/")
		if !forTests(name) && name != "hal/noise/deskfile" {
			names = append(names, name)
		}
	}
	return names
}
