package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"onetimechat/hostlink/mailbox"
)

// meddler stands between bob's laptop and the relay, as whoever keeps the relay
// could: it drops and corrupts what bob fetches.
type meddler struct {
	server *httptest.Server

	mu     sync.Mutex
	meddle func(m *mailbox.Message) (keep bool) // nil: leave all as it is
}

func newMeddler(relay string) (*meddler, error) {
	to, err := url.Parse(relay)
	if err != nil {
		return nil, err
	}
	m := &meddler{}
	m.server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: m.alter,
	})
	return m, nil
}

// alter changes the relay's answer.
func (m *meddler) alter(r *http.Response) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.meddle == nil || r.Request.URL.Path != "/getmessages" {
		return nil
	}
	var batch struct {
		Messages []mailbox.Message `json:"messages"`
		Complete bool              `json:"complete"`
	}
	err := json.NewDecoder(r.Body).Decode(&batch)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return err
	}
	kept := []mailbox.Message{}
	for _, message := range batch.Messages {
		if m.meddle(&message) {
			kept = append(kept, message)
		}
	}
	batch.Messages = kept
	body, err := json.Marshal(batch)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Del("Content-Length")
	return err
}

func (m *meddler) begin(meddle func(*mailbox.Message) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meddle = meddle
}

// dropFirst hides the first message that is fetched.
func dropFirst() func(*mailbox.Message) bool {
	var hidden int64
	return func(m *mailbox.Message) bool {
		if hidden == 0 {
			hidden = m.Ref
		}
		return m.Ref != hidden
	}
}

// corrupt flips one bit of the text.
func corrupt(m *mailbox.Message) bool {
	const textBegins = 6 // behind the index
	pkg, err := base64.StdEncoding.DecodeString(m.Contents)
	if err == nil && len(pkg) > textBegins {
		pkg[textBegins] ^= 1
		m.Contents = base64.StdEncoding.EncodeToString(pkg)
	}
	return true
}

const mischiefIntro = `
The relay's keeper turns hostile. Nobody can read or forge what passes there, but
messages can be dropped and corrupted. This is what bob then sees.
`

// mischief plays the two tricks of the 2015 report's Figure 5.
func mischief(ctx context.Context, s *stage) error {
	m, err := newMeddler(s.relay)
	if err != nil {
		return err
	}
	defer m.server.Close()
	s.bob.env = append(s.bob.env, "OTC_RELAY="+m.server.URL) // the later one counts
	fmt.Print(mischiefIntro)

	fmt.Println("\nOf two messages the relay drops the first:")
	m.begin(dropFirst())
	if err := errors.Join(s.send(ctx, s.alice, "Do not come by train."), s.send(ctx, s.alice, "See you at nine.")); err != nil {
		return err
	}
	received := s.laptop(ctx, s.bob, "receive")
	if err := s.bob.tap(ctx, s.out, "to-laptop"); err != nil {
		return err
	}
	err = s.warned(received, "Possible skip detected", "See you at nine.")
	if err != nil {
		return err
	}

	fmt.Println("\nOf the next message it changes one bit:")
	m.begin(corrupt)
	if err := s.send(ctx, s.alice, "The door is green."); err != nil {
		return err
	}
	if err := s.warned(s.laptop(ctx, s.bob, "receive"), "could not be verified"); err != nil {
		return err
	}
	if err := s.bob.shoot(ctx, s.out); err != nil { // home: nobody was asked
		return err
	}
	return s.bob.lookAtLog(ctx, s.out)
}

// send has p send text without anybody reading it yet.
func (s *stage) send(ctx context.Context, p *person, text string) error {
	sent := s.laptop(ctx, p, "send", "bob", text)
	if err := p.approve(ctx, s.out, text); err != nil {
		return err
	}
	fmt.Printf("%-6s> %s\n", p.name, text)
	return sent.wait(0)
}

// exitWarning is how otc ends when it showed a warning.
const exitWarning = 6

// warned waits for a laptop that shows a warning, prints what it shows, and
// keeps that beside the pictures.
func (s *stage) warned(c *command, texts ...string) error {
	if err := c.wait(exitWarning); err != nil {
		return err
	}
	output := c.output.String()
	for _, text := range texts {
		if !strings.Contains(output, text) {
			return fmt.Errorf("bob's laptop shows %q, without %q", output, text)
		}
	}
	for line := range strings.Lines(output) {
		fmt.Print("  bob's laptop | ", line)
	}
	file, err := os.OpenFile(filepath.Join(s.out, "bob-laptop.txt"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(output)
	return errors.Join(err, file.Close())
}
