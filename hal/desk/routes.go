package desk

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"image"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"sync"
	"time"

	"onetimechat/hal/desk/finger"
)

// How long and how much one request may take.
const (
	maxWait     = 30 * time.Second // of GET /screen.json?after=
	bodyTime    = 5 * time.Second  // to send a touch
	writeTime   = 10 * time.Second // to take one answer
	maxTouch    = 256              // bytes of a touch
	maxDistance = 1 << 20          // pixels off the screen, either way
)

//go:embed page
var pageFiles embed.FS

// Handler serves the touchscreen to whoever names one of hosts (host:port) and
// is not a foreign page. Touches go to f, one at a time.
func (t *Touchscreen) Handler(f Finger, hosts []string) http.Handler {
	touches := &touches{finger: f, isMeant: t.isMeant}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", t.servePage)
	mux.HandleFunc("GET /page.css", serveFile("page/page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /page.js", serveFile("page/page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /screen.png", t.servePNG)
	mux.HandleFunc("GET /screen.json", t.serveScreen)
	mux.HandleFunc("POST /press", touches.serve(touches.press))
	mux.HandleFunc("POST /release", touches.serve(touches.release))
	mux.HandleFunc("POST /tap", touches.serve(touches.tap))
	return guard(hosts, mux)
}

// The page is parsed for each request: it is asked for once a sitting.
func (t *Touchscreen) servePage(w http.ResponseWriter, _ *http.Request) {
	page, err := template.ParseFS(pageFiles, "page/index.html")
	if err != nil {
		http.Error(w, "the page is damaged", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// The status is out: a failure here shows as a page cut short.
	_ = page.Execute(w, struct {
		Owner         string
		Width, Height int
	}{t.owner, t.size.X, t.size.Y})
}

func serveFile(name, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := fs.ReadFile(pageFiles, name)
		if err != nil {
			http.Error(w, "the page is damaged", http.StatusInternalServerError)
			return
		}
		reply(w, contentType, b)
	}
}

func (t *Touchscreen) servePNG(w http.ResponseWriter, _ *http.Request) {
	b, err := t.png()
	if err != nil {
		http.Error(w, "the picture cannot be encoded", http.StatusInternalServerError)
		return
	}
	reply(w, "image/png", b)
}

func (t *Touchscreen) serveScreen(w http.ResponseWriter, r *http.Request) {
	after := uint64(0)
	if s := r.URL.Query().Get("after"); s != "" {
		var err error
		if after, err = strconv.ParseUint(s, 10, 64); err != nil {
			http.Error(w, "after is not a revision", http.StatusBadRequest)
			return
		}
	}
	replyJSON(w, t.newer(r.Context(), after))
}

// newer waits until the revision is not after, for maxWait at most. A revision
// from an earlier life of the device may be greater: then it does not wait.
func (t *Touchscreen) newer(ctx context.Context, after uint64) finger.Screen {
	screen, changed := t.now()
	if screen.Revision != after {
		return screen
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
	}
	screen, _ = t.now()
	return screen
}

// touches hands points to the finger, one touch at a time: nothing comes
// between the press and the release of a tap.
type touches struct {
	mu      sync.Mutex
	finger  Finger
	isMeant func(revision uint64) bool
}

// touch is a point, and the revision of the screen that it is meant for; nil is
// whatever is shown.
type touch struct {
	image.Point
	revision *uint64
}

// off is on no screen.
func off() image.Point { return image.Pt(-1, -1) }

// press puts the finger down, unless the screen that it is meant for is not there
// any more: then it is off the glass. It may be gone just before the finger comes
// down, so that it is looked for before and after; nothing is done before it is
// lifted.
func (s *touches) press(t touch) (string, bool) {
	meant := func() bool { return t.revision == nil || s.isMeant(*t.revision) }
	if meant() {
		if name, active := s.finger.Press(t.Point); meant() {
			return name, active
		}
	}
	return s.finger.Release(off())
}

func (s *touches) release(t touch) (string, bool) { return s.finger.Release(t.Point) }

func (s *touches) tap(t touch) (string, bool) {
	s.press(t)
	return s.finger.Release(t.Point)
}

func (s *touches) do(what func(touch) (string, bool), t touch) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return what(t)
}

// serve reads a touch and answers what was hit there.
func (s *touches) serve(what func(touch) (string, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t, err := readTouch(w, r)
		if err != nil {
			w.Header().Set("Connection", "close")
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		name, active := s.do(what, t)
		hit := finger.Hit{Active: active}
		if name != "" {
			hit.Name = &name
		}
		replyJSON(w, hit)
	}
}

// readTouch reads the body of a touch: both coordinates, perhaps a revision, and
// nothing else.
func readTouch(w http.ResponseWriter, r *http.Request) (touch, error) {
	errForm := errors.New(`a touch is {"x": pixels, "y": pixels, "revision": of the screen that it is meant for}`)
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)); err != nil {
		return touch{}, errForm
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxTouch))
	dec.DisallowUnknownFields()
	var in struct {
		X, Y     *int
		Revision *uint64
	}
	if err := dec.Decode(&in); err != nil || in.X == nil || in.Y == nil {
		return touch{}, errForm
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return touch{}, errForm
	}
	if max(*in.X, *in.Y) > maxDistance || min(*in.X, *in.Y) < -maxDistance {
		return touch{}, errors.New("the touch is too far off the screen")
	}
	return touch{image.Pt(*in.X, *in.Y), in.Revision}, nil
}

func replyJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer cannot be encoded", http.StatusInternalServerError)
		return
	}
	reply(w, "application/json", b)
}

// reply sends an answer that the client must take within writeTime.
func reply(w http.ResponseWriter, contentType string, b []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	// A client that went away takes no answer, and needs none.
	_ = send(w, b)
}

func send(w http.ResponseWriter, b []byte) error {
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}
