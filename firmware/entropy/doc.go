// Package entropy makes uniform bytes of the noise of hardware, and nothing
// else: no generator stretches them, and no step rests on a computational
// assumption.
//
// Start with Well. It draws from each source through a spring (spring.go):
// noise is read in batches, tested (Health), extracted from (Extractor), and
// leaves as far as the ledger (ledger.go) allows; what the springs give is
// xored. The cutoffs of the tests are computed in cutoff.go, the seed is in
// pi.go. Account says what a number of bytes rests on, for a pad's
// certificate. Estimates (estimate.go) run beside all this, for display only.
//
// What it refuses to do: give a byte of a Draw in which a source failed, go on
// with the sources that are left, take a weaker source instead, and give more
// than the credited entropy allows.
//
// # The extractor
//
// A block of noise is x[0] to x[4095], a source of credit c sixty-fourths of a
// bit gives y[0] to y[m-1] for each, m = 64c - 256:
//
//	y[i] = xor over j of T[i][j] x[j]    T[i][j] = s[i - j + 4095]
//
// where s[0] to s[4096+m-2] are the binary digits of pi after the point
// (pi - 3 = 0.001001000011…), the most significant first. Bits are numbered
// within bytes from the top one on: x[0] is the highest bit of the first byte
// of the block, y[0] that of the first byte of the output. Blocks follow one
// another without gaps; the start-up noise and discarded batches are in none.
// At the largest credit, 32, m is 1792: 512 bytes become 224.
// testdata/toeplitz.json has known answers.
//
// # What is proven
//
// The leftover hash lemma (Impagliazzo, Levin, Luby 1989): let x have
// min-entropy k, and let T be drawn at random from the Toeplitz matrices of m
// rows, independently of x. Then T and Tx together are at most
// 2^-((k-m)/2 + 1) from T and uniform bits, in statistical distance: nobody,
// with whatever computer, tells them apart with a greater advantage. Here k is
// 64c and k - m is 256, so that is 2^-129; we say 2^-128 for each block. If
// each block has its k bits whatever all blocks before it were, the distances
// of n blocks add up to at most n 2^-128: for 1 GB at half a bit, of 4464286
// blocks, 2^-105.9. Xoring several independent sources is at least as good as
// the best of them.
//
// # What is assumed
//
//   - Each source is a block source: each block of 4096 bits has at least the
//     credited min-entropy, 64c bits, given all bits that came before it, those
//     of the start-up tests and of discarded batches included. That is a
//     property of the hardware. For raw noise it can be argued from its
//     physics; of a source that processes its noise before it gives it, it
//     must be believed.
//   - The noise does not depend on the digits of pi. The lemma is about the
//     average over all seeds; ours is one fixed, public seed, and of one seed
//     it proves nothing: for any single matrix there are distributions of full
//     credit on which it is bad. We assume that physics did not choose one of
//     them. The digits of pi leave us no choice of seed by which to hide one,
//     and were there long before the hardware. Its maker could still look
//     them up: hardware made to defeat this very extractor is outside of the
//     assumption.
//   - Sources that are xored are independent of each other: two that shared
//     their noise could cancel each other out.
//   - Discarding batches that fail the tests takes hardly anything away: good
//     noise fails once in about 2^30 chances, and an adversary learns of it
//     only that it failed.
//
// The health tests prove nothing. Those of SP 800-90B, 4.4, and the search for
// recurrences find gross failures soon: a stuck line, a cable pulled out, an
// amplifier without power. Noise of too little entropy that looks well passes
// them, and so would the output of any cipher. So do the estimates: a low one
// is an alarm, a high one no proof.
//
// # Failures
//
// When a source or a test of it fails, all that the Draw under way has made is
// wiped, and made again from the start-up test on: after 1 s, then 2, 4 and
// 8 s; the source is opened anew. The fifth failure stops the Well until Restart.
// Failures count as being in a row until 256 KiB of sound noise have come between
// them, or while one Draw lasts, so that a source which fails now and then stops
// as well. So does one that begins as it did before, when something was made of it, in
// an earlier life of the device too, as far as it is told of that (Remember).
//
// The rate has collapsed when, over a second or more of reading, it is below a
// sixteenth of what it was over the first second after the start-up test.
package entropy
