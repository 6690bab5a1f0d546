package seal

// Index reads a package's index: the pad offset of its segment's first lane
// byte. The error is ErrSize.
func Index(pkg []byte) (int64, error) {
	if len(pkg) < IndexSize {
		return 0, ErrSize
	}
	var index int64
	for i := range IndexSize {
		index |= int64(pkg[i]) << (8 * i)
	}
	return index, nil
}

// putIndex writes an index that checkIndex accepted.
func putIndex(pkg []byte, index int64) {
	for i := range IndexSize {
		pkg[i] = byte(index >> (8 * i))
	}
}

// checkIndex refuses what does not fit, and in Unconditional what is no
// cell's first byte, read upwards or downwards. Which of the two a lane has,
// only padstore knows.
func (s Suite) checkIndex(index int64) error {
	if index < 0 || index > MaxIndex {
		return ErrIndex
	}
	if at := index % CellSize; s == Unconditional && at != 0 && at != CellSize-1 {
		return ErrIndex
	}
	return nil
}
