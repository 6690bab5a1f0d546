package padstore

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"onetimechat/padstore/uid"
)

const (
	metadataSuffix = ".random.metadata"
	storeSuffix    = ".random.store"
	// certificateSuffix is of how a pad was made.
	certificateSuffix = ".random.certificate"
)

// fileName is a pad's metadata file. Only a contact's second pad and later
// ones have their number in it.
func fileName(owner, contact string, number int64, first bool) string {
	if first {
		return owner + "." + contact + metadataSuffix
	}
	return fmt.Sprintf("%s.%s.%d%s", owner, contact, number, metadataSuffix)
}

// numberOf is the number in a metadata file's name; 0 without one, which is a
// contact's first pad and older than all of theirs.
func numberOf(name, owner string) int64 {
	_, digits, _ := nameParts(name, owner)
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || number < 0 {
		return 0
	}
	return number
}

func storeName(metadataName string) string {
	return strings.TrimSuffix(metadataName, ".metadata") + ".store"
}

func certificateName(metadataName string) string {
	return strings.TrimSuffix(metadataName, metadataSuffix) + certificateSuffix
}

// contactOf reads the contact from a metadata file's name.
func contactOf(name, owner string) (contact string, ok bool) {
	contact, _, ok = nameParts(name, owner)
	return contact, ok && uid.Valid(contact)
}

// nameParts takes a fileName apart; number is empty where it has none.
func nameParts(name, owner string) (contact, number string, ok bool) {
	rest, ok1 := strings.CutSuffix(name, metadataSuffix)
	rest, ok2 := strings.CutPrefix(rest, owner+".")
	contact, number, _ = strings.Cut(rest, ".")
	return contact, number, ok1 && ok2
}

// leftover tells whether a file is all that an interrupted import came to, or
// that is left of a discarded pad: it may hold pad, and without metadata it
// never serves.
func leftover(name string, names []string) bool {
	for _, suffix := range []string{storeSuffix, certificateSuffix} {
		if stem, ok := strings.CutSuffix(name, suffix); ok {
			return !slices.Contains(names, stem+metadataSuffix)
		}
	}
	return strings.HasSuffix(name, temporaryName)
}
