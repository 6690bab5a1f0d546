package mailbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

// ErrUnreachable says that no answer came: keep the message and try again.
var ErrUnreachable = errors.New("relay unreachable")

// ErrNotRelay says that something answered, but not as a relay does: keep the
// message, try again later, and show it.
var ErrNotRelay = errors.New("not the answer of a relay")

// ErrCertificate says that the relay's https certificate is none that this
// system trusts, or not now, by its clock. ErrUnreachable matches too.
var ErrCertificate = errors.New("certificate not trusted")

// A BusyError is a temporary refusal (408, 429 or 5xx): try again with backoff.
type BusyError struct {
	Code  int
	Text  string        // escaped, short; may be empty
	After time.Duration // at least how long the relay asks to wait, at most an hour; 0 when it does not say
}

func (e *BusyError) Error() string { return describe("relay is busy", e.Code, e.Text) }

// A RefusedError is a refusal that trying again does not change (400 or 413).
type RefusedError struct {
	Code int
	Text string // escaped, short; may be empty
}

func (e *RefusedError) Error() string { return describe("relay refused", e.Code, e.Text) }

func describe(what string, code int, text string) string {
	if text == "" {
		return fmt.Sprintf("%s (%d)", what, code)
	}
	return fmt.Sprintf("%s (%d): %s", what, code, text)
}

// maxErrorText is what is kept of a relay's explanation, in characters before
// escaping.
const maxErrorText = 200

// refusal turns an answer other than 200 into its error. Only 400 and 413 are
// permanent: other codes may come from whatever stands between, and so may a 400
// in other words than a relay's, such as an https server's that was asked in http.
func refusal(resp *http.Response, body []byte) error {
	reply := errorReply(body)
	switch code := resp.StatusCode; {
	case code == http.StatusBadRequest && reply.Error == code || code == http.StatusRequestEntityTooLarge:
		return &RefusedError{Code: code, Text: reply.Message}
	case code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= 500:
		return &BusyError{Code: code, Text: reply.Message, After: retryAfter(resp)}
	default:
		return fmt.Errorf("%w: status %d", ErrNotRelay, code)
	}
}

// errorReply is a relay's error body, its message short and in printable ASCII
// only; empty if it is none.
func errorReply(body []byte) ErrorReply {
	var reply ErrorReply
	if json.Unmarshal(body, &reply) != nil {
		return ErrorReply{}
	}
	text := reply.Message
	for i, n := 0, 0; i < len(text); n++ {
		if n == maxErrorText {
			text = text[:i] + "..."
			break
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		i += size
	}
	quoted := strconv.QuoteToASCII(text)
	reply.Message = quoted[1 : len(quoted)-1]
	return reply
}

func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return min(max(time.Duration(min(seconds, 3600))*time.Second, 0), time.Hour)
}
