package main_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gopackages "golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
)

// The functions through which a pad's bytes go.
const (
	draw     = "(*" + module + "/firmware/entropy.Well).Draw"
	add      = "(*" + module + "/padstore.Reservoir).Add"
	take     = "(*" + module + "/padstore.Reservoir).Take"
	contrib  = "(*" + module + "/padstore.Draft).Append"
	generate = module + "/padstore.Generate"
	newWell  = module + "/firmware/entropy.NewWell"
	join     = "(*" + module + "/firmware/entropy.Well).Join"
)

// callers are the packages of the devices that name these functions.
var callers = map[string][]string{
	newWell:  {"firmware", "firmware/desk"},
	join:     {"firmware/device"}, // what was found later
	draw:     {"firmware/device"},
	add:      {"firmware/device"},
	take:     {"firmware", "firmware/meeting", "padstore"}, // a tie-breaker; contributions and nonces; the device's id
	contrib:  {"firmware/meeting"},
	generate: nil, // the laptop's way to make a pad, as in 2015
}

// TestPadsAreMadeOfExtractedNoiseAlone looks at both devices, the board's and
// the desk's, from source to pad:
//
//   - types that can be sources of noise are in package noise, and for the desk
//     in deskfile, which the board does not contain;
//   - what a Well draws is handed to the reservoir by the fill alone, and each
//     Add there gets a buffer that Draw has filled, without an error, and that
//     nothing else has written to or kept;
//   - nothing but a meeting adds to a draft, and no device makes pads in
//     another way. (Import moves a pad in that was made elsewhere.)
//
// It does not look into the Well, the reservoir and the meeting: that they
// pass on what they were given is tested there, by the bytes. To see that it
// would find another way, it also reads a file with many of them, added to the
// device's package.
func TestPadsAreMadeOfExtractedNoiseAlone(t *testing.T) {
	source, err := os.ReadFile("testdata/fills.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	added, err := filepath.Abs("device/added.go")
	if err != nil {
		t.Fatal(err)
	}
	loaded := loadDevices(t, map[string][]byte{added: source})
	checkSources(t, loaded)
	found := uses(t, loaded)
	found = append(found, fills(t, loaded)...)
	ways := map[string]bool{}
	for _, f := range found {
		if f.at.Filename == added {
			ways[f.in] = true
			continue
		}
		t.Errorf("%s:%d: %s %s", f.at.Filename, f.at.Line, f.in, f.what)
	}
	for line := range strings.Lines(string(source)) {
		if way, ok := strings.CutPrefix(line, "func addedBy"); ok {
			way = "addedBy" + way[:strings.Index(way, "(")]
			if !ways[way] {
				t.Errorf("%s fills the reservoir with other bytes, and that is not seen", way)
			}
			delete(ways, way)
		}
	}
	if len(ways) > 0 {
		t.Errorf("found fault with what is as it should be: %v", slices.Collect(maps.Keys(ways)))
	}
}

// checkSources finds every type that could be a source of noise.
func checkSources(t *testing.T, loaded []*gopackages.Package) {
	t.Helper()
	var source *types.Interface
	for _, p := range loaded {
		if p.PkgPath == module+"/hal/noise" {
			source = p.Types.Scope().Lookup("Source").Type().Underlying().(*types.Interface)
		}
	}
	sources := map[string]int{}
	for _, p := range loaded {
		for _, object := range p.TypesInfo.Defs {
			name, ok := object.(*types.TypeName)
			if !ok || types.IsInterface(name.Type()) || !types.Implements(types.NewPointer(name.Type()), source) {
				continue
			}
			sources[strings.TrimPrefix(p.PkgPath, module+"/")]++
		}
	}
	if sources["hal/noise"] < 3 || len(sources) != 2 || sources["hal/noise/deskfile"] != 1 {
		t.Errorf("sources of noise are made in %v", sources)
	}
	gopackages.Visit(load(t, names, nil, "firmware"), nil, func(p *gopackages.Package) {
		if p.PkgPath == module+"/hal/noise/deskfile" {
			t.Error("a file can stand for a source on the board")
		}
	})
}

// names loads no more than which package imports which.
const names = gopackages.NeedName | gopackages.NeedImports | gopackages.NeedDeps

// loadDevices loads the packages of the module that are in a device.
func loadDevices(t *testing.T, overlay map[string][]byte) []*gopackages.Package {
	t.Helper()
	var inside []string
	gopackages.Visit(load(t, names, overlay, "firmware", "firmware/desk"), nil, func(p *gopackages.Package) {
		if name, ours := strings.CutPrefix(p.PkgPath, module+"/"); ours {
			inside = append(inside, name)
		}
	})
	return load(t, gopackages.LoadSyntax, overlay, inside...)
}

// finding is something that ought not to be.
type finding struct {
	at       token.Position
	in, what string
}

// uses finds who names the functions of callers without being one of those
// listed, and interfaces by which one could call them without a name.
func uses(t *testing.T, loaded []*gopackages.Package) []finding {
	t.Helper()
	var found []finding
	seen := map[string]map[string]bool{}
	var owners []types.Type
	for _, p := range loaded {
		for name, object := range p.TypesInfo.Uses {
			f, ok := object.(*types.Func)
			if !ok {
				continue
			}
			allowed, watched := callers[f.FullName()]
			if !watched {
				continue
			}
			if receiver := f.Signature().Recv(); receiver != nil {
				owners = append(owners, receiver.Type())
			}
			by := strings.TrimPrefix(p.PkgPath, module+"/")
			if !slices.Contains(allowed, by) {
				found = append(found, finding{p.Fset.Position(name.Pos()), by, "names " + f.FullName()})
			}
			if seen[f.FullName()] == nil {
				seen[f.FullName()] = map[string]bool{}
			}
			seen[f.FullName()][by] = true
		}
	}
	for name, allowed := range callers {
		for _, by := range allowed {
			if !seen[name][by] {
				t.Errorf("%s does not use %s any more: is this test reading it?", by, name)
			}
		}
	}
	return append(found, hiddenBy(loaded, owners)...)
}

// hiddenBy finds interfaces with a method of callers that an owner has.
func hiddenBy(loaded []*gopackages.Package, owners []types.Type) []finding {
	watched := []string{"Draw", "Add", "Take", "Append"}
	var found []finding
	for _, p := range loaded {
		for expr, value := range p.TypesInfo.Types {
			face, ok := value.Type.Underlying().(*types.Interface)
			if _, isType := expr.(*ast.InterfaceType); !ok || !isType {
				continue
			}
			for m := range face.Methods() {
				hidden := slices.Contains(watched, m.Name()) &&
					slices.ContainsFunc(owners, func(o types.Type) bool { return types.Implements(o, face) })
				if hidden {
					found = append(found, finding{p.Fset.Position(expr.Pos()), p.PkgPath, "hides " + m.Name() + " behind an interface"})
				}
			}
		}
	}
	return found
}

// fills finds calls of Add whose bytes are not what Draw has just made.
func fills(t *testing.T, loaded []*gopackages.Package) []finding {
	t.Helper()
	program, built := ssautil.Packages(loaded, ssa.InstantiateGenerics)
	program.Build()
	var found []finding
	calls := 0
	for f := range ssautil.AllFunctions(program) {
		if !slices.Contains(built, f.Pkg) || f.Synthetic != "" {
			continue
		}
		for _, block := range f.Blocks {
			for _, instruction := range block.Instrs {
				what := ""
				switch call, isCall := instruction.(*ssa.Call); {
				case isCall && called(call.Common()) == add:
					calls++
					what = notDrawn(call)
				case mentions(instruction, add):
					what = "calls the reservoir's Add otherwise than plainly"
				}
				if what != "" {
					found = append(found, finding{program.Fset.Position(instruction.Pos()), outermost(f).Name(), what})
				}
			}
		}
	}
	if calls == 0 {
		t.Error("nothing is added to the reservoir: is this test reading it?")
	}
	return found
}

func outermost(f *ssa.Function) *ssa.Function {
	for f.Parent() != nil {
		f = f.Parent()
	}
	return f
}

// called is the full name of the function that is called, empty if that is
// known only when it runs, or goes through a wrapper.
func called(call *ssa.CallCommon) string {
	if f := call.StaticCallee(); f != nil && f.Object() != nil && f.Synthetic == "" {
		return f.Object().(*types.Func).FullName()
	}
	return ""
}

// mentions says whether an instruction has the function as an operand, or
// calls it later or elsewhere (go, defer).
func mentions(i ssa.Instruction, name string) bool {
	for _, operand := range i.Operands(nil) {
		f, ok := (*operand).(*ssa.Function)
		if ok && f.Object() != nil && f.Object().(*types.Func).FullName() == name {
			return true
		}
	}
	return false
}

// notDrawn says what is wrong with the bytes given to a call of Add; empty if
// nothing is.
func notDrawn(addition *ssa.Call) string {
	b := addition.Call.Args[1]
	drawn := false
	for _, use := range *b.Referrers() {
		call, ok := use.(*ssa.Call)
		drawn = drawn || ok && called(call.Common()) == draw && call.Call.Args[2] == b && succeeded(call, addition.Block())
	}
	if !drawn {
		return "adds bytes to the reservoir that were not drawn"
	}
	return touched(b, map[ssa.Value]bool{})
}

// succeeded says whether a block is reached only when a call's error was nil.
func succeeded(call *ssa.Call, block *ssa.BasicBlock) bool {
	for _, use := range *call.Referrers() {
		compared, ok := use.(*ssa.BinOp)
		if !ok || compared.Op != token.NEQ && compared.Op != token.EQL {
			continue
		}
		if other, ok := compared.Y.(*ssa.Const); !ok || !other.IsNil() {
			continue
		}
		for _, then := range *compared.Referrers() {
			if branch, ok := then.(*ssa.If); ok {
				good := branch.Block().Succs[0]
				if compared.Op == token.NEQ {
					good = branch.Block().Succs[1]
				}
				if len(good.Preds) == 1 && good.Dominates(block) {
					return true
				}
			}
		}
	}
	return false
}

// touched follows a buffer to where it is made, through slicing and parameters,
// and says what else uses it; empty if that is nothing but Draw, Add, len, cap
// and clear.
func touched(v ssa.Value, seen map[ssa.Value]bool) string {
	if seen[v] {
		return ""
	}
	seen[v] = true
	switch v := v.(type) {
	case *ssa.MakeSlice, *ssa.Alloc:
	case *ssa.Slice:
		if what := touched(v.X, seen); what != "" {
			return what
		}
	case *ssa.Parameter:
		if what := passed(v, seen); what != "" {
			return what
		}
	default:
		return fmt.Sprintf("adds bytes to the reservoir that others may hold (%s)", v)
	}
	for _, use := range *v.Referrers() {
		what := fmt.Sprintf("uses the bytes for something else (%s)", use)
		switch use := use.(type) {
		case *ssa.Slice:
			what = touched(use, seen)
		case *ssa.Defer:
			what = untouching(use.Common(), v, seen, what)
		case *ssa.Call:
			what = untouching(use.Common(), v, seen, what)
		case *ssa.DebugRef:
			what = ""
		}
		if what != "" {
			return what
		}
	}
	return ""
}

// untouching returns what, unless the call is one that may have the buffer v.
func untouching(call *ssa.CallCommon, v ssa.Value, seen map[ssa.Value]bool, what string) string {
	if builtin, ok := call.Value.(*ssa.Builtin); ok {
		if slices.Contains([]string{"len", "cap", "clear"}, builtin.Name()) {
			return ""
		}
		return what
	}
	if name := called(call); name == draw || name == add {
		return ""
	}
	f := call.StaticCallee()
	if f == nil || f.Blocks == nil {
		return what
	}
	for i, argument := range call.Args {
		if argument == v {
			if what := touched(f.Params[i], seen); what != "" {
				return what
			}
		}
	}
	return ""
}

// passed follows a parameter to the arguments of every call of its function.
func passed(p *ssa.Parameter, seen map[ssa.Value]bool) string {
	f := p.Parent()
	index := slices.Index(f.Params, p)
	what := "adds bytes to the reservoir that nobody here passes"
	for caller := range ssautil.AllFunctions(f.Prog) {
		for _, block := range caller.Blocks {
			for _, instruction := range block.Instrs {
				call, ok := instruction.(ssa.CallInstruction)
				if !ok || call.Common().StaticCallee() != f {
					continue
				}
				if what = touched(call.Common().Args[index], seen); what != "" {
					return what
				}
			}
		}
	}
	return what
}
