// Package fdt reads and writes flattened device trees, the description of a
// board that its firmware hands to Linux (Devicetree Specification 0.4,
// chapter 5). Overlays have the same form.
//
// Start with Parse and Tree.Bytes; between them a tree is plain nodes to read
// and change. It gives no meaning to properties, applies no overlays, and keeps
// whatever order it found.
package fdt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Bounds: the trees of boards have 40 KB and nodes at most 6 deep.
const (
	maxSize  = 4 << 20
	maxDepth = 32
)

// The format's numbers (section 5.2 and 5.4.1).
const (
	magic       = 0xd00dfeed
	version     = 17
	lastVersion = 16 // the oldest version that a reader of this must know
	headerSize  = 40

	tokenBegin = 1
	tokenEnd   = 2
	tokenProp  = 3
	tokenNop   = 4
	tokenStop  = 9
)

// Tree is a device tree.
type Tree struct {
	Root     *Node
	Reserved []Region // memory that Linux must leave alone
	BootCPU  uint32
}

// Region is a stretch of memory, in bytes.
type Region struct{ Start, Size uint64 }

// Node is a node of a tree. The root's name is "".
type Node struct {
	Name  string
	Props []Prop
	Nodes []*Node
}

// Prop is a property: bytes under a name.
type Prop struct {
	Name  string
	Value []byte
}

// Find returns the node at a path such as "soc/spi@7e204000" below n, or nil.
func (n *Node) Find(path string) *Node {
	for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if name == "" {
			continue
		}
		var found *Node
		for _, child := range n.Nodes {
			if child.Name == name {
				found = child
			}
		}
		if found == nil {
			return nil
		}
		n = found
	}
	return n
}

// Prop returns the value of a property and whether n has it.
func (n *Node) Prop(name string) ([]byte, bool) {
	for _, p := range n.Props {
		if p.Name == name {
			return p.Value, true
		}
	}
	return nil, false
}

// Set gives n a property, in place of one of that name.
func (n *Node) Set(name string, value []byte) {
	for i := range n.Props {
		if n.Props[i].Name == name {
			n.Props[i].Value = value
			return
		}
	}
	n.Props = append(n.Props, Prop{name, value})
}

