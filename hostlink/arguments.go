package hostlink

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"onetimechat/padstore/uid"
)

// callError is an error text of the envelope: the call itself is wrong. The
// texts are the 2015 program's.
type callError string

const (
	noSuchMethod callError = "no such rpc method"
	notAllowed   callError = "method not in allow list"
	threw        callError = "rpc call threw an exception"
)

func (e callError) Error() string { return string(e) }

// call is a parsed request.
type call struct {
	method string
	args   []any
	kwargs map[string]any
}

// parseCall reads {"method": …, "args": […], "kwargs": {…}}; the last two may
// be left out.
func parseCall(body []byte) (call, bool) {
	// The deepest call is unpackage_many: call, args, packages, package. More
	// than a full batch is read, to be answered TooLong.
	value, err := parseJSON(body, jsonLimits{depth: 4, elements: 4 * MaxBatch, values: 16 * MaxBatch})
	members, ok := value.(map[string]any)
	if err != nil || !ok {
		return call{}, false
	}
	c := call{kwargs: map[string]any{}}
	for name, value := range members {
		switch name {
		case "method":
			c.method, ok = value.(string)
		case "args":
			c.args, ok = value.([]any)
		case "kwargs":
			c.kwargs, ok = value.(map[string]any)
		default:
			ok = false
		}
		if !ok {
			return call{}, false
		}
	}
	_, ok = members["method"]
	return c, ok
}

// rename lets an argument be given by another name.
func (c call) rename(from, to string) {
	value, ok := c.kwargs[from]
	if _, taken := c.kwargs[to]; ok && !taken {
		delete(c.kwargs, from)
		c.kwargs[to] = value
	}
}

// bind matches the call's arguments with names, as Python does: the first
// ones by position, the others by keyword, each exactly once.
func (c call) bind(names ...string) ([]any, error) {
	if len(c.args)+len(c.kwargs) != len(names) || len(c.args) > len(names) {
		return nil, threw
	}
	bound := slices.Clone(c.args)
	for _, name := range names[len(c.args):] {
		value, ok := c.kwargs[name]
		if !ok {
			return nil, threw
		}
		bound = append(bound, value)
	}
	return bound, nil
}

// bindID is bind for a call that may have an id besides.
func (c call) bindID(names ...string) (id string, bound []any, err error) {
	if id, err = c.requestID(); err == nil {
		bound, err = c.bind(names...)
	}
	return id, bound, err
}

// requestID takes the keyword id, which may be missing, out of the call.
func (c call) requestID() (string, error) {
	value, ok := c.kwargs["id"]
	delete(c.kwargs, "id")
	if !ok || value == nil {
		return "", nil
	}
	return requestID(value)
}

// requestID accepts 1 to MaxRequestID visible ASCII characters.
func requestID(value any) (string, error) {
	id, ok := value.(string)
	if !ok || id == "" || len(id) > MaxRequestID || !visible(id) {
		return "", threw
	}
	return id, nil
}

// visible tells whether s is printable ASCII without spaces.
func visible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// userID returns "" for what is no user id.
func userID(value any) string {
	id, ok := value.(string)
	if !ok || !uid.Valid(id) {
		return ""
	}
	return id
}

func messageText(value any) (string, error) {
	text, ok := value.(string)
	switch {
	case !ok:
		return "", EncryptionFailed
	case len(text) > MaxText:
		return "", TooLong
	}
	return text, nil
}

func mailboxOf(user, address any) (owner, server string, err error) {
	owner = userID(user)
	server, ok := address.(string)
	switch {
	case owner == "":
		return "", "", NoPad
	case !ok || server == "":
		return "", "", threw
	case len(server) > MaxAddress || !visible(server):
		return "", "", TooLong
	}
	return owner, server, nil
}

// integer accepts 0 to MaxRef, written without fraction or exponent.
func integer(value any) (int64, error) {
	number, _ := value.(json.Number)
	n, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil || n < 0 || n > MaxRef || number.String() == "-0" {
		return 0, threw
	}
	return n, nil
}

// decodeBase64 accepts the standard alphabet, padded, and only the one
// spelling that encoding gives.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") { // which Strict lets through
		return nil, base64.CorruptInputError(0)
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

// fixed returns the text for err: only what is on the fixed list crosses the
// link.
func fixed(err error) string {
	if wrong, ok := errors.AsType[callError](err); ok {
		return string(wrong)
	}
	if refusal, ok := errors.AsType[Refusal](err); ok && refusal.known() {
		return string(refusal)
	}
	return string(DeviceFault)
}
