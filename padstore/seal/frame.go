package seal

import "unicode/utf8"

// A frame is kind ‖ body ‖ 0x80 ‖ zeros up to a multiple of the bucket, so
// that a package's length shows the text's by bucket only.
const (
	kindText      = 1
	endOfBody     = 0x80
	frameOverhead = 2 // the kind and the end
)

// Encode makes what is encrypted out of a text: a frame of kind text in
// Unconditional, the text's own bytes in Paper. The bucket must have passed
// CheckBucket. The text's length is not checked; Seal does.
func (s Suite) Encode(text string, bucket int) []byte {
	plain := make([]byte, s.PlainSizeOfText(len(text), bucket))
	if s == Paper {
		copy(plain, text)
		return plain
	}
	plain[0] = kindText
	copy(plain[1:], text)
	plain[1+len(text)] = endOfBody
	return plain
}

// Decode reads the text out of what Open returned, on a pad with this bucket.
// It takes only what Encode makes. Errors: ErrFrame, ErrKind, ErrText; and
// ErrBucket and ErrSuite.
func (s Suite) Decode(plain []byte, bucket int) (string, error) {
	if err := CheckBucket(s, bucket); err != nil {
		return "", err
	}
	body := plain
	if s == Unconditional {
		var err error
		if body, err = unframe(plain, bucket); err != nil {
			return "", err
		}
	}
	if !utf8.Valid(body) {
		return "", ErrText
	}
	return string(body), nil
}

// unframe returns the body of a frame of kind text.
func unframe(frame []byte, bucket int) ([]byte, error) {
	if len(frame) == 0 || len(frame)%bucket != 0 {
		return nil, ErrFrame
	}
	end := len(frame) - 1
	for end > 0 && frame[end] == 0 {
		end--
	}
	if end == 0 || frame[end] != endOfBody || len(frame)-end > bucket {
		return nil, ErrFrame
	}
	if frame[0] != kindText {
		return nil, ErrKind
	}
	return frame[1:end], nil
}
