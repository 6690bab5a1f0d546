package hostlink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"onetimechat/padstore/uid"
)

var (
	// ErrUnreachable is matched by every *UnreachableError.
	ErrUnreachable = errors.New("pad device not reachable")
	// ErrProtocol: what answered does not speak this protocol. Nothing of
	// its answer is in the error's text.
	ErrProtocol = errors.New("not a pad device's answer")
)

var errSlow = errors.New("the answer broke off")

// UnreachableError says that no answer came: the device could not be reached,
// the link broke, or the context ended. If Sent, the device may have done what
// was asked; the same request with the same id then returns the same answer.
type UnreachableError struct {
	Address string
	Sent    bool
	Err     error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("pad device at %s: %v", e.Address, e.Err)
}

// Unwrap returns Err.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Is reports whether target is ErrUnreachable.
func (e *UnreachableError) Is(target error) bool { return target == ErrUnreachable }

const (
	dialTime  = 5 * time.Second
	quickTime = 20 * time.Second // for calls that ask no owner
	// A byte of text takes at most six in JSON (\u0000), so that what came in
	// one request can be more than that when it is opened.
	maxAnswer = 6*MaxBody + MaxBatch<<10
)

// Client calls a pad device. Its methods are Device's, and fail with a
// Refusal, an *UnreachableError or ErrProtocol. Where one contact or one
// package was asked for, a refusal is in the result's Err instead.
//
// A context that ends closes the connection, which withdraws what was asked.
// Calls that ask the owner have no time limit of their own. It may be used
// concurrently.
type Client struct {
	base string
	http *http.Client
}

