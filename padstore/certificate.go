package padstore

// Origin is a source of noise as a pad's certificate tells of it.
type Origin struct {
	Name   string `json:"name"` // printable ASCII, at most 48 bytes
	Raw    bool   `json:"raw"`  // digitised noise; else processed in the source
	Credit int    `json:"credit"`
	Demo   bool   `json:"demo"` // not hardware
}

// Lot is bytes that the same sources made together: each byte is the xor of
// all their extractors' outputs.
type Lot struct {
	Origins []Origin `json:"origins"`
	Bytes   int64    `json:"bytes"`
}

// Certificate says how a pad was made at a meeting. It is kept in a file of
// its own beside the pad, and holds nothing secret.
type Certificate struct {
	Owner   string `json:"owner"`
	Contact string `json:"contact"`
	Device  string `json:"device"` // this device's id
	Peer    string `json:"peer"`   // the other device's
	PadID   string `json:"pad_id"`
	Bytes   int64  `json:"bytes"`
	Suite   string `json:"suite"`
	Bucket  int    `json:"bucket"`
	Ours    []Lot  `json:"ours"`   // this device's contribution
	Theirs  []Lot  `json:"theirs"` // the other's, as it told
	Tag     string `json:"tag"`    // of the comparison, hex
	Start   uint64 `json:"start"`  // when: this device's start number, and
	Uptime  int64  `json:"uptime"` // seconds since it
	Told    int64  `json:"told"`   // Unix time a laptop last told, 0 for none
}
