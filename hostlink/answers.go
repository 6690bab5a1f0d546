package hostlink

import (
	"encoding/base64"
	"unicode/utf8"
)

// The answers as they are on the wire, for both ends.

// done is an answer that says only that it was done.
type done struct {
	Success bool `json:"success"`
}

// failure is how a refusal looks; the flags show only when they are set.
type failure struct {
	Success bool   `json:"success"`
	Error   string `json:"error,omitempty"`
}

// failed answers a refusal, and any other error as DeviceFault.
func failed(err error) failure { return failure{Error: fixed(err)} }

type sealedAnswer struct {
	failure
	To      string `json:"to,omitempty"` // package_many only
	Package string `json:"package,omitempty"`
	Pad     string `json:"pad,omitempty"`
}

type sealedManyAnswer struct {
	Success  bool           `json:"success"`
	Packages []sealedAnswer `json:"packages"`
}

func sealedAnswerOf(s Sealed) sealedAnswer {
	switch {
	case s.Err != "":
		return sealedAnswer{failure: failed(s.Err)}
	case len(s.Package) == 0 || len(s.Package) > MaxPackage:
		return sealedAnswer{failure: failed(DeviceFault)}
	}
	return sealedAnswer{failure: failure{Success: true}, Package: base64.StdEncoding.EncodeToString(s.Package), Pad: s.Pad}
}

type openedAnswer struct {
	failure
	Message *string `json:"message,omitempty"`
	Skip    *bool   `json:"skip_detected,omitempty"`
	Reuse   *bool   `json:"reuse_detected,omitempty"`
}

type openedManyAnswer struct {
	Success bool           `json:"success"`
	Results []openedAnswer `json:"results"`
}

// openedAnswerOf shows both flags beside a text, and beside a refusal those
// that are set, as the 2015 program answers.
func openedAnswerOf(o Opened) openedAnswer {
	if o.Err == "" && !utf8.ValidString(o.Text) {
		o = Opened{Err: DeviceFault, Skip: o.Skip, Reuse: o.Reuse}
	}
	if o.Err == "" {
		return openedAnswer{failure: failure{Success: true}, Message: &o.Text, Skip: &o.Skip, Reuse: &o.Reuse}
	}
	answer := openedAnswer{failure: failed(o.Err)}
	if o.Skip {
		answer.Skip = &o.Skip
	}
	if o.Reuse = o.Reuse || o.Err == AlreadyOpened; o.Reuse {
		answer.Reuse = &o.Reuse
	}
	return answer
}

type statusAnswer struct {
	Success bool `json:"success"`
	Status
}

type logAnswer struct {
	Success bool       `json:"success"`
	Log     []LogEntry `json:"log"`
}

type reportAnswer struct {
	Success bool   `json:"success"`
	Report  string `json:"report"`
}
