package padstore

import (
	"slices"

	"onetimechat/padstore/durable"
)

// Importable lists whose pads Import would find in source or finish, without
// reading them: of one whose import was interrupted, nothing may be left there.
func (s *Store) Importable(source durable.Disk, origin string) (contacts []string, err error) {
	names, err := source.List()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if contact, ok := importable(name, s.owner); ok && !slices.Contains(contacts, contact) {
			contacts = append(contacts, contact)
		}
	}
	for _, p := range s.importing(origin) {
		if !slices.Contains(contacts, p.contact) {
			contacts = append(contacts, p.contact)
		}
	}
	return contacts, nil
}

// importing lists the pads that are whole here, and whose source was not
// destroyed to the end yet.
func (s *Store) importing(origin string) []*pad {
	s.mu.RLock()
	pads := slices.Clone(s.pads)
	s.mu.RUnlock()
	return slices.DeleteFunc(pads, func(p *pad) bool {
		m := p.now()
		return m.state != Importing || m.origin != origin
	})
}
