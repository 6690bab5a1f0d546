package padstore

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"onetimechat/padstore/seal"
	"onetimechat/padstore/uid"
)

// slotSize is one slot of a pad's metadata, in bytes. With maxGaps gaps of a
// pad of 2^48 bytes the JSON stays under half of it.
const slotSize = 8192

// maxGaps is how many stretches of skipped receive lane a pad remembers. One
// more, and the oldest is closed: its packages can no longer be opened.
const maxGaps = 100

// maxSource is the longest rservice, in bytes.
const maxSource = 256

// fields is a pad's metadata as it stands on disk: the fields of the
// 2015 report (section 6.1) under their names, then ours.
type fields struct {
	UID              string `json:"uid"`
	RID              string `json:"rid"`
	StoreFilename    string `json:"store_filename"`
	MetadataFilename string `json:"metadata_filename"`
	NBytes           int64  `json:"n_bytes"`
	RService         string `json:"rservice"`
	SplitIndex       int64  `json:"split_index"`
	Direction        int    `json:"direction"`
	DecryptLog       string `json:"decrypt_log"`
	EncryptIndex     int64  `json:"encrypt_index"`
	DecryptMax       int64  `json:"decrypt_max"`
	NEles            int    `json:"n_eles"`
	Checksum         any    `json:"checksum"` // a number in the 2015 program's files

	Suite   string  `json:"suite"`
	Bucket  int     `json:"bucket"`
	PadID   string  `json:"pad_id"`
	State   State   `json:"state"`
	Number  int64   `json:"number"`
	KeySum  string  `json:"key_sum"`
	Burning burning `json:"burning"`
	Closing string  `json:"closing"`
	Origin  string  `json:"origin"`         // folder of an import that is not finished
	Peer    string  `json:"peer,omitempty"` // device that it was made with
}

// burning names the ranges that may be half overwritten: one segment, in either
// lane, and one slice of closing.
type burning struct {
	Segment string `json:"segment"`
	Slice   string `json:"slice"`
}

// metadata is a pad's state in memory, in lane positions.
type metadata struct {
	owner, contact string
	store, name    string // file names
	nBytes, split  int64
	source         string
	suite          seal.Suite
	bucket         int
	padID          string
	state          State
	number         int64
	origin         string
	peer           string
	send, receive  lane

	cursor  int64 // of the send lane: everything before it is used
	maximum int64 // of the receive lane: everything from it on is unused
	gaps    spans // of the receive lane, below maximum: unused as well
	closing span  // of the receive lane: used, still to be overwritten

	segment     span // may be half overwritten
	segmentSent bool // in the send lane
	slice       span // of the receive lane, likewise
	keySums     [2]string
}

// base is the first position of a segment: after the hash key's cell.
func (m *metadata) base() int64 {
	if m.suite == seal.Unconditional {
		return seal.CellSize
	}
	return 0
}

// usable is how much of a lane segments may take. Like the 2015 program,
// paper leaves the last byte of a lane unused.
func (m *metadata) usable(l lane) int64 {
	if m.suite == seal.Paper {
		return l.size - 1
	}
	return l.size
}

// used is what of the receive lane is used, as the metadata knows it.
func (m *metadata) used() iter.Seq[span] {
	return m.gaps.without(span{m.base(), m.maximum})
}

var errMetadata = errors.New("metadata is not consistent")

// decode reads metadata of either kind, ours and the 2015 program's, and
// checks that it makes sense for this owner.
func decode(text []byte, owner string) (*metadata, error) {
	var f fields
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("%w: %.200v", errMetadata, err) // it quotes a number, however long
	}
	if sum, ok := f.Checksum.(string); ok && sum != checksum(text, sum) {
		return nil, fmt.Errorf("%w: checksum differs", errMetadata)
	}
	m, err := f.metadata(owner)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMetadata, err)
	}
	return m, nil
}