// Cells is the value of a property that is a list of numbers.
func Cells(numbers ...uint32) []byte {
	var b []byte
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// Strings is the value of a property that is a list of strings.
func Strings(list ...string) []byte {
	var b []byte
	for _, s := range list {
		b = append(append(b, s...), 0)
	}
	return b
}

// Parse reads a flattened tree.
func Parse(blob []byte) (*Tree, error) {
	if len(blob) < headerSize || len(blob) > maxSize {
		return nil, fmt.Errorf("a device tree has %d to %d bytes, not %d", headerSize, maxSize, len(blob))
	}
	field := func(i int) uint32 { return binary.BigEndian.Uint32(blob[4*i:]) }
	if field(0) != magic || field(6) > version || field(5) < version {
		return nil, errors.New("not a device tree of version 17")
	}
	if field(1) < headerSize || uint64(field(1)) > uint64(len(blob)) {
		return nil, errors.New("the device tree is cut short")
	}
	blob = blob[:field(1)]
	tree := &Tree{BootCPU: field(7)}
	structure, err1 := part(blob, field(2), field(9))
	texts, err2 := part(blob, field(3), field(8))
	err3 := tree.readReserved(blob, field(4))
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	r := reader{rest: structure, texts: texts}
	if r.token() != tokenBegin {
		return nil, errors.New("the device tree does not begin with a node")
	}
	tree.Root = r.node(0)
	if r.err == nil && r.token() != tokenStop {
		r.fail("the device tree does not end after its root")
	}
	if r.err != nil {
		return nil, r.err
	}
	return tree, nil
}

func part(blob []byte, start, size uint32) ([]byte, error) {
	if uint64(start)+uint64(size) > uint64(len(blob)) {
		return nil, errors.New("a part of the device tree lies outside it")
	}
	return blob[start : start+size], nil
}

// readReserved reads pairs of numbers up to a pair of zeros.
func (t *Tree) readReserved(blob []byte, start uint32) error {
	for at := uint64(start); at+16 <= uint64(len(blob)); at += 16 {
		r := Region{binary.BigEndian.Uint64(blob[at:]), binary.BigEndian.Uint64(blob[at+8:])}
		if r == (Region{}) {
			return nil
		}
		t.Reserved = append(t.Reserved, r)
	}
	return errors.New("the device tree's reserved memory does not end")
}

// reader reads the structure part of a tree. After an error it reads zeros.
type reader struct {
	rest, texts []byte
	err         error
}

func (r *reader) fail(why string) {
	if r.err == nil {
		r.err = errors.New(why)
	}
	r.rest = nil
}

// cell reads a number.
func (r *reader) cell() uint32 {
	if len(r.rest) < 4 {
		r.fail("the device tree's structure is cut short")
		return 0
	}
	n := binary.BigEndian.Uint32(r.rest)
	r.rest = r.rest[4:]
	return n
}

// token reads what comes next, past tokens that mean nothing.
func (r *reader) token() uint32 {
	for {
		if t := r.cell(); t != tokenNop || r.err != nil {
			return t
		}
	}
}

// bytes reads n bytes and the padding behind them to a multiple of four.
func (r *reader) bytes(n uint32) []byte {
	padded := (uint64(n) + 3) &^ 3
	if padded > uint64(len(r.rest)) {
		r.fail("the device tree's structure is cut short")
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[padded:]
	return b
}

// node reads a node after its begin token, to its end.
func (r *reader) node(depth int) *Node {
	if depth > maxDepth {
		r.fail("the device tree is too deep")
		return nil
	}
	end := bytes.IndexByte(r.rest, 0)
	if end < 0 {
		r.fail("a node's name does not end")
		return nil
	}
	n := &Node{Name: string(bytes.TrimRight(r.bytes(uint32(end)+1), "\x00"))}
	for r.err == nil {
		switch r.token() {
		case tokenBegin:
			n.Nodes = append(n.Nodes, r.node(depth+1))
		case tokenProp:
			size, name := r.cell(), r.cell()
			n.Props = append(n.Props, Prop{r.text(name), r.bytes(size)})
		case tokenEnd:
			return n
		default:
			r.fail("the device tree's structure is damaged")
		}
	}
	return n
}

// text returns the string at a place in the texts.
func (r *reader) text(at uint32) string {
	if uint64(at) < uint64(len(r.texts)) {
		if s, _, ok := bytes.Cut(r.texts[at:], []byte{0}); ok {
			return string(s)
		}
	}
	r.fail("a property's name lies outside the device tree")
	return ""
}

// Bytes is t as a flattened tree. The same tree gives the same bytes.
func (t *Tree) Bytes() []byte {
	w := writer{places: make(map[string]uint32)}
	w.node(t.Root)
	w.cell(tokenStop)
	var reserved []byte
	for _, r := range append(t.Reserved[:len(t.Reserved):len(t.Reserved)], Region{}) {
		reserved = binary.BigEndian.AppendUint64(reserved, r.Start)
		reserved = binary.BigEndian.AppendUint64(reserved, r.Size)
	}
	structure := uint32(headerSize + len(reserved))
	texts := structure + uint32(len(w.structure))
	total := texts + uint32(len(w.texts))
	header := Cells(magic, total, structure, texts, headerSize, version, lastVersion, t.BootCPU,
		uint32(len(w.texts)), uint32(len(w.structure)))
	out := make([]byte, 0, total)
	for _, part := range [][]byte{header, reserved, w.structure, w.texts} {
		out = append(out, part...)
	}
	return out
}

// writer makes the parts of a flattened tree.
type writer struct {
	structure, texts []byte
	places           map[string]uint32 // of each property's name in texts
}

func (w *writer) cell(n uint32) { w.structure = binary.BigEndian.AppendUint32(w.structure, n) }

// bytes writes b and pads it to a multiple of four.
func (w *writer) bytes(b []byte) {
	w.structure = append(w.structure, b...)
	w.structure = append(w.structure, make([]byte, -len(b)&3)...)
}

func (w *writer) node(n *Node) {
	w.cell(tokenBegin)
	w.bytes(Strings(n.Name))
	for _, p := range n.Props {
		at, ok := w.places[p.Name]
		if !ok {
			at = uint32(len(w.texts))
			w.places[p.Name] = at
			w.texts = append(w.texts, Strings(p.Name)...)
		}
		w.cell(tokenProp)
		w.cell(uint32(len(p.Value)))
		w.cell(at)
		w.bytes(p.Value)
	}
	for _, child := range n.Nodes {
		w.node(child)
	}
	w.cell(tokenEnd)
}
