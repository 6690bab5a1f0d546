package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// takesControls tells whether a console takes control sequences. It has to be asked
// to: one that was not shows them.
func takesControls(console *os.File) bool {
	handle := windows.Handle(console.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(handle, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
