package seal

// Seal makes the package of plain, which Encode made, with a segment that has
// served nothing before and whose first lane byte is at pad offset index. The
// key is the lane's; Paper ignores it. Neither key, segment nor plain is
// changed; wiping them is the caller's.
//
// Errors: ErrSuite, ErrSize, ErrIndex, ErrDestroyed, ErrHashKey.
func (s Suite) Seal(key HashKey, index int64, seg Segment, plain []byte) ([]byte, error) {
	if err := s.check(key, index, seg, len(plain)); err != nil {
		return nil, err
	}
	if s == Paper {
		return sealPaper(index, seg.bytes(), plain), nil
	}
	return sealUnconditional(key, index, seg.bytes(), plain), nil
}

// Open verifies pkg and returns its plain bytes, for Decode. The segment is
// the one that pkg's index and length name, with its lane's key. Nothing is
// decrypted unless all of pkg verifies, and tags are compared in constant
// time.
//
// ErrNotVerified says that pkg is forged. ErrSuite, ErrSize, ErrIndex,
// ErrDestroyed and ErrHashKey say that it was not even tried.
func (s Suite) Open(key HashKey, seg Segment, pkg []byte) (plain []byte, err error) {
	index, err := Index(pkg)
	if err != nil {
		return nil, err
	}
	if s != Paper && s != Unconditional {
		return nil, ErrSuite
	}
	n, err := s.plainSize(len(pkg))
	if err != nil {
		return nil, err
	}
	if err := s.check(key, index, seg, n); err != nil {
		return nil, err
	}
	if s == Paper {
		return openPaper(seg.bytes(), pkg)
	}
	return openUnconditional(key, seg.bytes(), pkg)
}

// check refuses what cannot be sealed or opened, before any of it is used.
func (s Suite) check(key HashKey, index int64, seg Segment, n int) error {
	if s != Paper && s != Unconditional {
		return ErrSuite
	}
	if _, err := s.plainSize(s.PackageSize(n)); err != nil {
		return err
	}
	if int64(seg.Len()) != s.SegmentSize(n) {
		return ErrSize
	}
	if err := s.checkIndex(index); err != nil {
		return err
	}
	if s == Unconditional && key.r == nil {
		return ErrHashKey
	}
	if s.anyDestroyed(seg.bytes()) {
		return ErrDestroyed
	}
	return nil
}
