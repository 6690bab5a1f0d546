package padstore

import (
	"fmt"
	"slices"
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

func storeName(metadataName string) string {
	return strings.TrimSuffix(metadataName, ".metadata") + ".store"
}

func certificateName(metadataName string) string {
	return strings.TrimSuffix(metadataName, metadataSuffix) + certificateSuffix
}

// contactOf reads the contact from a metadata file's name.
func contactOf(name, owner string) (contact string, ok bool) {
	rest, ok1 := strings.CutSuffix(name, metadataSuffix)
	rest, ok2 := strings.CutPrefix(rest, owner+".")
	contact, _, _ = strings.Cut(rest, ".")
	return contact, ok1 && ok2 && uid.Valid(contact)
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
