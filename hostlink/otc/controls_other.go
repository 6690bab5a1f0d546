//go:build !windows

package main

import "os"

// takesControls tells whether a terminal takes control sequences.
func takesControls(*os.File) bool { return true }