// NewClient returns a Client for a device at address: see ParseAddress. The
// link is a private cable and has no TLS, so https is refused.
func NewClient(address string) (*Client, error) {
	u, err := ParseAddress(address, Port)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme == "https":
		return nil, fmt.Errorf("%q: the link to a pad device is a private cable, without https; use http://", address)
	case u.Path != "":
		return nil, fmt.Errorf("%q: a pad device's address has no path", address)
	}
	dialer := &net.Dialer{Timeout: dialTime, KeepAliveConfig: keepAlive()}
	return &Client{
		base: u.String(),
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:                  nil, // never, whatever the environment says
				DialContext:            dialer.DialContext,
				DisableKeepAlives:      true,
				DisableCompression:     true,
				MaxResponseHeaderBytes: maxHeader,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// String returns the device's address as a URL.
func (c *Client) String() string { return c.base }

// Package asks to seal req.Text for the contacts in req.To, and returns one
// Sealed for each, in order.
func (c *Client) Package(ctx context.Context, req PackageRequest) ([]Sealed, error) {
	if !utf8.ValidString(req.Text) {
		return nil, EncryptionFailed // JSON would carry another text
	}
	if len(req.To) == 1 {
		var answer sealedAnswer
		if err := c.call(ctx, &answer, "package", withID(req.ID), req.From, req.To[0], req.Text); err != nil {
			return nil, err
		}
		one, err := answer.read(req.To[0])
		return []Sealed{one}, err
	}
	var answer sealedManyAnswer
	if err := c.ask(ctx, &answer, "package_many", withID(req.ID), req.From, req.To, req.Text); err != nil {
		return nil, err
	}
	if len(answer.Packages) != len(req.To) {
		return nil, protocolError("another number of packages")
	}
	results := make([]Sealed, len(req.To))
	for i, to := range req.To {
		if answer.Packages[i].To != to {
			return nil, protocolError("a package for another contact")
		}
		var err error
		if results[i], err = answer.Packages[i].read(to); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// Unpackage asks to open req.Packages, and returns one Opened for each, in
// order.
func (c *Client) Unpackage(ctx context.Context, req UnpackageRequest) ([]Opened, error) {
	if len(req.Packages) == 1 {
		var answer openedAnswer
		in := req.Packages[0]
		if err := c.call(ctx, &answer, "unpackage", withID(req.ID), in.From, req.To, in.Package); err != nil {
			return nil, err
		}
		one, err := answer.read()
		return []Opened{one}, err
	}
	type incoming struct {
		From    string `json:"src_uid"`
		Package []byte `json:"package"`
	}
	packages := make([]incoming, len(req.Packages))
	for i, in := range req.Packages {
		packages[i] = incoming(in)
	}
	var answer openedManyAnswer
	if err := c.ask(ctx, &answer, "unpackage_many", withID(req.ID), req.To, packages); err != nil {
		return nil, err
	}
	if len(answer.Results) != len(req.Packages) {
		return nil, protocolError("another number of results")
	}
	results := make([]Opened, len(answer.Results))
	for i := range results {
		var err error
		if results[i], err = answer.Results[i].read(); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// Acknowledge says that the answer to request id is kept here.
func (c *Client) Acknowledge(ctx context.Context, id string) error {
	return c.quick(ctx, "acknowledge", id)
}

// Cancel withdraws the waiting request id.
func (c *Client) Cancel(ctx context.Context, id string) error {
	return c.quick(ctx, "cancel", id)
}

func (c *Client) quick(ctx context.Context, method, id string) error {
	ctx, cancel := context.WithTimeout(ctx, quickTime)
	defer cancel()
	return c.ask(ctx, new(outcome), method, nil, id)
}

// Status tells the device the time, unless told is zero, and returns what it
// shows to anybody.
func (c *Client) Status(ctx context.Context, told time.Time) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, quickTime)
	defer cancel()
	var answer statusAnswer
	var args []any
	if !told.IsZero() {
		args = []any{told.Unix()}
	}
	if err := c.ask(ctx, &answer, "status", nil, args...); err != nil {
		return Status{}, err
	}
	stranger := func(p Pad) bool { return !uid.Valid(p.Contact) }
	if !uid.Valid(answer.Owner) || slices.ContainsFunc(answer.Pads, stranger) {
		return Status{}, protocolError("names that are no user ids")
	}
	return answer.Status, nil
}

// Log asks the owner for the device's log.
func (c *Client) Log(ctx context.Context) ([]LogEntry, error) {
	var answer logAnswer
	err := c.ask(ctx, &answer, "device_log", nil)
	return answer.Log, err
}

// SelfTest asks the owner for the self-test's report, which may hold anything: it
// is to be escaped where it is shown.
func (c *Client) SelfTest(ctx context.Context) (string, error) {
	var answer reportAnswer
	if err := c.ask(ctx, &answer, "self_test_report", nil); err != nil {
		return "", err
	}
	if answer.Report == nil || !isReport(*answer.Report) {
		return "", protocolError("no report")
	}
	return *answer.Report, nil
}

// NextRef returns the place in server's mailbox that the device keeps for
// owner, if it keeps one.
func (c *Client) NextRef(ctx context.Context, owner, server string) (ref int64, known bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, quickTime)
	defer cancel()
	var answer *int64
	err = c.call(ctx, &answer, "get_next_ref", nil, owner, server)
	if err != nil || answer == nil {
		return 0, false, err
	}
	if *answer < 0 || *answer > MaxRef {
		return 0, false, protocolError("a reference out of range")
	}
	return *answer, true, nil
}

// SaveNextRef has the device keep ref.
func (c *Client) SaveNextRef(ctx context.Context, owner, server string, ref int64) error {
	ctx, cancel := context.WithTimeout(ctx, quickTime)
	defer cancel()
	var answer any
	return c.call(ctx, &answer, "save_next_ref", nil, owner, server, ref)
}

func withID(id string) map[string]any {
	if id == "" {
		return nil
	}
	return map[string]any{"id": id}
}

// ask is call where a refusal is an error.
func (c *Client) ask(ctx context.Context, answer interface{ refusal() error }, method string, kwargs map[string]any, args ...any) error {
	if err := c.call(ctx, answer, method, kwargs, args...); err != nil {
		return err
	}
	return answer.refusal()
}

// call runs one method and reads what it returned into answer.
func (c *Client) call(ctx context.Context, answer any, method string, kwargs map[string]any, args ...any) error {
	request := struct {
		Method string         `json:"method"`
		Args   []any          `json:"args"`
		Kwargs map[string]any `json:"kwargs"`
	}{method, append([]any{}, args...), kwargs}
	if kwargs == nil {
		request.Kwargs = map[string]any{}
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if len(body) > MaxBody {
		return TooLong
	}
	reply, err := c.post(ctx, body)
	if err != nil {
		return err
	}
	return readReply(reply, answer)
}

// post sends one request and returns the body of its answer.
func (c *Client) post(ctx context.Context, body []byte) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var connected atomic.Bool
	unreachable := func(err error) error {
		return &UnreachableError{Address: c.base, Sent: connected.Load(), Err: err}
	}
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	request, err := http.NewRequestWithContext(traced, http.MethodPost, c.base+Path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, unreachable(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, protocolError(fmt.Sprintf("status %d", response.StatusCode))
	}
	late := time.AfterFunc(answerTime, func() { cancel(errSlow) })
	defer late.Stop()
	reply, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, unreachable(err)
	case len(reply) > maxAnswer:
		return nil, protocolError("too long")
	}
	return reply, nil
}
