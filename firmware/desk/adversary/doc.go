// Package adversary plays those whom One Time Chat is made against, with the
// programs that people run: otc, its relay, and otc-desk with a finger on its
// drawn buttons. It has tests only; nothing of it is in any program.
//
// Start with world_test.go, which starts the programs and plays the owners.
// Then relay_test.go is a relay that lies, laptop_test.go a laptop that does,
// kill_test.go the power that goes, and crowd_test.go many at once.
//
// What it does not play: forgers with a suite in hand (padstore/seal), pages in
// a browser (firmware/desk), and peers at a meeting (firmware/meeting).
package adversary
