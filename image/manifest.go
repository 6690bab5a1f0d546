package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// manifest lists what an image was made of.
type manifest []input

// input is one thing that went into an image.
type input struct {
	name    string
	version string // and where it comes from
	sum     string // SHA-256, in hex
}

func (m *manifest) add(name, version string, data []byte) {
	m.addSum(name, version, fmt.Sprintf("%x", sha256.Sum256(data)))
}

func (m *manifest) addSum(name, version, sum string) {
	*m = append(*m, input{name, version, sum})
}

// without is m without the inputs whose names begin with prefix.
func (m manifest) without(prefix string) manifest {
	return slices.DeleteFunc(slices.Clone(m), func(in input) bool { return strings.HasPrefix(in.name, prefix) })
}

// text is the manifest as a file: a line for each input with its SHA-256, its
// name and its version.
func (m manifest) text() []byte {
	wide := 0
	for _, in := range m {
		wide = max(wide, len(in.name))
	}
	var out bytes.Buffer
	out.WriteString("# What this image was made of: SHA-256, name, version.\n")
	for _, in := range m {
		fmt.Fprintf(&out, "%s  %-*s  %s\n", in.sum, wide, in.name, in.version)
	}
	return out.Bytes()
}
