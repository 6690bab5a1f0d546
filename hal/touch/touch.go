// Package touch reads the finger on a pad device's glass.
//
// Evdev is whatever touchscreen or pointer the kernel drives, plugged in at any
// time. Touch controllers that hang on SPI or I2C are packages below this one
// (xpt2046, stmpe610, ft6236), with the same methods: String, Run and Halt.
// poll.go is what they have in common. tracker.go makes touches of the kernel's
// events, and has no I/O.
//
// What it refuses to do: guess. A finger of which events were lost, or whose
// device went away, is lifted off the glass, which is no tap.
package touch

// Touch is the finger put down or lifted. X and Y are from 0 to 1 across the
// glass, from its top left corner, not turned. Lost means that the finger was
// lifted nowhere: what was tracked is not known any more.
type Touch struct {
	Down bool
	Lost bool
	X, Y float64
}
