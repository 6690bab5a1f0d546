package desk

import (
	"bytes"
	"net/http"
)

// serveStream sends a picture now and after every change until the client
// goes, as parts of one answer that has no end.
func (t *Touchscreen) serveStream(w http.ResponseWriter, r *http.Request) {
	t.sink.ServeHTTP(&twice{ResponseWriter: w}, r)
}

// twice sends every part of a stream two times. Chromium shows a part when the
// next one begins: sent once, the picture would lag one change behind what a
// tap meets.
//
// Each sending has writeTime to be taken, where the server's own limit would
// count from the stream's beginning.
type twice struct {
	http.ResponseWriter
	part bytes.Buffer
	err  error // of the last Flush, which cannot tell it
}

// Write adds to the part that the next Flush ends.
func (t *twice) Write(b []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	return t.part.Write(b)
}

// Flush sends the part. The sink ends a part with the delimiter line of the
// next; the first part begins with one as well, which must not be repeated.
func (t *twice) Flush() {
	first := t.part.Bytes()
	again := first
	if bytes.HasPrefix(first, []byte("--")) {
		_, again, _ = bytes.Cut(first, []byte("\r\n"))
	}
	for _, b := range [][]byte{first, again} {
		if t.err == nil {
			t.err = send(t.ResponseWriter, b)
		}
	}
	if t.err == nil {
		t.err = http.NewResponseController(t.ResponseWriter).Flush()
	}
	t.part.Reset()
}
