package display

import (
	"fmt"
	"image"
	"slices"
	"sync"

	"github.com/fogleman/gg"
)

// Renderer draws screens of one size. It is safe for concurrent use.
type Renderer struct {
	theme theme

	mu      sync.Mutex // the fonts draw one at a time
	fonts   typefaces
	layouts layoutCache
	corners map[corner]*image.RGBA // of few sizes and colours, all of them the theme's
}

// NewRenderer makes a Renderer for one of Sizes.
func NewRenderer(size image.Point) (*Renderer, error) {
	if !slices.Contains(Sizes(), size) {
		return nil, fmt.Errorf("display: no screens for size %v", size)
	}
	t := newTheme(size)
	fonts, err := newTypefaces(t)
	if err != nil {
		return nil, err
	}
	return &Renderer{theme: t, fonts: fonts, corners: map[corner]*image.RGBA{}}, nil
}

// Render draws s. A page that does not exist becomes the nearest one that
// does; the Frame says which.
func (r *Renderer) Render(s Screen) *Frame {
	return r.draw(s, image.NewRGBA(image.Rectangle{Max: r.theme.size}))
}

// draw draws s into a picture; where that has no room, nothing is drawn, and all else
// is as ever.
func (r *Renderer) draw(s Screen, img *image.RGBA) *Frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch s.(type) {
	case ApproveSend, Reader:
	default:
		r.layouts = layoutCache{} // keep no text longer than it is shown
	}
	c := &canvas{
		theme:   r.theme,
		fonts:   r.fonts,
		frame:   &Frame{Name: s.name(), Image: img, Pages: 1},
		dc:      gg.NewContextForRGBA(img),
		layouts: &r.layouts,
		corners: r.corners,
	}
	c.fill(img.Rect, colGround)
	s.draw(c)
	return c.frame
}

// turnTo notes which page is shown and returns it.
func (c *canvas) turnTo(page int, pages [][]row) []row {
	c.frame.Pages = len(pages)
	c.frame.Page = min(max(page, 0), len(pages)-1)
	return pages[c.frame.Page]
}

// pageText says which page is shown, or nothing if it is the only one.
func (c *canvas) pageText() string {
	if c.frame.Pages == 1 {
		return ""
	}
	return fmt.Sprintf("Page %d of %d", c.frame.Page+1, c.frame.Pages)
}
