package seal_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"onetimechat/padstore/seal"
)

// The table of bounds in SECURITY.md is what this package computes.
func TestTheDocumentsQuoteTheBound(t *testing.T) {
	text, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{32, 1 << 10, 64 << 10, seal.Unconditional.MaxPlain()} {
		blocks := (n + seal.IndexSize + seal.CellSize - 1) / seal.CellSize
		row := fmt.Sprintf("| %d | 2^%.1f |", blocks, seal.ForgeryBoundLog2(n))
		if !strings.Contains(string(text), row) {
			t.Errorf("SECURITY.md has no row for %d bytes that ends in %q", n, row)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []seal.Suite{seal.Paper, seal.Unconditional} {
		cost := s.SegmentSizeOfText(100, seal.DefaultBucket)
		if want := fmt.Sprintf("%d bytes", cost); !strings.Contains(string(readme), want) {
			t.Errorf("README.md does not say that 100 bytes cost %s in %s", want, s)
		}
	}
}
