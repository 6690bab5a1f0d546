package hostlink

import (
	"encoding/base64"
	"unicode/utf8"
)

// The answers as they are on the wire, for both ends.

// outcome begins every answer, and is all that a refusal says.
type outcome struct {
	Success bool   `json:"success"`
	Error   string `json:"error,omitempty"`
}

// failed answers a refusal, and any other error as DeviceFault.
func failed(err error) outcome { return outcome{Error: fixed(err)} }

func succeeded() outcome { return outcome{Success: true} }

type sealedAnswer struct {
	outcome
	To      string `json:"to,omitempty"` // package_many only
	Package string `json:"package,omitempty"`
	Pad     string `json:"pad,omitempty"`
}

type sealedManyAnswer struct {
	outcome
	Packages []sealedAnswer `json:"packages"`
}

func sealedAnswerOf(s Sealed) sealedAnswer {
	switch {
	case s.Err != "":
		return sealedAnswer{outcome: failed(s.Err)}
	case len(s.Package) == 0 || len(s.Package) > MaxPackage:
		return sealedAnswer{outcome: failed(DeviceFault)}
	}
	return sealedAnswer{outcome: succeeded(), Package: base64.StdEncoding.EncodeToString(s.Package), Pad: s.Pad}
}

type openedAnswer struct {
	outcome
	Message *string `json:"message,omitempty"`
	Skip    *bool   `json:"skip_detected,omitempty"`
	Reuse   *bool   `json:"reuse_detected,omitempty"`
}

type openedManyAnswer struct {
	outcome
	Results []openedAnswer `json:"results"`
}

// openedAnswerOf shows both flags beside a text, and beside a refusal those
// that are set, as the 2015 program answers.
func openedAnswerOf(o Opened) openedAnswer {
	if o.Err == "" && !utf8.ValidString(o.Text) {
		o = Opened{Err: DeviceFault, Skip: o.Skip, Reuse: o.Reuse}
	}
	if o.Err == "" {
		return openedAnswer{outcome: succeeded(), Message: &o.Text, Skip: &o.Skip, Reuse: &o.Reuse}
	}
	answer := openedAnswer{outcome: failed(o.Err)}
	if o.Skip {
		answer.Skip = &o.Skip
	}
	if o.Reuse = o.Reuse || o.Err == AlreadyOpened; o.Reuse {
		answer.Reuse = &o.Reuse
	}
	return answer
}

type statusAnswer struct {
	outcome
	Status
}

type logAnswer struct {
	outcome
	Log []LogEntry `json:"log"`
}

type reportAnswer struct {
	outcome
	Report *string `json:"report"`
}
