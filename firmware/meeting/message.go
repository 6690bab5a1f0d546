package meeting

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	"onetimechat/padstore"
	"onetimechat/padstore/seal"
	"onetimechat/padstore/uid"
)

// A message is what one frame says: one of the types below. PROTOCOL.md tells
// when each may come.
type message interface {
	kind() kind
	check() error // errShape if it says what cannot be
}

// hello says who somebody is. Both hellos together make the pad's id.
type hello struct {
	Name   string `json:"name"`
	Device string `json:"device"` // hex of 16 bytes
	Nonce  string `json:"nonce"`  // hex of 16 bytes, fresh from the reservoir
}

// state is what a device has for this meeting.
type state struct {
	Pad   string      `json:"pad"`   // id of the pad that the two hellos make
	Room  int64       `json:"room"`  // bytes of pad that fit the card
	Ready int64       `json:"ready"` // bytes in the reservoir
	Rate  int64       `json:"rate"`  // bytes an hour that the noise makes
	Draft *draftState `json:"draft"` // with the other device, null if there is none
	Pads  []padState  `json:"pads"`  // made with the other device, newest first
}

// draftState is a pad that was begun.
type draftState struct {
	Pad    string `json:"pad"`
	Stage  string `json:"stage"`
	Done   int64  `json:"done"`
	Bytes  int64  `json:"bytes"`
	Bucket int    `json:"bucket"`
	Tag    string `json:"tag"` // empty while it is copied
}

// padState is a pad that was made.
type padState struct {
	Pad   string `json:"pad"`
	State string `json:"state"`
	Tag   string `json:"tag"` // empty if its certificate cannot be read
}

// propose is the size that one owner chose, accept the other owner's yes.
type propose struct {
	Bytes  int64 `json:"propose"`
	Bucket int   `json:"bucket"`
	Resume bool  `json:"resume"`
}

type accept struct {
	Bytes  int64 `json:"accept"`
	Bucket int   `json:"bucket"`
	Resume bool  `json:"resume"`
}

// chunk is a piece of somebody's contribution.
type chunk struct {
	at    int64
	lots  []padstore.Lot // what made it
	bytes []byte
}

// joined says how much of the pad is on the sender's card.
type joined struct {
	Bytes int64 `json:"joined"`
}

// stop says that the sender's contribution ends there.
type stop struct {
	Bytes int64 `json:"stop"`
}

// key is one half of the one-time key of the check. Whoever has it last wipes it.
type key struct{ bytes *[keySize]byte }

// tag is of the whole pad.
type tag struct {
	Tag string `json:"tag"`
}

// same, prepared and used name the pad that they are about.
type same struct {
	Pad string `json:"same"`
}

type prepared struct {
	Pad string `json:"prepared"`
}

type used struct {
	Pad string `json:"used"`
}

// bye ends a meeting.
type bye struct {
	Why string `json:"why"`
}

// version is that the other device's preamble is as ours. It is no frame.
type version struct{}

// Sizes and limits of what a message says, in bytes unless they say otherwise.
const (
	idSize  = 16
	keySize = 32
	unit    = 2 * seal.CellSize // of sizes of pads and of pieces

	maxPads  = 128 // that are told of
	maxBytes = seal.MaxIndex + 1
	maxRate  = 1 << 50
	maxWhy   = 32
)

var errShape = errors.New("a message says what cannot be")

// encode is v in the only spelling that is taken: members in their order, no
// white space, nothing escaped that need not be.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// decode reads a message that is spelled as encode does. So a member that is
// unknown, missing, doubled or named in capitals is refused.
func decode[T message](payload []byte) (message, error) {
	v, err := decodeExactly[T](payload)
	if err != nil {
		return nil, err
	}
	return v, v.check()
}

func decodeExactly[T any](payload []byte) (v T, err error) {
	if err := json.Unmarshal(payload, &v); err != nil {
		return v, errShape
	}
	again, err := encode(v)
	if err == nil && !bytes.Equal(again, payload) {
		err = errShape
	}
	return v, err
}

// all is nil if each of the conditions holds.
func all(conditions ...bool) error {
	for _, ok := range conditions {
		if !ok {
			return errShape
		}
	}
	return nil
}

// isHex tells whether text is the lower-case hex of so many bytes.
func isHex(text string, size int) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == size && hex.EncodeToString(b) == text
}

// within tells whether n is a size that a stream or a pad can have.
func within(n int64) bool { return 0 <= n && n <= maxBytes && n%unit == 0 }

func printable(text string, most int) bool {
	odd := func(r rune) bool { return r < ' ' || r > '~' }
	return text != "" && len(text) <= most && !strings.ContainsFunc(text, odd)
}

func (h hello) check() error {
	return all(uid.Valid(h.Name), isHex(h.Device, idSize), isHex(h.Nonce, idSize))
}

func (s state) check() error {
	err := all(isHex(s.Pad, idSize), within(s.Room), within(s.Ready), 0 <= s.Rate && s.Rate <= maxRate, len(s.Pads) <= maxPads)
	if err == nil && s.Draft != nil {
		err = s.Draft.check()
	}
	for _, p := range s.Pads {
		if err == nil {
			err = all(isHex(p.Pad, idSize), p.State == statePrepared || p.State == stateInUse, p.Tag == "" || isHex(p.Tag, idSize))
		}
	}
	return err
}

func (d *draftState) check() error {
	copying := d.Stage == string(padstore.Copying)
	return all(
		isHex(d.Pad, idSize), within(d.Done), within(d.Bytes), d.Done <= d.Bytes, d.Bytes >= MinBytes,
		copying || d.Stage == string(padstore.Checked) || d.Stage == string(padstore.Agreed),
		copying == (d.Tag == ""), copying || isHex(d.Tag, idSize) && d.Done == d.Bytes,
	)
}

func (p propose) check() error {
	return all(within(p.Bytes), p.Bytes >= MinBytes, seal.CheckBucket(seal.Unconditional, p.Bucket) == nil)
}

func (a accept) check() error { return propose(a).check() }

func (c chunk) check() error {
	size := int64(len(c.bytes))
	lots := len(c.lots) <= padstore.MaxLots && padstore.CheckLots(c.lots, size) == nil
	return all(within(c.at), size > 0, size%unit == 0, c.at <= maxBytes-size, lots)
}

func (j joined) check() error { return all(within(j.Bytes)) }

func (s stop) check() error { return all(within(s.Bytes), s.Bytes >= MinBytes) }

func (k key) check() error { return nil }

func (t tag) check() error { return all(isHex(t.Tag, idSize)) }

func (s same) check() error { return all(isHex(s.Pad, idSize)) }

func (p prepared) check() error { return all(isHex(p.Pad, idSize)) }

func (u used) check() error { return all(isHex(u.Pad, idSize)) }

func (b bye) check() error { return all(printable(b.Why, maxWhy)) }

func (version) check() error { return nil }

func (hello) kind() kind    { return kindHello }
func (state) kind() kind    { return kindState }
func (propose) kind() kind  { return kindPropose }
func (accept) kind() kind   { return kindAccept }
func (chunk) kind() kind    { return kindChunk }
func (joined) kind() kind   { return kindJoined }
func (stop) kind() kind     { return kindStop }
func (key) kind() kind      { return kindKey }
func (tag) kind() kind      { return kindTag }
func (same) kind() kind     { return kindSame }
func (prepared) kind() kind { return kindPrepared }
func (used) kind() kind     { return kindUsed }
func (bye) kind() kind      { return kindBye }
func (version) kind() kind  { return 0 }
