package mailbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"onetimechat/padstore/uid"
)

const (
	// stall is how long a relay may be silent, its long poll apart, before the
	// client gives up. Progress is what counts, so that a large answer comes
	// through a slow line.
	stall = 20 * time.Second

	// maxAnswer is what is read of one answer, in bytes. A relay of ours stops
	// at 8 MiB; one message of 1.4 MB can take 8.4 MB when every byte of it is
	// escaped.
	maxAnswer = 16 << 20

	// maxBatch is how many messages one answer holds at most.
	maxBatch = 1024

	// maxSmall is what is read of any other answer, in bytes.
	maxSmall = 64 << 10
)

// Client talks to one relay. Its methods may be called concurrently. Their
// errors are told apart by errors.Is with [ErrUnreachable], [ErrNotRelay] and
// the context's error, and errors.As with [*BusyError] and [*RefusedError].
type Client struct {
	base *url.URL
	http *http.Client
}

// NewClient makes a client for the relay at baseURL, such as
// "http://localhost:9050" or "https://relay.example.org/otc". It does not
// connect yet. An https relay's certificate must be signed by an authority of
// this system.
func NewClient(baseURL string) (*Client, error) {
	return NewClientRoots(baseURL, nil)
}

// NewClientRoots is NewClient for a relay whose certificate is signed by one
// of roots; nil means the system's.
func NewClientRoots(baseURL string, roots *x509.CertPool) (*Client, error) {
	base, err := parseBase(baseURL)
	if err != nil {
		return nil, err
	}
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	transport := &http.Transport{
		Proxy:                  nil, // whom this laptop talks to is nobody else's to choose
		DialContext:            (&net.Dialer{Timeout: stall}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    stall,
		DisableCompression:     true, // what is capped is what was sent
		MaxResponseHeaderBytes: 16 << 10,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		Protocols:              http1,
	}
	return &Client{base: base, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func parseBase(baseURL string) (*url.URL, error) {
	bad := func(why string) (*url.URL, error) {
		return nil, fmt.Errorf("relay address %.300q: %s", baseURL, why)
	}
	base, err := url.Parse(baseURL)
	switch {
	case err != nil:
		return bad("not an address")
	case base.Scheme != "http" && base.Scheme != "https":
		return bad("must begin with http:// or https://")
	case base.Hostname() == "" || base.Opaque != "":
		return bad("names no host")
	case base.User != nil || base.RawQuery != "" || base.ForceQuery || base.Fragment != "":
		return bad("must be scheme, host, port and path only")
	}
	if port := base.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return bad("port must be 1 to 65535")
		}
	} else if strings.HasSuffix(base.Host, ":") {
		return bad("port must be 1 to 65535")
	}
	return base, nil
}

// String is the relay's address.
func (c *Client) String() string { return c.base.String() }

// Close gives back idle connections. Requests under way go on.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Check asks whether the relay is up: GET /check.
func (c *Client) Check(ctx context.Context) error {
	var reply CheckReply
	if err := c.get(ctx, "check", nil, &reply); err != nil {
		return err
	}
	if reply.Status != "ok" {
		return fmt.Errorf("%w: its status is %.40q", ErrNotRelay, reply.Status)
	}
	return nil
}

// Outgoing is one message to send.
type Outgoing struct {
	Recipient, Sender string // user ids
	Contents          string // a package in base64, at most MaxContents bytes
	ID                string // may be empty; at most MaxID bytes
}

// Send stores a message: POST /send. Once it answers with the message's ref,
// the relay claims to keep it. With an ID, sending the same again is harmless.
func (c *Client) Send(ctx context.Context, m Outgoing) (ref int64, err error) {
	if err := m.check(); err != nil {
		return 0, err
	}
	form := url.Values{
		"recipient_uid": {m.Recipient},
		"sender_uid":    {m.Sender},
		"contents":      {m.Contents},
	}
	if m.ID != "" {
		form.Set("id", m.ID)
	}
	var reply SendReply
	err = c.call(ctx, "send", nil, form.Encode(), 0, func(body io.Reader) error {
		return decodeSmall(body, &reply)
	})
	if err != nil {
		return 0, err
	}
	if !reply.Received || reply.Ref < 1 || reply.Ref > MaxRef {
		return 0, fmt.Errorf("%w: it did not confirm the message", ErrNotRelay)
	}
	return reply.Ref, nil
}

// check refuses what no relay would take, in the relay's own terms, so that a
// caller need not tell the two apart.
func (m Outgoing) check() error {
	if err := errors.Join(uid.Check(m.Recipient), uid.Check(m.Sender)); err != nil {
		return &RefusedError{Code: http.StatusBadRequest, Text: "not a user id"}
	}
	if m.Contents == "" || len(m.ID) > MaxID {
		return &RefusedError{Code: http.StatusBadRequest, Text: "empty contents or long id"}
	}
	if len(m.Contents) > MaxContents {
		return &RefusedError{Code: http.StatusRequestEntityTooLarge, Text: "contents too long"}
	}
	return nil
}

// NextRef is the recipient's highest ref plus one, 0 when it never had a
// message: GET /getnextref.
func (c *Client) NextRef(ctx context.Context, recipient string) (int64, error) {
	if err := uid.Check(recipient); err != nil {
		return 0, &RefusedError{Code: http.StatusBadRequest, Text: "not a user id"}
	}
	var reply struct {
		NextRef *int64 `json:"nextref"` // a pointer, because an answer without it is none
	}
	if err := c.get(ctx, "getnextref", url.Values{"recipient_uid": {recipient}}, &reply); err != nil {
		return 0, err
	}
	if reply.NextRef == nil || *reply.NextRef < 0 || *reply.NextRef > MaxRef {
		return 0, fmt.Errorf("%w: no next ref", ErrNotRelay)
	}
	return *reply.NextRef, nil
}

// Batch is some of a mailbox's messages.
type Batch struct {
	Messages []Message // by ascending ref
	Complete bool      // the relay says that there are no more for now
}

// Messages fetches the recipient's messages whose ref is start or higher, at
// most max of them (0 means as many as one answer holds): GET /getmessages.
// When there are none it waits for one, up to wait, rounded up to seconds and
// at most MaxWait of them; then an empty batch is the answer. A relay that does
// not know how to wait answers at once: pause before asking again.
//
// All refs answered are start or higher, below 2^53, and ascending. A message
// whose sender is not a user id, or whose contents are too long, has an empty
// one instead: it keeps its place, so that a reader can pass it.
func (c *Client) Messages(ctx context.Context, recipient string, start int64, max int, wait time.Duration) (Batch, error) {
	if err := uid.Check(recipient); err != nil {
		return Batch{}, &RefusedError{Code: http.StatusBadRequest, Text: "not a user id"}
	}
	if start < 0 || start > MaxRef {
		return Batch{}, &RefusedError{Code: http.StatusBadRequest, Text: "start_ref out of range"}
	}
	if max <= 0 || max > maxBatch {
		max = maxBatch
	}
	query := url.Values{
		"recipient_uid": {recipient},
		"start_ref":     {strconv.FormatInt(start, 10)},
		"maxcount":      {strconv.Itoa(max)},
	}
	seconds := waitSeconds(wait)
	if seconds > 0 {
		query.Set("wait", strconv.Itoa(seconds))
	}
	var batch Batch
	err := c.call(ctx, "getmessages", query, "", time.Duration(seconds)*time.Second, func(body io.Reader) (err error) {
		batch, err = decodeBatch(body, recipient, start, max)
		return err
	})
	return batch, err
}

func waitSeconds(wait time.Duration) int {
	if wait <= 0 {
		return 0
	}
	return int((min(wait, MaxWait*time.Second) + time.Second - 1) / time.Second)
}

func (c *Client) get(ctx context.Context, endpoint string, query url.Values, reply any) error {
	return c.call(ctx, endpoint, query, "", 0, func(body io.Reader) error {
		return decodeSmall(body, reply)
	})
}

// call makes one request, a POST when there is a form, and hands a good
// answer's body to decode. It gives up when nothing moves for stall, or for
// wait longer while the answer has not begun.
func (c *Client) call(ctx context.Context, endpoint string, query url.Values, form string, wait time.Duration, decode func(io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(stall+wait, func() { cancel(ErrUnreachable) })
	defer watch.Stop()

	req, err := c.request(ctx, endpoint, query, form, watch)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return unreachable(ctx, err)
	}
	defer resp.Body.Close()
	moving := &progress{r: resp.Body, watch: watch}
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(moving, maxSmall)) // the status alone is an answer too
		return refusal(resp, body)
	}
	body := &capped{r: moving, left: maxAnswer}
	err = decode(body)
	if err != nil && body.err != nil {
		return unreachable(ctx, body.err) // the line broke, not the relay's JSON
	}
	return err
}

