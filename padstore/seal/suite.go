package seal

import (
	"errors"
	"fmt"
)

// Suite is how a message and a segment become a package. It is fixed when a
// pad is made, and never negotiated. The zero value is no suite: Seal, Open,
// PlainSize and CheckBucket refuse it, and the other methods panic.
type Suite int

const (
	// Paper is the scheme of the 2015 report, section 5, as its authors'
	// program has it.
	Paper Suite = iota + 1
	// Unconditional is a one-time pad with a Wegman-Carter MAC.
	Unconditional
)

const (
	// CellSize is a cell's length in bytes. It divides a disk's sector, so
	// that cells tear whole.
	CellSize = 16
	// IndexSize is the length of a package's index, in bytes.
	IndexSize = 6
	// MaxIndex is the largest index that fits.
	MaxIndex = 1<<(8*IndexSize) - 1
	// MaxPackage is the largest package, in bytes.
	MaxPackage = 1 << 20
	// MaxText is the longest text to approve, in bytes. It is for callers:
	// the suites themselves end at MaxPackage.
	MaxText = 64 << 10
	// DefaultBucket is a new pad's bucket, in bytes.
	DefaultBucket = 32
	// MaxBucket is the largest bucket, in bytes. More would waste pad.
	MaxBucket = 4096
)

const (
	tagSize = 16 // Poly1305, RFC 8439 section 2.5
	macSize = 32 // HMAC-SHA256
)

// What goes wrong, one kind each. None of them carries anything secret.
var (
	ErrSuite  = errors.New("unknown suite")
	ErrBucket = errors.New("bucket does not fit the suite")
	// ErrSize: a package, a plaintext or a segment has a length that cannot be.
	ErrSize = errors.New("impossible length")
	// ErrIndex: an index that does not fit its 6 bytes, or points into a cell.
	ErrIndex = errors.New("impossible index")
	// ErrHashKey: no hash key, or one that is 0 after clamping.
	ErrHashKey = errors.New("unusable hash key")
	// ErrDestroyed: the segment has a cell that was burned.
	ErrDestroyed = errors.New("segment has destroyed cells")
	// ErrNotVerified: the package was not sealed with this segment and key.
	ErrNotVerified = errors.New("package does not verify")
	// ErrFrame, ErrKind, ErrText: the package was sealed by the contact, yet
	// holds no text.
	ErrFrame = errors.New("frame is not sound")
	ErrKind  = errors.New("frame is of an unknown kind")
	ErrText  = errors.New("text is not UTF-8")
)

// ParseSuite reads a suite's name. The error is ErrSuite.
func ParseSuite(name string) (Suite, error) {
	for _, s := range []Suite{Paper, Unconditional} {
		if name == s.String() {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%w %.40q", ErrSuite, name)
}

// String returns "paper" or "unconditional".
func (s Suite) String() string {
	switch s {
	case Paper:
		return "paper"
	case Unconditional:
		return "unconditional"
	}
	return fmt.Sprintf("Suite(%d)", int(s))
}

// valid panics unless s is a suite. A size made up for no suite would become
// a wrong stretch of pad.
func (s Suite) valid() {
	if s != Paper && s != Unconditional {
		panic(ErrSuite)
	}
}

// SegmentSize is the lane bytes that n plain bytes use up: the pad cost.
func (s Suite) SegmentSize(n int) int64 {
	s.valid()
	if s == Paper {
		return 2*int64(n) + macSize + CellSize
	}
	return CellSize + int64(n)
}

// PackageSize is the length of the package that holds n plain bytes.
func (s Suite) PackageSize(n int) int {
	s.valid()
	if s == Paper {
		return IndexSize + n + macSize
	}
	return IndexSize + n + tagSize
}

// PlainSize is the number of plain bytes in a package of this length on a pad
// with this bucket. The error is ErrSize, ErrBucket or ErrSuite.
func (s Suite) PlainSize(packageSize, bucket int) (n int, err error) {
	if err := CheckBucket(s, bucket); err != nil {
		return 0, err
	}
	if n, err = s.plainSize(packageSize); err != nil {
		return 0, err
	}
	if s == Unconditional && n%bucket != 0 {
		return 0, ErrSize
	}
	return n, nil
}

// plainSize is PlainSize for any bucket.
func (s Suite) plainSize(packageSize int) (int, error) {
	if packageSize < s.PackageSize(0) || packageSize > MaxPackage {
		return 0, ErrSize
	}
	n := packageSize - s.PackageSize(0)
	if s == Unconditional && (n == 0 || n%CellSize != 0) {
		return 0, ErrSize
	}
	return n, nil
}

// MaxPlain is the number of plain bytes in the largest package.
func (s Suite) MaxPlain() int {
	n := MaxPackage - s.PackageSize(0)
	if s == Unconditional {
		n -= n % CellSize
	}
	return n
}

// MaxSegment is the lane bytes of the largest package. Recovery scans as far.
func (s Suite) MaxSegment() int64 { return s.SegmentSize(s.MaxPlain()) }

// PlainSizeOfText is the plain bytes that a text of this length, in bytes,
// becomes. The bucket must have passed CheckBucket.
func (s Suite) PlainSizeOfText(textLen, bucket int) int {
	s.valid()
	if s == Paper {
		return textLen
	}
	return (textLen + frameOverhead + bucket - 1) / bucket * bucket
}

// SegmentSizeOfText is the lane bytes that a text of this length, in bytes, takes.
// The bucket must have passed CheckBucket.
func (s Suite) SegmentSizeOfText(textLen, bucket int) int64 {
	return s.SegmentSize(s.PlainSizeOfText(textLen, bucket))
}

// CheckBucket says whether a pad of this suite can have this bucket: a
// multiple of CellSize from CellSize to MaxBucket, or 0 in Paper, which does
// not pad. The error is ErrBucket or ErrSuite.
func CheckBucket(s Suite, bucket int) error {
	switch {
	case s == Paper && bucket == 0:
		return nil
	case s == Unconditional && bucket > 0 && bucket <= MaxBucket && bucket%CellSize == 0:
		return nil
	case s == Paper || s == Unconditional:
		return fmt.Errorf("%w: %d in %v", ErrBucket, bucket, s)
	}
	return ErrSuite
}
