package meeting

import (
	"errors"
	"net"
	"testing"
)

// Halves of the key are wiped wherever a meeting that breaks off leaves them:
// taken and not sent, heard and not used, and come and not heard.
func TestNoHalfOfAKeyIsLeft(t *testing.T) {
	half := func() *[keySize]byte { return &[keySize]byte{1, keySize - 1: 1} }
	here, there := net.Pipe()
	defer there.Close()
	w := connect(here, nil)
	halves := map[string]*[keySize]byte{"taken": half(), "being taken": half(), "heard": half(), "not heard": half()}
	f := &filling{giving: newGiving(0), theirKey: halves["heard"]}
	f.ourKey, f.taking = halves["taken"], true
	f.takes <- took{key: halves["being taken"], err: errors.New("too late")}
	w.in <- key{halves["not heard"]}
	f.rest()
	f.forget()
	w.close(false)
	for where, half := range halves {
		if *half != [keySize]byte{} {
			t.Errorf("what was %s is still there", where)
		}
	}
}
