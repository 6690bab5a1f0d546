package padstore

import (
	"slices"

	"onetimechat/padstore/durable"
)

// Importable lists whose pads Import would find in source, without reading
// them.
func (s *Store) Importable(source durable.Disk) (contacts []string, err error) {
	names, err := source.List()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if contact, ok := importable(name, s.owner); ok && !slices.Contains(contacts, contact) {
			contacts = append(contacts, contact)
		}
	}
	return contacts, nil
}