// checksum is the SHA-256 of metadata in which the checksum, which is sum, is the
// empty string. It finds accidents; it is no protection against anybody.
func checksum(text []byte, sum string) string {
	const field = `"checksum":"`
	text = bytes.Replace(bytes.TrimSpace(text), []byte(field+sum), []byte(field), 1)
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

func (f *fields) metadata(owner string) (*metadata, error) {
	if f.UID != owner {
		return nil, fmt.Errorf("this pad is another owner's, not %s's", owner)
	}
	if err := errors.Join(uid.Check(f.UID), uid.Check(f.RID)); err != nil {
		return nil, err
	}
	if f.UID == f.RID {
		return nil, errors.New("owner and contact are the same")
	}
	if len(f.RService) > maxSource {
		return nil, fmt.Errorf("rservice has more than %d bytes", maxSource)
	}
	if !slices.Contains([]State{"", Prepared, InUse, Retired, Importing}, f.State) {
		return nil, fmt.Errorf("unknown state %.20q", f.State)
	}
	suite, err := f.suite()
	if err != nil {
		return nil, err
	}
	m := &metadata{
		owner: f.UID, contact: f.RID, store: f.StoreFilename, name: f.MetadataFilename,
		nBytes: f.NBytes, split: f.SplitIndex, source: f.RService,
		suite: suite, bucket: f.Bucket, padID: f.PadID, state: f.State,
		number: f.Number, origin: f.Origin, peer: f.Peer,
	}
	if err := m.layOut(f.Direction); err != nil {
		return nil, err
	}
	if err := m.place(f); err != nil {
		return nil, err
	}
	return m, nil
}

func (f *fields) suite() (seal.Suite, error) {
	suite, err := seal.ParseSuite(cmp.Or(f.Suite, seal.Paper.String())) // the 2015 program knows no other
	if err != nil {
		return 0, err
	}
	return suite, seal.CheckBucket(suite, f.Bucket)
}

// minBytes is the smallest pad: a cell for each hash key and some lane.
const minBytes = 128

// layOut gives each side its lane: the smaller user id sends on the forward
// one.
func (m *metadata) layOut(direction int) error {
	if m.nBytes < minBytes || m.nBytes > seal.MaxIndex+1 {
		return fmt.Errorf("a pad of %d bytes", m.nBytes)
	}
	if m.suite == seal.Unconditional && m.nBytes%(2*seal.CellSize) != 0 {
		return fmt.Errorf("n_bytes %d is not a multiple of %d", m.nBytes, 2*seal.CellSize)
	}
	if m.split != m.nBytes/2 {
		return fmt.Errorf("split_index %d is not the middle of %d bytes", m.split, m.nBytes)
	}
	m.send, m.receive = lanes(m.nBytes, m.split)
	want := 1
	if m.owner > m.contact {
		want = -1
		m.send, m.receive = m.receive, m.send
	}
	if direction != want {
		return fmt.Errorf("direction %d, but %s sends on the other lane", direction, m.owner)
	}
	return nil
}

// fresh lays out a pad that nothing of is used.
func (m *metadata) fresh() error {
	direction := 1
	if m.owner > m.contact {
		direction = -1
	}
	if err := m.layOut(direction); err != nil {
		return err
	}
	m.cursor, m.maximum = m.base(), m.base()
	return nil
}

// place checks cursors and ranges and turns them into lane positions.
func (m *metadata) place(f *fields) error {
	m.cursor = max(m.base(), m.send.position(f.EncryptIndex))
	m.maximum = max(m.base(), m.receive.position(f.DecryptMax))
	if m.send.position(f.EncryptIndex) < 0 || m.cursor > m.send.size {
		return fmt.Errorf("encrypt_index %d lies outside its lane", f.EncryptIndex)
	}
	if m.receive.position(f.DecryptMax) < 0 || m.maximum > m.receive.size {
		return fmt.Errorf("decrypt_max %d lies outside its lane", f.DecryptMax)
	}
	used, err := m.receive.parseLog(f.DecryptLog)
	if err != nil {
		return err
	}
	if n := len(used); n > 0 && used[n-1].to != m.maximum || n == 0 && m.maximum != m.base() {
		return fmt.Errorf("decrypt_max %d is not where decrypt_log ends", f.DecryptMax)
	}
	m.gaps = slices.Collect(used.without(span{m.base(), m.maximum}))
	if f.Burning.Segment != "" {
		if m.segment, err = m.send.parse(f.Burning.Segment); err == nil {
			m.segmentSent = true
		} else if m.segment, err = m.receive.parse(f.Burning.Segment); err != nil {
			return err
		}
	}
	if f.Burning.Slice != "" {
		if m.slice, err = m.receive.parse(f.Burning.Slice); err != nil {
			return err
		}
	}
	if f.Closing != "" {
		if m.closing, err = m.receive.parse(f.Closing); err != nil {
			return err
		}
	}
	return m.checkMarks(f)
}

// checkMarks holds what is being overwritten against what is used: zeros must
// never be written over pad that still serves.
func (m *metadata) checkMarks(f *fields) error {
	if m.suite == seal.Unconditional {
		for _, s := range append(spans{{m.cursor, m.cursor}, {m.maximum, m.maximum}, m.segment, m.slice, m.closing}, m.gaps...) {
			if s.from%seal.CellSize != 0 || s.to%seal.CellSize != 0 {
				return errors.New("a range is off the cell borders")
			}
		}
		if _, err := fmt.Sscan(f.KeySum, &m.keySums[0], &m.keySums[1]); err != nil && f.KeySum != "" {
			return fmt.Errorf("key_sum: %w", err)
		}
	}
	received := []span{m.slice, m.closing}
	if m.segmentSent {
		if m.segment.from < m.base() || m.segment.to > m.cursor {
			return errors.New("burning is beyond encrypt_index")
		}
	} else {
		received = append(received, m.segment)
	}
	for _, s := range received {
		if s.empty() {
			continue
		}
		if s.from < m.base() || s.to > m.maximum {
			return errors.New("burning or closing lies outside the used lane")
		}
		for _, g := range m.gaps {
			if g.overlaps(s) {
				return errors.New("burning or closing overlaps a gap")
			}
		}
	}
	return nil
}
