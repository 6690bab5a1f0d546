package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"onetimechat/display/escape"
	"onetimechat/display/escape/escapetest"
)

// harmlessOutput fails for anything that a terminal could take for a command, and
// for marks that would cover other lines.
func harmlessOutput(t *testing.T, output string) {
	t.Helper()
	marks := 0
	for i, r := range output {
		if marks++; !unicode.Is(unicode.M, r) {
			marks = 0
		}
		if marks > escape.MaxMarks {
			t.Fatalf("a flood of marks: %.200q", output[max(0, i-40):])
		}
		if r == utf8.RuneError || r != '\n' && escape.Hidden(r) {
			t.Fatalf("raw %U in the output: %.200q", r, output[max(0, i-40):])
		}
	}
}

// hostileMessages are the hostile texts that can come out of a package: what is
// no UTF-8 a device neither seals nor opens.
func hostileMessages(t *testing.T) []string {
	return slices.DeleteFunc(escapetest.Texts(t), func(text string) bool { return !utf8.ValidString(text) })
}

// try runs one command line in this process.
func try(t *testing.T, in io.Reader, args ...string) (exit int, output string) {
	t.Helper()
	var out, errs bytes.Buffer
	env := map[string]string{"XDG_DATA_HOME": t.TempDir()}
	a := newApp(in, &out, &errs, func(name string) string { return env[name] })
	exit = a.run(t.Context(), args)
	harmlessOutput(t, out.String())
	harmlessOutput(t, errs.String())
	return exit, out.String() + errs.String()
}

func flags(m *mailboxes, d *padDevice, data string) []string {
	return []string{"--relay", m.address, "--device", d.address, "--user", d.owner, "--data", data}
}

func TestHostileMessagesAreShownEscaped(t *testing.T) {
	m, d := startBoth(t)
	texts := hostileMessages(t)
	data := t.TempDir()
	for i, text := range texts {
		m.send(t, i, text)
	}
	exit, output := try(t, nil, append([]string{"receive"}, flags(m, d, data)...)...)
	if exit != exitOK {
		t.Fatalf("exit code %d: %s", exit, output[max(0, len(output)-300):])
	}
	// Every line is begun by us, and names bob or is behind a bar.
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "bob: ") && !strings.HasPrefix(line, "   | ") {
			t.Errorf("a line of its own: %.80q", line)
		}
	}

	clear(d.opened)
	_, output = try(t, nil, append([]string{"receive", "--json"}, flags(m, d, t.TempDir())...)...)
	if output != "" { // the device says that all of them are read
		t.Fatalf("%.300s", output)
	}
	clear(d.refs)
	_, output = try(t, nil, append([]string{"receive", "--json"}, flags(m, d, t.TempDir())...)...)
	i := 0
	for line := range strings.Lines(output) {
		var o arrivalObject
		if err := json.Unmarshal([]byte(line), &o); err != nil || o.Text == nil || *o.Text != texts[i] {
			t.Fatalf("text %d came as %.100q, %v", i, line, err)
		}
		i++
	}
	if i != len(texts) {
		t.Fatalf("%d of %d texts", i, len(texts))
	}
}

func TestAHostileRelayReachesTheTerminalEscaped(t *testing.T) {
	_, d := startBoth(t)
	for _, text := range escapetest.Texts(t) {
		answers := map[string]any{
			"/check":       map[string]any{"status": text},
			"/send":        map[string]any{"error": 400, "message": text},
			"/getnextref":  map[string]any{"nextref": text},
			"/getmessages": map[string]any{"complete": true, "messages": []any{map[string]any{"ref": 7, "recipient_uid": "alice", "sender_uid": text, "contents": text}}},
		}
		hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/send" {
				w.WriteHeader(http.StatusBadRequest)
			}
			_ = json.NewEncoder(w).Encode(answers[r.URL.Path])
		}))
		m := &mailboxes{address: hostile.URL}
		data := t.TempDir()
		try(t, nil, append([]string{"receive"}, flags(m, d, data)...)...)
		try(t, nil, append([]string{"receive", "--json"}, flags(m, d, t.TempDir())...)...)
		if exit, output := try(t, nil, append([]string{"send", "bob", "hi"}, flags(m, d, data)...)...); exit != exitFailed {
			t.Errorf("exit code %d: %.300s", exit, output)
		}
		try(t, nil, append([]string{"outbox"}, flags(m, d, data)...)...)
		try(t, nil, append([]string{"doctor"}, flags(m, d, data)...)...)
		try(t, nil, "setup", m.address, "--device", d.address, "--config", filepath.Join(data, "config"))
		try(t, strings.NewReader("\noutbox\nsend bob hi\n"), append([]string{"chat"}, flags(m, d, data)...)...)
		hostile.Close()
	}
}

func TestAHostileDeviceReachesTheTerminalEscaped(t *testing.T) {
	m, _ := startBoth(t)
	for some := range slices.Chunk(escapetest.Texts(t), 6) {
		text := strings.Join(some, " ")
		pad := map[string]any{"contact": "bob", "suite": text, "state": text, "source": text}
		answer := map[string]any{
			"success": true, "owner": "alice", "screen": text, "pads": []any{pad},
			"log": []any{map[string]any{"text": text, "kind": text, "contact": text}},
		}
		for _, envelope := range []any{
			map[string]any{"return": answer},
			map[string]any{"error": text},
			map[string]any{"return": map[string]any{"success": false, "error": text}},
			text,
		} {
			hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(envelope)
			}))
			evil := &padDevice{owner: "alice", address: hostile.URL}
			data := t.TempDir()
			try(t, nil, append([]string{"doctor"}, flags(m, evil, data)...)...)
			try(t, nil, append(append([]string{"__complete", "send"}, flags(m, evil, data)...), "")...)
			try(t, nil, "setup", m.address, "--device", evil.address, "--config", filepath.Join(data, "config"))
			for _, command := range []string{"status", "contacts", "log"} {
				try(t, nil, append([]string{command}, flags(m, evil, data)...)...)
				try(t, nil, append([]string{command, "--json"}, flags(m, evil, data)...)...)
			}
			try(t, nil, append([]string{"receive"}, flags(m, evil, data)...)...)
			try(t, nil, append([]string{"send", "bob", "hi"}, flags(m, evil, data)...)...)
			hostile.Close()
		}
	}
}

// What is typed may have been pasted from elsewhere.
func TestHostileWordsComeBackEscaped(t *testing.T) {
	m, d := startBoth(t)
	for _, text := range escapetest.Texts(t) {
		if len(text) > 1000 {
			continue
		}
		for _, args := range [][]string{
			{text}, {"send", text, "hi"}, {"receive", "--user", text}, {"receive", "--relay", text},
			{"receive", "--config", text}, {"outbox", "drop", text}, {"--" + text}, {"pad", "make", text, "bob", "1KiB"},
		} {
			try(t, nil, args...)
		}
		line := strings.ReplaceAll(text, "\n", " ")
		script := line + "\nsend " + line + "\nsend " + line + " hi\ngroup " + line + " bob\ngs " + line + " hi\n"
		try(t, strings.NewReader(script), append([]string{"chat"}, flags(m, d, t.TempDir())...)...)
	}
}
