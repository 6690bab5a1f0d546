package kernel

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Module is a kernel module to be loaded.
type Module struct {
	File     string // such as ext4.ko
	Data     []byte // not packed, and without a signature
	Optional bool   // the device works without it, or on boards without what it drives
	SoC      string // the processor of the boards that load it, such as "bcm2711"; "" for all
}

// forbidden are the folders of which nothing may reach an image, whatever needs
// it: radio, and USB devices made in software.
func forbidden(path string) bool {
	return slices.ContainsFunc([]string{
		"/drivers/net/wireless/", "/net/wireless/", "/net/mac80211/", "/net/rfkill/", "/drivers/bluetooth/",
		"/net/bluetooth/", "/net/nfc/", "/drivers/nfc/", "/net/ieee802154/", "/drivers/net/ieee802154/",
		"/gadget/udc/dummy_hcd.",
	}, func(folder string) bool { return strings.Contains(path, folder) })
}

// Load returns the modules that a pad device loads, in the order in which to
// load them: each after what it needs.
func (p *Package) Load() ([]Module, error) { return p.load(wanted()) }

// Module is one module of the package alone, whatever it needs, and though it
// may not be in an image: for tests, on boards that are emulated.
func (p *Package) Module(name string) (Module, error) {
	m, ok := p.modules[strings.ReplaceAll(name, "-", "_")]
	if !ok {
		return Module{}, fmt.Errorf("%s has no module %s", p.Name, name)
	}
	data, err := unpack(m.data)
	if err != nil {
		return Module{}, fmt.Errorf("%s: %w", m.path, err)
	}
	return m.load(data), nil
}

// load is the module, unpacked, to be loaded.
func (m packed) load(data []byte) Module {
	return Module{File: strings.TrimSuffix(m.base(), ".xz"), Data: unsigned(data)}
}

func (p *Package) load(groups []group) ([]Module, error) {
	o := order{p: p, place: make(map[string]int)}
	for _, g := range groups {
		for _, name := range strings.Fields(g.names) {
			if err := o.add(name, use{g.optional, g.soc}, nil); err != nil {
				return nil, fmt.Errorf("%s: module %s: %w", p.Name, name, err)
			}
		}
	}
	return o.modules, nil
}

// use is what a module is wanted for: without need, or on one board alone.
type use struct {
	optional bool
	soc      string
}

// and is both uses of one module.
func (u use) and(other use) use {
	u.optional = u.optional && other.optional
	if u.soc != other.soc {
		u.soc = ""
	}
	return u
}

// order is a load order as it grows.
type order struct {
	p       *Package
	modules []Module
	place   map[string]int // where in modules each one is
}

// add appends the module name, after what it needs, unless it is there already
// or built into the kernel. path is what needs it, and what needs that.
func (o *order) add(name string, wanted use, path []string) error {
	name = strings.ReplaceAll(name, "-", "_")
	if slices.Contains(path, name) {
		return fmt.Errorf("it needs itself: %s", strings.Join(append(path, name), " needs "))
	}
	if o.p.builtin[name] {
		return nil
	}
	at, here := o.place[name]
	if here {
		is := use{o.modules[at].Optional, o.modules[at].SoC}
		if wanted = is.and(wanted); wanted == is {
			return nil
		}
	}
	m, ok := o.p.modules[name]
	if !ok {
		return fmt.Errorf("the package has no %s", name)
	}
	if forbidden("/" + m.path) {
		return fmt.Errorf("%s may not be in an image", m.path)
	}
	data, err := unpack(m.data)
	if err != nil {
		return fmt.Errorf("%s: %w", m.path, err)
	}
	info, err := readInfo(data)
	if err != nil {
		return fmt.Errorf("%s: %w", m.path, err)
	}
	if info.release != o.p.Release {
		return fmt.Errorf("%s is of kernel %q, not %s", m.path, info.release, o.p.Release)
	}
	path = append(slices.Clip(path), name)
	if err := o.addAll(slices.Concat(info.needs, info.before), wanted, path); err != nil {
		return err
	}
	if !here {
		at = len(o.modules)
		o.place[name] = at
		o.modules = append(o.modules, m.load(data))
	}
	// What it needs just came to be of as much use, if it is here already.
	o.modules[at].Optional, o.modules[at].SoC = wanted.optional, wanted.soc
	if here {
		return nil
	}
	return o.addAll(info.after, wanted, path)
}

func (o *order) addAll(names []string, wanted use, path []string) error {
	for _, name := range names {
		if err := o.add(provider(name), wanted, path); err != nil {
			return err
		}
	}
	return nil
}

// provider is the module that stands for a name by which another one asks for
// it without naming a module.
func provider(name string) string {
	if name == "crypto-crc32c" {
		return "crc32c_generic"
	}
	return name
}

func (m packed) base() string { return m.path[strings.LastIndexByte(m.path, '/')+1:] }

// unsigned cuts off the signature behind a module (Linux,
// include/linux/module_signature.h: the signature, 12 bytes that end with its
// length, a magic text). Debian's kernel loads modules without one as well.
// Whoever could change the modules on a card could change the kernel beside
// them, so the signatures protect nothing there, and checking those of 70
// modules takes an emulated board 2 s.
func unsigned(module []byte) []byte {
	const magic, trailer = "~Module signature appended~\n", 12
	rest, ok := bytes.CutSuffix(module, []byte(magic))
	if !ok || len(rest) < trailer {
		return module
	}
	size := int64(binary.BigEndian.Uint32(rest[len(rest)-4:]))
	if rest = rest[:len(rest)-trailer]; size > int64(len(rest)) {
		return module
	}
	return rest[:int64(len(rest))-size]
}

// info is what a module says about itself.
type info struct {
	release string   // the kernel it was built for
	needs   []string // modules whose symbols it uses
	before  []string // modules that it wants loaded before it
	after   []string // and after it
}

// readInfo reads a module's section .modinfo, which is "key=value" strings
// with a zero byte after each.
func readInfo(module []byte) (info, error) {
	var found info
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return found, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return found, errors.New("it says nothing about itself")
	}
	data, err := section.Data()
	if err != nil {
		return found, err
	}
	for entry := range strings.SplitSeq(string(data), "\x00") {
		key, value, _ := strings.Cut(entry, "=")
		switch key {
		case "depends":
			found.needs = append(found.needs, strings.FieldsFunc(value, func(r rune) bool { return r == ',' })...)
		case "softdep":
			found.addSoft(value)
		case "vermagic":
			found.release, _, _ = strings.Cut(value, " ")
		}
	}
	return found, nil
}

// addSoft reads "pre: a b post: c".
func (i *info) addSoft(value string) {
	list := &i.before
	for _, word := range strings.Fields(value) {
		switch word {
		case "pre:":
			list = &i.before
		case "post:":
			list = &i.after
		default:
			*list = append(*list, word)
		}
	}
}
