package padstore

import "onetimechat/padstore/seal"

// Making is a pad that two devices agreed to make at a meeting.
type Making struct {
	Contact string // their owner
	Peer    string // their device's id
	PadID   string // hex, made from both nonces
	Bytes   int64  // planned
	Suite   seal.Suite
	Bucket  int
}

// Stage is how far a draft has come.
type Stage string

// A draft is copied; then both devices hold the same bytes; then this owner
// said so.
const (
	Copying Stage = "copying"
	Checked Stage = "checked"
	Agreed  Stage = "agreed"
)

// Draft is a pad in the making. There is at most one; it serves nothing. Its
// methods are called by one goroutine at a time.
type Draft struct{}

// Begin starts a draft and throws an earlier one away. It refuses what could
// not become a pad: a pad id known here, another device under a known name, no
// room for pad or on the card (ErrFull).
func (s *Store) Begin(m Making) (*Draft, error) { panic("to be written") }

// Draft is the draft that there is, nil if there is none.
func (s *Store) Draft() *Draft { panic("to be written") }

// Making is what it is to become.
func (d *Draft) Making() Making { panic("to be written") }

// Stage is how far it has come.
func (d *Draft) Stage() Stage { panic("to be written") }

// Done is how many bytes are on the card.
func (d *Draft) Done() int64 { panic("to be written") }

// Append adds bytes of pad, and what made our part and theirs; durable on
// return. ErrFull if the card is full.
func (d *Draft) Append(pad []byte, ours, theirs []Lot) error { panic("to be written") }

// Rewind overwrites and forgets what lies beyond done bytes.
func (d *Draft) Rewind(done int64) error { panic("to be written") }

// Check reads the pad back from the card and computes its tag: Poly1305 under
// key over the makings' names in ascending order, the size, the split, suite,
// bucket, pad id, and the pad. From then on its planned size is what is there.
func (d *Draft) Tag(key *[32]byte) (tag [16]byte, err error) { panic("to be written") }

// Confirm notes durably that the other device has the same tag (Checked), or
// that this owner said so as well (Agreed).
func (d *Draft) Confirm(stage Stage, tag [16]byte) error { panic("to be written") }

// Tagged is the tag of a Checked or Agreed draft.
func (d *Draft) Tagged() (tag [16]byte) { panic("to be written") }

// Prepare makes an Agreed draft a prepared pad, in both metadata slots, and
// answers its public number. A power cut in the middle of it is made good when
// the store is opened.
func (d *Draft) Prepare() (number string, err error) { panic("to be written") }

// Discard overwrites and removes the draft.
func (d *Draft) Discard() error { panic("to be written") }

// DeviceID is this device's id, hex of 16 bytes of noise, empty until MakeDeviceID.
func (s *Store) DeviceID() string { panic("to be written") }

// MakeDeviceID makes the device's id from the reservoir, unless it has one.
func (s *Store) MakeDeviceID() error { panic("to be written") }

// Peer is the id of a contact's device, empty if the contact or its device is
// not known (a pad that was imported).
func (s *Store) Peer(contact string) string { panic("to be written") }

// PadByID finds a pad by its id.
func (s *Store) PadByID(id string) (Pad, bool) { panic("to be written") }

// Certificate is how the pad with a public number was made; ok is false for
// one that was imported.
func (s *Store) Certificate(number string) (c Certificate, ok bool, err error) { panic("to be written") }

// Use puts a prepared pad to use: the other device has it, too.
func (s *Store) Use(number string) error { panic("to be written") }

// Discard overwrites and removes a prepared or a retired pad. A retired one is
// refused while the pad that replaced it is not in use.
func (s *Store) Discard(number string) error { panic("to be written") }

// Free is how many bytes of pad the card has room for beside what is there.
func (s *Store) Free() (int64, error) { panic("to be written") }
