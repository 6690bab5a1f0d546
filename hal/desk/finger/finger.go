// Package finger is a desk device's web touchscreen as both of its ends see
// it: the wire types, and a client that looks and taps as a person would.
// Package desk is the other end; demos and tests are the client's users.
//
// Start with Client.Tap, which waits until a drawn button is alive and then
// puts a finger on its middle. There is no way past the screen here: what a
// person cannot tap, this cannot tap either.
package finger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Limits of one answer, in bytes. The text of a screen is at most a message
// of 64 KiB with every character escaped.
const (
	maxJSON = 4 << 20
	maxPNG  = 8 << 20
)

// Screen is what GET /screen.json answers: what is shown, as data.
type Screen struct {
	// Revision grows whenever the picture, the text or a target changes.
	Revision uint64   `json:"revision"`
	Name     string   `json:"screen"`
	Text     []string `json:"text"` // the lines that are drawn
	Targets  []Target `json:"targets"`
}

// Target is a drawn button, in pixels from the top left corner.
type Target struct {
	Name   string `json:"name"`
	X      int    `json:"x"`
	Y      int    `json:"y"`
	W      int    `json:"w"`
	H      int    `json:"h"`
	Active bool   `json:"active"`
	Label  string `json:"label,omitempty"` // as drawn
}

// Middle is the pixel in the middle of the target.
func (t Target) Middle() image.Point {
	return image.Pt(t.X+t.W/2, t.Y+t.H/2)
}

// Target finds a target by name.
func (s Screen) Target(name string) (Target, bool) {
	i := slices.IndexFunc(s.Targets, func(t Target) bool { return t.Name == name })
	if i < 0 {
		return Target{}, false
	}
	return s.Targets[i], true
}

// Touch is where a finger is, the body of POST /tap, /press and /release. A
// point off the screen is allowed and hits nothing.
type Touch struct {
	X int `json:"x"`
	Y int `json:"y"`
	// Revision is of the screen that the touch is meant for: when it means
	// something else on what is shown by now, it hits nothing. 0 is whatever is
	// shown.
	Revision uint64 `json:"revision,omitempty"`
}

// Hit is what a touch met: the target's name, or nil, and whether it was alive.
type Hit struct {
	Name   *string `json:"hit"`
	Active bool    `json:"active"`
}

// Client looks at one desk device's screen and taps it.
type Client struct {
	url  string
	http *http.Client
}

// New returns a client of the panel at url, such as http://127.0.0.1:9052.
func New(url string) *Client {
	return &Client{
		url: strings.TrimSuffix(url, "/"),
		http: &http.Client{
			// No proxy: a panel is on loopback only.
			Transport: &http.Transport{},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return errors.New("a panel does not redirect")
			},
		},
	}
}

// Screen waits until the screen is newer than revision after, for half a
// minute at most, and returns what is shown then. With 0 it does not wait.
func (c *Client) Screen(ctx context.Context, after uint64) (Screen, error) {
	path := "/screen.json"
	if after > 0 {
		path += "?after=" + strconv.FormatUint(after, 10)
	}
	body, err := c.do(ctx, http.MethodGet, path, nil, maxJSON)
	if err != nil {
		return Screen{}, err
	}
	var s Screen
	if err := json.Unmarshal(body, &s); err != nil {
		return Screen{}, fmt.Errorf("panel: %w", err)
	}
	return s, nil
}

// WaitUntil returns the first screen that ok accepts.
func (c *Client) WaitUntil(ctx context.Context, ok func(Screen) bool) (Screen, error) {
	var s Screen
	for {
		next, err := c.Screen(ctx, s.Revision)
		if err != nil {
			if ctx.Err() != nil && s.Revision > 0 {
				err = fmt.Errorf("the screen stays at %q, %q: %w", s.Name, s.Text, err)
			}
			return s, err
		}
		if s = next; ok(s) {
			return s, nil
		}
	}
}

// WaitFor waits until the screen of that name is shown.
func (c *Client) WaitFor(ctx context.Context, name string) (Screen, error) {
	s, err := c.WaitUntil(ctx, func(s Screen) bool { return s.Name == name })
	if err != nil {
		return s, fmt.Errorf("wait for screen %s: %w", name, err)
	}
	return s, nil
}

// Tap waits until the target is shown and alive, and taps its middle. When the
// screen changes under the finger it tries again; hitting another target that
// is alive is an error.
func (c *Client) Tap(ctx context.Context, name string) error {
	for {
		var t Target
		s, err := c.WaitUntil(ctx, func(s Screen) bool {
			t, _ = s.Target(name)
			return t.Active
		})
		if err != nil {
			return fmt.Errorf("tap %s: %w", name, err)
		}
		hit, err := c.touch(ctx, "/tap", t.Middle(), s.Revision)
		switch {
		case err != nil:
			return fmt.Errorf("tap %s: %w", name, err)
		case hit.Name == nil || !hit.Active:
			continue
		case *hit.Name != name:
			return fmt.Errorf("tap %s: the screen changed and %s was hit", name, *hit.Name)
		}
		return nil
	}
}

// TapAt taps one pixel, whatever is there.
func (c *Client) TapAt(ctx context.Context, p image.Point) (Hit, error) {
	return c.touch(ctx, "/tap", p, 0)
}

// Press puts the finger down; Release lifts it.
func (c *Client) Press(ctx context.Context, p image.Point) (Hit, error) {
	return c.touch(ctx, "/press", p, 0)
}

// Release lifts the finger at p, which may be off the screen.
func (c *Client) Release(ctx context.Context, p image.Point) (Hit, error) {
	return c.touch(ctx, "/release", p, 0)
}

// PNG returns a picture of the screen.
func (c *Client) PNG(ctx context.Context) ([]byte, error) {
	return c.do(ctx, http.MethodGet, "/screen.png", nil, maxPNG)
}

func (c *Client) touch(ctx context.Context, path string, p image.Point, revision uint64) (Hit, error) {
	in, err := json.Marshal(Touch{p.X, p.Y, revision})
	if err != nil {
		return Hit{}, err
	}
	body, err := c.do(ctx, http.MethodPost, path, in, maxJSON)
	if err != nil {
		return Hit{}, err
	}
	var h Hit
	if err := json.Unmarshal(body, &h); err != nil {
		return Hit{}, fmt.Errorf("panel: %w", err)
	}
	return h, nil
}

// do sends one request and returns the answer's body, of limit bytes at most.
func (c *Client) do(ctx context.Context, method, path string, in []byte, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(in))
	if err != nil {
		return nil, fmt.Errorf("panel: %w", err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("panel: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("panel: %w", err)
	case int64(len(body)) > limit:
		return nil, fmt.Errorf("panel: %s answers more than %d bytes", path, limit)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("panel: %s: %s: %.200q", path, resp.Status, body)
	}
	return body, nil
}
