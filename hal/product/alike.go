package product

import (
	"errors"
	"fmt"
	"slices"
)

// Alike returns the products that a name leaves open: with the same display, and
// with touch controllers that can be asked who they are.
func Alike(name string) []Product {
	return slices.DeleteFunc(Products(), func(p Product) bool { return p.Alike != name || name == "" })
}

// Ask returns the first of products that are alike whose touch controller
// answers. The error names all of them, and why they do not.
func Ask(alike []Product, answers func(Product) error) (Product, error) {
	var silent []error
	for _, p := range alike {
		err := answers(p)
		if err == nil {
			return p, nil
		}
		silent = append(silent, err)
	}
	return Product{}, fmt.Errorf("no touch controller says which it is: %w", errors.Join(silent...))
}
