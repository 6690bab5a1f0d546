// Package seal turns a text and a segment of pad into a package, and back.
// It is pure: bytes in, bytes out, no files, no clock, no randomness.
//
// Start with Suite: Paper is bit for bit what the authors of the 2015 report
// computed, Unconditional is ours and the default. Encode makes what is
// encrypted out of a text, Seal the package; Open and Decode go back.
// HashKey and Segment hold pad bytes and print redacted. Destroyed finds pad
// that was burned. ForgeryBound says what a forger can hope for.
//
// What it refuses to do: choose a segment, remember which were used, or know
// a lane's direction. A segment must serve one message only; that is
// padstore's work, and everything below rests on it. Only segments with
// destroyed cells are refused here too.
//
// # Formats
//
// ⊕ is xor, ‖ concatenation, n the length of what is encrypted, index the pad
// offset of the segment's first lane byte in 6 bytes, little-endian.
//
//	Paper          segment  p_text[n] ‖ p_body[n+32] ‖ p_key[16]
//	               package  index ‖ (p_body ⊕ (c ‖ HMAC-SHA256(p_key, index ‖ c)))
//	                        c = p_text ⊕ text
//	Unconditional  segment  s[16] ‖ p_text[n]
//	               package  index ‖ c ‖ Poly1305(r ‖ s, index ‖ c)
//	                        c = p_text ⊕ frame
//	               frame    kind[1] ‖ body ‖ 0x80 ‖ zeros up to a multiple of the bucket
//
// In Unconditional r is the lane's first cell, the hash key; segments begin
// on cell borders and are whole cells. Kind 1 is UTF-8 text.
//
// # Why r stays and s is fresh
//
// Poly1305 is H_r(m) + s mod 2^128, where H_r(m) is a polynomial in r modulo
// p = 2^130-5 whose degree is L, the number of 16-byte blocks in m = index ‖ c,
// and whose coefficients m determines (RFC 8439, section 2.5). This is the
// MAC of Wegman and Carter: one hash key, and a fresh mask for every tag.
//
// Let the pad be uniform and the forger unbounded, let him know and choose
// every text, and see every package. What he learns of a text cell is the
// cell itself. What he learns of a mask is the tag H_r(m) + s. No cell is both
// and none serves twice, so for every r there is exactly one value of the
// masks that gives the tags he sees: his view is independent of r. Now he
// tries a package (index, c', t') that nobody sealed:
//
//   - The cell at index masked an honest message m with tag t. The try
//     verifies only if H_r(m') - H_r(m) = t' - t mod 2^128. As the left side is
//     the difference of two residues, at most 8 integers fit, each a
//     polynomial equation of degree at most L, the longer one's: at most 8L
//     of the 2^106 clamped values of r. (If m' = m, no other tag fits.)
//   - The cell at index is a text cell, so he knows s. Then H_r(m') is one of
//     at most 4 residues: 4L of 2^106 values.
//   - The cell at index is unused. Then s is uniform and independent of all
//     he knows: one of 2^128.
//
// An index at the hash key itself, before it or outside the lane is none of
// these: padstore refuses it unread. This package refuses one inside a cell.
//
// So one try succeeds with probability at most 8L/2^106, and tries add up.
// The polynomials are never constant: Poly1305 puts a 1 above every block, so
// different messages have different polynomials, none with a constant term.
//
// A fresh r for every message, taken from the segment, would be weaker here,
// not stronger: the forger may point index at text cells that he knows, and
// would then know r and s both. With r outside every segment, known text
// helps nobody.
//
// Two places where the pad is not uniform: a hash key whose clamped value is
// 0 (one in 2^106) is refused, and so never forged against; cells of 16 equal
// bytes are never used, which changes the pad's distribution by at most
// 2^-120 for each of its cells.
//
// Paper claims less. Its index may point anywhere, but p_body also masks c:
// known text shows only p_text ⊕ p_body, no pad byte that could become a key.
// Its authenticity rests on HMAC-SHA256.
package seal