func (c *Client) request(ctx context.Context, endpoint string, query url.Values, form string, watch *time.Timer) (*http.Request, error) {
	target := c.base.JoinPath(endpoint)
	target.RawQuery = query.Encode()
	if form == "" {
		return http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	}
	body := func() (io.ReadCloser, error) {
		return io.NopCloser(&progress{r: strings.NewReader(form), watch: watch}), nil
	}
	first, _ := body()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), first)
	if err != nil {
		return nil, err
	}
	req.ContentLength = int64(len(form))
	req.GetBody = body // lets a kept connection that has died be replaced
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// unreachable keeps the caller's own cancellation apart from a broken line.
func unreachable(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	switch {
	case cause == nil:
	case errors.Is(cause, ErrUnreachable):
		return fmt.Errorf("%w: no answer for %s", ErrUnreachable, stall)
	default:
		return cause
	}
	if inner := (*url.Error)(nil); errors.As(err, &inner) {
		err = inner.Err // its text repeats the whole address
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return fmt.Errorf("%w: it speaks http, not https", ErrNotRelay)
	}
	if bad := (*tls.CertificateVerificationError)(nil); errors.As(err, &bad) {
		return fmt.Errorf("%w: %w: %.300q", ErrUnreachable, ErrCertificate, bad.Err.Error())
	}
	return fmt.Errorf("%w: %.300q", ErrUnreachable, err.Error())
}

// progress puts off the watch whenever something moves.
type progress struct {
	r     io.Reader
	watch *time.Timer
}

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if n > 0 {
		p.watch.Reset(stall)
	}
	return n, err
}

// capped reads at most left bytes and remembers an error of the line.
type capped struct {
	r    io.Reader
	left int64
	err  error
}

func (c *capped) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, fmt.Errorf("%w: answer too long", ErrNotRelay)
	}
	n, err := c.r.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// decodeSmall reads one JSON value of at most maxSmall bytes.
func decodeSmall(body io.Reader, into any) error {
	data, err := io.ReadAll(io.LimitReader(body, maxSmall+1))
	if err != nil {
		return err
	}
	if len(data) > maxSmall {
		return fmt.Errorf("%w: answer too long", ErrNotRelay)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%w: not the JSON expected", ErrNotRelay)
	}
	return nil
}
