package hostlink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// Every surrogate and its neighbours, alone, after a high one, and before a low one.
func TestUnpairedSurrogatesAreNoText(t *testing.T) {
	for unit := 0xd000; unit < 0xe800; unit++ {
		high, low := unit>>10 == 0xd800>>10, unit>>10 == 0xdc00>>10
		for escapes, want := range map[string]bool{
			fmt.Sprintf(`"\u%04x"`, unit):               !high && !low,
			fmt.Sprintf(`"\ud83d\u%04X"`, unit):         low,
			fmt.Sprintf(`"\u%04x\ude00"`, unit):         high,
			fmt.Sprintf(`"\\u%04x\u0041"`, unit):        true,
			fmt.Sprintf(`"\ud83d\ude00\\\u%04x"`, unit): !high && !low,
			fmt.Sprintf(`"\ud83d \u%04x"`, unit):        false,
			fmt.Sprintf(`"\ud83d\\u%04x\ude00"`, unit):  false,
		} {
			value, err := parseJSON([]byte(escapes), jsonLimits{values: 1})
			if _, is := value.(string); err != nil || is != want {
				t.Fatalf("%s is %#v, %v", escapes, value, err)
			}
		}
	}
}

func TestBytesThatAreNoUTF8AreNoText(t *testing.T) {
	for _, bad := range []string{"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80", "\xe2\x98"} {
		value, err := parseJSON([]byte(`["`+bad+`", "after"]`), jsonLimits{depth: 1, elements: 2, values: 3})
		if err != nil || fmt.Sprint(value) != "[{} after]" {
			t.Errorf("%q is %v, %v", bad, value, err)
		}
	}
}

func TestDepthElementsAndValuesAreCapped(t *testing.T) {
	limits := jsonLimits{depth: 2, elements: 2, values: 9}
	for body, ok := range map[string]bool{
		`[[1,2],[]]`:                      true,
		`{"a":{"b":1},"c":[]}`:            true,
		`[[[]]]`:                          false,
		`{"a":{"b":{}}}`:                  false,
		`[1,2,3]`:                         false,
		`{"a":1,"b":2,"c":3}`:             false,
		`{"a":1,"a":2}`:                   false,
		`{"a":1,"\u0061":2}`:              false,
		`{"a":{"b":1},"c":{"b":1}}`:       true,
		`{"a":[1,2],"b":[1,2]}`:           true,
		`{"a":{"b":1},"c":{"b":1,"d":1}}`: false, // eleven values with the names
		`[1,]`:                            false,
		`[1 2]`:                           false,
		`1 1`:                             false,
	} {
		if value, err := parseJSON([]byte(body), limits); (err == nil) != ok {
			t.Errorf("%s is %v, %v", body, value, err)
		}
	}
}

// What parseJSON reads, encoding/json reads as the same.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a": [1, "\ud83d\ude00", null, true, {"b": -1.5e3}]}`))
	f.Add([]byte(`"\ud800"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		value, err := parseJSON(body, jsonLimits{depth: 4, elements: 100, values: 1000})
		if err != nil {
			return
		}
		want, err := ofEncodingJSON(body)
		if err != nil {
			t.Fatalf("%q is no JSON and was read", body)
		}
		if !isUnicode(body) {
			return // encoding/json changes it
		}
		got, _ := json.Marshal(value)
		if again, err := ofEncodingJSON(got); err != nil || fmt.Sprint(again) != fmt.Sprint(want) {
			t.Fatalf("%q is %v, want %v", body, again, want)
		}
	})
}

// ofEncodingJSON leaves numbers as they are written: they may be out of any range.
func ofEncodingJSON(body []byte) (value any, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	err = d.Decode(&value)
	return value, err
}
