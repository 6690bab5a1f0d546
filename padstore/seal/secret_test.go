package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"testing"

	"onetimechat/padstore/seal"
)

// notations are all ways in which something might print four bytes of the
// secret in a row.
func notations(secret string) (forms []string) {
	for i := range len(secret) - 3 {
		part := secret[i : i+4]
		list := func(format, between string) string {
			var words []string
			for _, b := range []byte(part) {
				words = append(words, fmt.Sprintf(format, b))
			}
			return strings.Join(words, between)
		}
		digits := hex.EncodeToString([]byte(part))
		forms = append(forms, part, digits, strings.ToUpper(digits),
			list("%d", " "), list("%d", ","), list("%#x", ", "), list("%x", " "), list("%X", " "), list("%o", " "), list("%b", " "),
			list("%U", " "), list("%q", " "), list("\\x%02x", ""))
	}
	return append(forms, base64.StdEncoding.EncodeToString([]byte(secret))[:8])
}

// shown returns the first of the forms that is in out.
func shown(out string, forms []string) string {
	for _, form := range forms {
		if strings.Contains(out, form) {
			return form
		}
	}
	return ""
}

func TestSecretsPrintRedacted(t *testing.T) {
	const secret = "ATTACK@DAWN~42 !"
	key, err := seal.NewHashKey([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	seg := seal.NewSegment([]byte(secret))
	forms := notations(secret)
	type hidden struct { // fmt calls no method of an unexported field
		key *seal.HashKey
		k   seal.HashKey
		s   seal.Segment
		any any
	}
	type open struct {
		K seal.HashKey
		S seal.Segment
	}
	values := []any{
		key, seg, &key, &seg, open{key, seg}, &open{key, seg}, hidden{&key, key, seg, seg}, &hidden{&key, key, seg, seg},
		[]seal.Segment{seg}, [1]seal.HashKey{key}, map[string]seal.Segment{"a": seg}, map[string]hidden{"a": {k: key, s: seg}},
		[]hidden{{k: key, s: seg}}, []any{seg, key},
	}
	check := func(how string, out string) {
		t.Helper()
		if form := shown(out, forms); form != "" {
			t.Fatalf("%s shows %q in %q", how, form, out)
		}
	}
	if shown(fmt.Sprint([]byte(secret)), forms) == "" || shown(secret, forms) == "" {
		t.Fatal("the test cannot see a secret")
	}
	for _, v := range values {
		for _, verb := range "vTtbcdoOqxXUeEfFgGspw!" {
			for _, flags := range []string{"", "+", "#", " ", "0", "-", "# ", "+#", "40", ".8", "#40.8"} {
				format := "%" + flags + string(verb)
				check(fmt.Sprintf("%s of %T", format, v), fmt.Sprintf(format, v))
			}
		}
		check("Print", fmt.Sprint(v)+fmt.Sprintln(v))
		check("an error", fmt.Errorf("reading %v: %w", v, errors.ErrUnsupported).Error())
		if b, err := json.Marshal(v); err == nil {
			check("JSON", string(b))
		}
		var out bytes.Buffer
		log.New(&out, "", 0).Println(v)
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).With("with", v).WithGroup("group").Info("message", "value", v)
		}
		check("a log", out.String())
	}
	for _, v := range []any{key, seg} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
			if got := fmt.Sprintf(verb, v); got != "[redacted]" {
				t.Errorf("%s prints %q", verb, got)
			}
		}
		if b, err := json.Marshal(v); err != nil || string(b) != `"[redacted]"` {
			t.Errorf("JSON is %s, %v", b, err)
		}
	}
}

func TestErrorsCarryNothingSecret(t *testing.T) {
	const secret = "ATTACK@DAWN~42 !ATTACK@DAWN~42 !ATTACK@DAWN~42 !"
	key, err := seal.NewHashKey([]byte(secret[:16]))
	if err != nil {
		t.Fatal(err)
	}
	_, err = seal.Unconditional.Open(key, seal.NewSegment([]byte(secret)), make([]byte, 54))
	if !errors.Is(err, seal.ErrNotVerified) || shown(err.Error(), notations(secret)) != "" {
		t.Errorf("%v", err)
	}
	if _, err := seal.Paper.Decode([]byte(secret+"\xff"), 0); !errors.Is(err, seal.ErrText) || shown(err.Error(), notations(secret)) != "" {
		t.Errorf("%v", err)
	}
}

func TestWipeLeavesZeros(t *testing.T) {
	b := madePad([]byte("wipe"), 48)
	seg := seal.NewSegment(b)
	if seg.Len() != 48 {
		t.Errorf("length %d", seg.Len())
	}
	copied := seg
	seg.Wipe()
	if !bytes.Equal(b, make([]byte, 48)) || copied.Len() != 48 {
		t.Error("pad bytes are left")
	}
	seal.Segment{}.Wipe()
	if (seal.Segment{}).Len() != 0 {
		t.Error("the empty segment has bytes")
	}
	key, err := seal.NewHashKey(madePad([]byte("key"), 16))
	if err != nil {
		t.Fatal(err)
	}
	one := madePad([]byte("one"), 32)
	sealed := func(key seal.HashKey) []byte {
		pkg, err := seal.Unconditional.Seal(key, 16, seal.NewSegment(bytes.Clone(one)), make([]byte, 16))
		if err != nil {
			t.Fatal(err)
		}
		return pkg
	}
	before, same := sealed(key), key
	key.Wipe()
	// Under a key of zeros the tag is the mask.
	if after := sealed(same); bytes.Equal(before, after) || !bytes.Equal(after[len(after)-16:], one[:16]) {
		t.Error("the hash key is left")
	}
	seal.HashKey{}.Wipe()
}
