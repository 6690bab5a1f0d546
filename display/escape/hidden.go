package escape

import "unicode"

// Hidden tells whether r must never be shown as itself: it is a control, has
// no shape of its own, changes how other runes look or stand, or passes for a
// plain space.
//
// Beyond the written list these are hidden: everything Unicode does not call
// graphic as far as Go's tables know it (controls, formats, line and paragraph
// separators, surrogates, private use, noncharacters, unassigned code points).
func Hidden(r rune) bool {
	return unicode.Is(hidden, r) || !unicode.IsGraphic(r)
}

// hidden is the written list. It stands alone, so that it does not change
// silently with Go's tables.
var hidden = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x0000, 0x001F, 1}, // C0 controls
		{0x007F, 0x009F, 1}, // DEL and C1 controls
		{0x00A0, 0x00A0, 1}, // no-break space
		{0x00AD, 0x00AD, 1}, // soft hyphen
		{0x034F, 0x034F, 1}, // combining grapheme joiner
		{0x0600, 0x0605, 1}, // Arabic signs that stretch over what follows
		{0x061C, 0x061C, 1}, // Arabic letter mark (bidi)
		{0x06DD, 0x06DD, 1}, // Arabic end of ayah, encloses what follows
		{0x070F, 0x070F, 1}, // Syriac abbreviation mark
		{0x0890, 0x0891, 1}, // Arabic currency signs above
		{0x08E2, 0x08E2, 1}, // Arabic disputed end of ayah
		{0x115F, 0x1160, 1}, // Hangul fillers
		{0x1680, 0x1680, 1}, // Ogham space
		{0x17B4, 0x17B5, 1}, // Khmer inherent vowels
		{0x180B, 0x180F, 1}, // Mongolian variation selectors, vowel separator
		{0x2000, 0x200A, 1}, // spaces of other widths
		{0x200B, 0x200D, 1}, // zero-width space, non-joiner, joiner
		{0x200E, 0x200F, 1}, // direction marks (bidi)
		{0x2028, 0x2029, 1}, // line and paragraph separators
		{0x202A, 0x202E, 1}, // direction embeddings and overrides (bidi)
		{0x202F, 0x202F, 1}, // narrow no-break space
		{0x205F, 0x205F, 1}, // mathematical space
		{0x2060, 0x2064, 1}, // word joiner, invisible operators
		{0x2065, 0x2065, 1}, // unassigned, ignorable
		{0x2066, 0x2069, 1}, // direction isolates (bidi)
		{0x206A, 0x206F, 1}, // deprecated formats
		{0x2800, 0x2800, 1}, // blank Braille pattern
		{0x2D7F, 0x2D7F, 1}, // Tifinagh consonant joiner
		{0x3000, 0x3000, 1}, // ideographic space
		{0x3164, 0x3164, 1}, // Hangul filler
		{0xD800, 0xDFFF, 1}, // surrogates
		{0xE000, 0xF8FF, 1}, // private use
		{0xFDD0, 0xFDEF, 1}, // noncharacters
		{0xFE00, 0xFE0F, 1}, // variation selectors
		{0xFEFF, 0xFEFF, 1}, // zero-width no-break space, byte order mark
		{0xFFA0, 0xFFA0, 1}, // halfwidth Hangul filler
		{0xFFF0, 0xFFF8, 1}, // unassigned, ignorable
		{0xFFF9, 0xFFFB, 1}, // interlinear annotation
		{0xFFFC, 0xFFFD, 1}, // stand-ins for something else
		{0xFFFE, 0xFFFF, 1}, // noncharacters
	},
	R32: []unicode.Range32{
		{0x1107F, 0x1107F, 1},  // Brahmi number joiner
		{0x110BD, 0x110BD, 1},  // Kaithi number sign
		{0x110CD, 0x110CD, 1},  // Kaithi number sign above
		{0x13430, 0x13440, 1},  // Egyptian hieroglyph joiners
		{0x16FE4, 0x16FE4, 1},  // Khitan filler
		{0x1BCA0, 0x1BCA3, 1},  // shorthand formats
		{0x1D159, 0x1D159, 1},  // musical null notehead
		{0x1D173, 0x1D17A, 1},  // musical formats
		{0x1FFFE, 0x1FFFF, 1},  // noncharacters, here and at the end of
		{0x2FFFE, 0x2FFFF, 1},  // every further plane
		{0x3FFFE, 0x3FFFF, 1},  //
		{0x4FFFE, 0x4FFFF, 1},  //
		{0x5FFFE, 0x5FFFF, 1},  //
		{0x6FFFE, 0x6FFFF, 1},  //
		{0x7FFFE, 0x7FFFF, 1},  //
		{0x8FFFE, 0x8FFFF, 1},  //
		{0x9FFFE, 0x9FFFF, 1},  //
		{0xAFFFE, 0xAFFFF, 1},  //
		{0xBFFFE, 0xBFFFF, 1},  //
		{0xCFFFE, 0xCFFFF, 1},  //
		{0xDFFFE, 0xDFFFF, 1},  //
		{0xE0000, 0xE0FFF, 1},  // tags, more variation selectors, ignorable
		{0xEFFFE, 0xEFFFF, 1},  // noncharacters
		{0xF0000, 0x10FFFF, 1}, // private use
	},
}
