package hostlink

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"
)

// errJSON is all that is said about a body that is not strict JSON.
var errJSON = errors.New("not strict JSON")

// notText stands for a string that is not Unicode: invalid UTF-8, or an
// unpaired surrogate. encoding/json would put U+FFFD in its place, and another
// text would be approved than was sent.
type notText struct{}

// jsonLimits caps a JSON value while it is read.
type jsonLimits struct {
	depth    int // of nesting
	elements int // of one array or object
	values   int // in all
}

// parseJSON reads one JSON value as nil, bool, json.Number, string, notText,
// []any or map[string]any. Unlike encoding/json it refuses duplicate names,
// and compares names exactly.
func parseJSON(body []byte, limits jsonLimits) (any, error) {
	if !json.Valid(body) {
		return nil, errJSON
	}
	p := jsonParser{body: body, decoder: json.NewDecoder(bytes.NewReader(body)), limits: limits}
	p.decoder.UseNumber()
	return p.value(0)
}

type jsonParser struct {
	body    []byte
	decoder *json.Decoder
	limits  jsonLimits
	values  int
}

func (p *jsonParser) value(depth int) (any, error) {
	if p.values++; p.values > p.limits.values {
		return nil, errJSON
	}
	start := p.decoder.InputOffset()
	token, err := p.decoder.Token()
	if err != nil {
		return nil, errJSON
	}
	switch token := token.(type) {
	case json.Delim:
		if depth == p.limits.depth {
			return nil, errJSON
		}
		if token == '[' {
			return p.array(depth + 1)
		}
		return p.object(depth + 1)
	case string:
		// The token with the white space and comma before it.
		if !isUnicode(p.body[start:p.decoder.InputOffset()]) {
			return notText{}, nil
		}
		return token, nil
	default:
		return token, nil
	}
}

func (p *jsonParser) array(depth int) (any, error) {
	values := []any{}
	for p.decoder.More() {
		if len(values) == p.limits.elements {
			return nil, errJSON
		}
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	_, err := p.decoder.Token() // ]
	return values, err
}

func (p *jsonParser) object(depth int) (any, error) {
	members := map[string]any{}
	for p.decoder.More() {
		if len(members) == p.limits.elements {
			return nil, errJSON
		}
		name, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		text, ok := name.(string)
		if _, twice := members[text]; !ok || twice {
			return nil, errJSON
		}
		if members[text], err = p.value(depth); err != nil {
			return nil, err
		}
	}
	_, err := p.decoder.Token() // }
	return members, err
}

// isUnicode reports whether valid JSON is valid UTF-8 without unpaired
// surrogate escapes.
func isUnicode(valid []byte) bool {
	if !utf8.Valid(valid) {
		return false
	}
	for {
		i := bytes.IndexByte(valid, '\\')
		if i < 0 {
			return true
		}
		valid = valid[i:]
		high, ok := escapedSurrogate(valid)
		if !ok {
			valid = valid[2:]
			continue
		}
		low, ok := escapedSurrogate(valid[6:])
		if !ok || high >= lowSurrogates || low < lowSurrogates {
			return false
		}
		valid = valid[12:]
	}
}

// Surrogates, RFC 8259 section 7 and the Unicode standard, 3.8.
const (
	highSurrogates = 0xd800
	lowSurrogates  = 0xdc00
	endSurrogates  = 0xe000
)

// escapedSurrogate reads the surrogate that s begins with, as \uXXXX.
func escapedSurrogate(s []byte) (uint64, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	return unit, err == nil && unit >= highSurrogates && unit < endSurrogates
}
