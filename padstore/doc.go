// Package padstore keeps a pad device's pads on its card, and burns them: a
// pad byte that served a message never serves another, whatever the power
// does.
//
// Start with Store. Seal and Unseal burn a segment durably before anything
// made from it leaves this package; Verify answers without changing anything.
// A pad (pad.go) is two files: the pad's bytes, where used segments are zeros,
// and metadata in two slots, which say what is used. These are two independent
// marks; recovery (recover.go) brings them up to each other when the store is
// opened. Positions within the package are lane positions (lane.go): they
// count upwards in both lanes. Import and Generate are the ways in for pads
// made on a trusted computer.
//
// What it refuses to do: ask anybody (package device does), rebuild a pad
// whose metadata are lost, go on after a failed write or sync, and make
// randomness. FORMAT.md describes the files for others.
package padstore
