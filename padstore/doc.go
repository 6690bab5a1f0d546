// Package padstore keeps a pad device's pads on its card, and burns them: a
// pad byte that served a message never serves another, whatever the power
// does. It also keeps what pads are made of.
//
// Start with Store. Seal and Unseal burn a segment durably before anything
// made from it leaves this package; Verify answers without changing anything.
// A pad (pad.go) is two files: the pad's bytes, where used segments are zeros,
// and metadata in two slots, which say what is used. These are two independent
// marks; recovery (recover.go) brings them up to each other when the store is
// opened. Positions within the package are lane positions (lane.go): they
// count upwards in both lanes.
//
// A pad comes here in one of two ways. At a meeting: noise laid up in the
// Reservoir (reservoir.go), which is burned as it is taken, goes into a Draft
// (draft.go), and Prepare makes that a pad with a certificate (adopt.go,
// certificate.go). Or from a trusted computer: Generate and Import. Which of a
// contact's pads seals is in states.go. How pads, and everything, come to an end
// is in erase.go.
//
// What it refuses to do: ask anybody (package device does), make randomness
// (package entropy does), talk to another device (package meeting does),
// rebuild a pad whose metadata are lost, and go on after a failed write or
// sync. A card without room is no failure where something grows: ErrFull.
// FORMAT.md describes the files for others.
package padstore
