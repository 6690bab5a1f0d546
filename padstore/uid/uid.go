// Package uid says which user ids are valid. Every parser of an id, from a
// link request to a file name, asks here before it looks at the id in any
// other way: names are data, never paths or markup.
package uid

import "fmt"

// MaxLen is the longest user id, in bytes.
const MaxLen = 32

// Error is what somebody gave as a user id.
type Error string

func (e Error) Error() string {
	return fmt.Sprintf("%q is not a user id: use 1 to %d of a-z, 0-9, '_' and '-', beginning with a letter or digit", string(e[:min(len(e), 2*MaxLen)]), MaxLen)
}

// Check reports an Error unless id matches [a-z0-9][a-z0-9_-]{0,31}.
func Check(id string) error {
	if Valid(id) {
		return nil
	}
	return Error(id)
}

// Valid reports whether id matches [a-z0-9][a-z0-9_-]{0,31}.
func Valid(id string) bool {
	if len(id) == 0 || len(id) > MaxLen || id[0] == '_' || id[0] == '-' {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
