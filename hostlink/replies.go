package hostlink

import (
	"encoding/json"
	"errors"
	"fmt"
)

// What a client makes of a device's answers, none of which it trusts.

// readReply opens the envelope.
func readReply(reply []byte, answer any) error {
	value, err := parseJSON(reply, jsonLimits{depth: 5, elements: 1 << 16, values: 1 << 18})
	envelope, ok := value.(map[string]any)
	if err != nil || !ok || len(envelope) != 1 || !isUnicode(reply) {
		return protocolError("no envelope")
	}
	if text, ok := envelope["error"].(string); ok {
		if refusal := Refusal(text); refusal.known() {
			return refusal
		}
		switch callError(text) {
		case noSuchMethod, notAllowed, threw:
			return protocolError(text)
		}
		return protocolError("an unknown error")
	}
	var raw struct {
		Return json.RawMessage `json:"return"`
	}
	if _, ok := envelope["return"]; !ok || json.Unmarshal(reply, &raw) != nil {
		return protocolError("no envelope")
	}
	if json.Unmarshal(raw.Return, answer) != nil {
		return protocolError("another type")
	}
	return nil
}

func protocolError(what string) error { return fmt.Errorf("%w: %s", ErrProtocol, what) }

// refusal returns nil for a success.
func (o outcome) refusal() error {
	switch r := Refusal(o.Error); {
	case o.Success && r == "":
		return nil
	case !o.Success && r.known():
		return r
	}
	return protocolError("neither success nor a known refusal")
}

// read returns the answer for contact to.
func (s sealedAnswer) read(to string) (Sealed, error) {
	err := s.refusal()
	if refusal, ok := errors.AsType[Refusal](err); ok {
		return Sealed{To: to, Err: refusal}, nil
	}
	if err != nil {
		return Sealed{}, err
	}
	sealed, err := decodeBase64(s.Package)
	if err != nil || len(sealed) == 0 || len(sealed) > MaxPackage {
		return Sealed{}, protocolError("no package")
	}
	return Sealed{To: to, Package: sealed, Pad: s.Pad}, nil
}

func (o openedAnswer) read() (Opened, error) {
	opened := Opened{Skip: o.Skip != nil && *o.Skip, Reuse: o.Reuse != nil && *o.Reuse}
	err := o.refusal()
	if refusal, ok := errors.AsType[Refusal](err); ok {
		opened.Err = refusal
		return opened, nil
	}
	if err == nil && o.Message == nil {
		err = protocolError("no message")
	}
	if err != nil {
		return Opened{}, err
	}
	opened.Text = *o.Message
	return opened, nil
}
