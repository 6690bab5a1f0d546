package adversary

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"onetimechat/hostlink/mailbox"
)

// lied is a world whose laptops believe that a liar is their relay.
func lied(t *testing.T, pad string) (*world, *liar) {
	w := newWorld(t, pad)
	l := newLiar(t, w.address)
	for _, p := range []*person{w.alice, w.bob} {
		p.env = append(p.env, "OTC_RELAY="+l.url) // the later one counts
		p.tapping()
	}
	return w, l
}

// packages has alice send texts, and returns what the honest relay got.
func (w *world) packages(t *testing.T, texts ...string) []string {
	t.Helper()
	for _, text := range texts {
		if exit, output := w.alice.says("send", "bob", text); exit != 0 {
			t.Fatalf("alice cannot send %q: %s", text, output)
		}
	}
	all := w.kept(t)
	return all[len(all)-len(texts):]
}

// kept is what the honest relay has for bob.
func (w *world) kept(t *testing.T) []string { return w.keptFor(t, "bob") }

func (w *world) keptFor(t *testing.T, name string) (all []string) {
	t.Helper()
	client, err := mailbox.NewClient(w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	batch, err := client.Messages(soon(t), name, 0, 0, 0)
	if err != nil || !batch.Complete {
		t.Fatal("too many messages for one answer:", err)
	}
	for _, m := range batch.Messages {
		all = append(all, m.Contents)
	}
	return all
}

// brief is an arrival as the scenes below write it.
func (a arrival) brief() string {
	s := a.Text
	if a.Type != "message" {
		s = a.Outcome
	}
	if a.Skip {
		s += " (skip)"
	}
	if a.Reuse {
		s += " (reuse)"
	}
	return s
}

const (
	forged   = "could not be verified" // or replayed, where an altered index falls on burned pad
	replayed = "already opened (reuse)"
	stranger = "unknown sender"
)

// scene is a mailbox that a relay makes of three honest packages, and what
// bob's laptop then says of it.
type scene struct {
	name  string
	mail  func(put func(from, contents string), honest [3]string)
	want  []string // in order of ref; A, B and C stand for the texts
	asked int      // questions on bob's device
}

func scenes() []scene {
	type put = func(from, contents string)
	each := func(contents ...string) func(put) {
		return func(put put) {
			for _, c := range contents {
				put("alice", c)
			}
		}
	}
	return []scene{
		{"drops the first", func(p put, h [3]string) { each(h[1], h[2])(p) }, []string{"B (skip)", "C"}, 1},
		{"drops one in the middle", func(p put, h [3]string) { each(h[0], h[2])(p) }, []string{"A", "C (skip)"}, 1},
		{"replays", func(p put, h [3]string) { each(h[0], h[0], h[1], h[0], h[2])(p) },
			[]string{"A", replayed, "B", replayed, "C"}, 3}, // each package is asked about once
		{"reorders", func(p put, h [3]string) { each(h[2], h[0], h[1])(p) }, []string{"C (skip)", "A", "B"}, 1},
		{"corrupts every byte", func(p put, h [3]string) {
			pkg := decode(h[0])
			for i := range pkg {
				altered := slices.Clone(pkg)
				altered[i] ^= 1 << (i % 8)
				p("alice", encode(altered))
			}
		}, slices.Repeat([]string{forged}, packageSize), 0},
		{"truncates at every length", func(p put, h [3]string) {
			pkg := decode(h[0])
			for n := range pkg {
				p("alice", encode(pkg[:n]))
			}
			p("alice", encode(append(slices.Clone(pkg), 0)))
			p("alice", encode(append(slices.Clone(pkg), pkg...)))
		}, slices.Repeat([]string{forged}, packageSize+2), 0},
		{"swaps senders", func(p put, h [3]string) {
			p("carol", h[0])
			p("bob", h[1])
			p("", h[2])
			p("../alice", h[2])
		}, slices.Repeat([]string{stranger}, 4), 0},
		{"answers base64 of another spelling", func(p put, h [3]string) {
			each(h[0]+"\n", " "+h[0], strings.TrimRight(h[0], "=")+"====", h[0][1:], "", "%00", strings.Repeat("A", 4000))(p)
		}, slices.Repeat([]string{forged}, 7), 0},
	}
}

// packageSize is the length of a package with a short text: index, one bucket
// of 32 bytes, tag.
const packageSize = 6 + 32 + 16

func decode(contents string) []byte {
	pkg, err := base64.StdEncoding.DecodeString(contents)
	if err != nil || len(pkg) != packageSize {
		panic(fmt.Sprintf("a package of %d bytes, %v", len(pkg), err))
	}
	return pkg
}

func encode(pkg []byte) string { return base64.StdEncoding.EncodeToString(pkg) }

// A relay drops, replays, reorders, corrupts, truncates and swaps. What bob's
// laptop says is exactly what happened; what is no honest package asks and
// moves nothing; and afterwards each honest package still opens, once.
func TestARelayThatTampersIsNoticed(t *testing.T) {
	w, l := lied(t, "1MiB")
	for i, s := range scenes() {
		letters := strings.NewReplacer("A", fmt.Sprint("A", i), "B", fmt.Sprint("B", i), "C", fmt.Sprint("C", i))
		texts := []string{letters.Replace("A"), letters.Replace("B"), letters.Replace("C")}
		honest := [3]string(w.packages(t, texts...))
		before, asked := w.bob.unmoved(), w.bob.tapped("to-laptop", "")
		s.mail(l.put, honest)
		_, got := w.bob.receive()
		var brief []string
		opened := map[string]int{}
		for _, a := range got {
			brief = append(brief, a.brief())
			opened[a.Text]++
		}
		var want []string
		for _, line := range s.want {
			if len(line) == 1 || strings.HasSuffix(line, "(skip)") {
				line = letters.Replace(line)
			}
			want = append(want, line)
		}
		if s.asked == 0 {
			for i := range brief {
				if brief[i] == replayed {
					brief[i] = forged
				}
			}
		}
		if !slices.Equal(brief, want) {
			t.Errorf("a relay that %s: bob is told %q, want %q", s.name, brief, want)
		}
		t.Logf("a relay that %s: %.90q", s.name, brief)
		if n := w.bob.tapped("to-laptop", "") - asked; n != s.asked {
			t.Errorf("a relay that %s: bob was asked %d times, want %d", s.name, n, s.asked)
		}
		if s.asked == 0 && w.bob.unmoved() != before {
			t.Errorf("a relay that %s moved bob's device from %+v to %+v", s.name, before, w.bob.pad())
		}
		// The honest packages come after all.
		for _, h := range honest {
			l.put("alice", h)
		}
		_, late := w.bob.receive()
		for _, a := range late {
			if a.Skip || a.Type != "message" && a.brief() != replayed {
				t.Errorf("a relay that %s: afterwards bob is told %+v", s.name, a)
			}
			opened[a.Text]++
		}
		for _, text := range texts {
			if opened[text] != 1 {
				t.Errorf("a relay that %s: %q was opened %d times", s.name, text, opened[text])
			}
		}
	}
}

// A relay gives back to bob what he sent, as alice's and as his own, from the same
// pad that she writes with: it asks and moves nothing, and alice still reads it.
func TestARelayThatGivesBackWhatOneSentMovesNothing(t *testing.T) {
	w, l := lied(t, "64KiB")
	if exit, output := w.bob.says("send", "alice", "to and fro"); exit != 0 {
		t.Fatal(output)
	}
	sent := w.keptFor(t, "alice")[0]
	for _, read := range []bool{false, true} { // by alice
		if read {
			pkg, err := base64.StdEncoding.DecodeString(sent)
			if err != nil || w.alice.reads(t, "bob", pkg) != "to and fro" {
				t.Fatal("alice reads something else", err)
			}
		}
		l.put("alice", sent)
		l.put("bob", sent)
		before := w.bob.unmoved()
		_, got := w.bob.receive()
		if len(got) != 2 || got[0].brief() != stranger || got[1].brief() != forged {
			t.Errorf("bob is told %+v", got)
		}
		if w.bob.unmoved() != before || w.bob.tapped("to-laptop", "") != 0 {
			t.Errorf("bob's device was asked, or went from %+v to %+v", before, w.bob.pad())
		}
	}
}

// A relay that knows every text forges one more, with the pad bytes that the
// known text gave away, at every index of the pad.
func TestARelayThatKnowsTheTextForgesNothing(t *testing.T) {
	w, l := lied(t, "16KiB")
	const known, other = "I owe you one", "I owe you all"
	honest := w.packages(t, known)[0]
	pkg := decode(honest)
	for i := range known { // the frame's kind is its first byte
		pkg[6+1+i] ^= known[i] ^ other[i]
	}
	tries := 0
	for index := uint64(0); index < 16<<10; index += 16 {
		for _, at := range []uint64{index, index + 15} { // where segments of either lane begin
			at := binary.LittleEndian.AppendUint64(nil, at)
			copy(pkg, at[:6])
			l.put("alice", encode(pkg))
			tries++
		}
	}
	before := w.bob.unmoved()
	_, got := w.bob.receive()
	for _, a := range got {
		if a.Type == "message" || a.Outcome != forged {
			t.Fatalf("bob is told %+v", a)
		}
	}
	if len(got) != tries || w.bob.pad().Forgeries != int64(tries) || w.bob.unmoved() != before || w.bob.tapped("to-laptop", "") != 0 {
		t.Errorf("%d of %d forgeries were judged, bob's device went from %+v to %+v", len(got), tries, before, w.bob.pad())
	}
	l.put("alice", honest)
	if _, got := w.bob.receive(); len(got) != 1 || got[0].brief() != known {
		t.Errorf("after %d forgeries the honest package gives %+v", tries, got)
	}
}

// A relay lies about refs, counts and ends, and answers garbage. Nothing of it
// is taken, no cursor moves, and an honest answer is read afterwards.
func TestARelayThatAnswersNonsenseMovesNothing(t *testing.T) {
	w, l := lied(t, "64KiB")
	honest := w.packages(t, "patience")[0]
	message := func(ref, contents string) string {
		return fmt.Sprintf(`{"ref":%s,"recipient_uid":"bob","sender_uid":"alice","contents":%q}`, ref, contents)
	}
	list := func(complete string, messages ...string) string {
		return fmt.Sprintf(`{"messages":[%s],"complete":%s}`, strings.Join(messages, ","), complete)
	}
	good := message("7", honest)
	for _, body := range []string{
		"", "null", "[]", "{}", "<html>", strings.Repeat("[", 100_000), "\x1f\x8b\x08",
		`{"messages":[],"complete":false}`, `{"messages":null,"complete":true}`, `{"complete":true}`,
		list("true", message("-1", honest)), list("true", message("1.5", honest)), list("true", message(`"7"`, honest)),
		list("true", message("9007199254740992", honest)), list("true", message("1e300", honest)),
		list("true", good, good), list("true", message("8", honest), good), // not ascending
		list("true", strings.Replace(good, `"bob"`, `"carol"`, 1)), // another's mailbox
		list("true", slices.Repeat([]string{good}, 65)...),         // more than was asked for
		list(`"yes"`, good), list("true", good)[:100], `{"messages":[` + good + `],"messages":[],"complete":true}`,
		list("true", message("7", strings.Repeat("A", 200<<20))),
	} {
		refuses(t, w, l, honest, fmt.Sprintf("%.60q", body), func(rw http.ResponseWriter) { _, _ = io.WriteString(rw, body) })
	}
	for _, status := range []int{204, 301, 302, 307, 400, 403, 404, 413, 429, 500, 503} {
		refuses(t, w, l, honest, fmt.Sprint("status ", status), func(rw http.ResponseWriter) {
			rw.Header().Set("Location", w.address+"/getmessages?recipient_uid=bob&start_ref=0")
			rw.WriteHeader(status)
		})
	}
	for name, cut := range map[string]string{
		"no answer":        "",
		"half a header":    "HTTP/1.1 200 OK\r\nContent-Le",
		"half a body":      "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + `{"messages":[`,
		"a whole message":  "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + `{"messages":[` + good,
		"a broken chunk":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
		"not HTTP at all":  "220 mail.example ESMTP\r\n",
		"an endless line ": "HTTP/1.1 200 " + strings.Repeat("O", 1<<20),
	} {
		refuses(t, w, l, honest, name, func(rw http.ResponseWriter) { hangUp(rw, cut) })
	}

	l.lies(nil)
	l.put("alice", honest)
	if _, got := w.bob.receive(); len(got) != 1 || got[0].brief() != "patience" {
		t.Errorf("after all that the honest package gives %+v", got)
	}
	// The mailbox is said to be shorter than it was: it is read again, and
	// nothing is opened again.
	l.mu.Lock()
	mail := l.box
	l.box, l.next = nil, 0
	l.mu.Unlock()
	before := w.bob.unmoved()
	w.bob.receive()
	l.mu.Lock()
	l.box, l.next = mail, 100
	l.mu.Unlock()
	_, got := w.bob.receive()
	for _, a := range got {
		if a.Type == "message" {
			t.Errorf("a relay that begins anew has %+v opened again", a)
		}
	}
	if w.bob.unmoved() != before {
		t.Errorf("a relay that begins anew moved the device from %+v to %+v", before, w.bob.pad())
	}
}

// refuses checks that bob's laptop complains of an answer to getmessages, and
// that nothing moves.
func refuses(t *testing.T, w *world, l *liar, honest, name string, answer func(http.ResponseWriter)) {
	t.Helper()
	l.lies(func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path == "/getmessages" {
			answer(rw)
		}
		return r.URL.Path == "/getmessages"
	})
	before, asked := w.bob.unmoved(), w.bob.tapped("to-laptop", "")
	exit, output := w.bob.says("receive")
	if exit == 0 || strings.Contains(output, honest) || len(output) > 500 {
		t.Errorf("%s: exit code %d, %.300s", name, exit, output)
	}
	if w.bob.unmoved() != before || w.bob.tapped("to-laptop", "") != asked {
		t.Errorf("%s: the device was asked, or went from %+v to %+v", name, before, w.bob.pad())
	}
}

// hangUp answers raw bytes and cuts the connection.
func hangUp(w http.ResponseWriter, raw string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, raw)
}

// A relay takes a message and says something else, or hangs up before, or
// after. The laptop says that the message is kept; the owner is not asked
// again; and an honest relay gets it later, once.
func TestARelayThatMistreatsASendLosesNothing(t *testing.T) {
	w, l := lied(t, "64KiB")
	reply := func(body string) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) { _, _ = io.WriteString(rw, body) }
	}
	status := func(code int) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) { rw.WriteHeader(code) }
	}
	deaf := &discard{header: http.Header{}}
	for i, lie := range []struct {
		name   string
		keeps  bool // before it answers
		answer func(http.ResponseWriter)
	}{
		{"says nothing", false, reply("")},
		{"says that it has not", false, reply(`{"received":false,"ref":1}`)},
		{"says that it has, under no ref", false, reply(`{"received":true}`)},
		{"says a negative ref", false, reply(`{"received":true,"ref":-5}`)},
		{"answers garbage", true, reply("\x00\xff")},
		{"fails", true, status(500)},
		{"redirects", false, status(307)},
		{"refuses", false, status(400)},
		{"hangs up before", false, func(rw http.ResponseWriter) { hangUp(rw, "") }},
		{"hangs up after", true, func(rw http.ResponseWriter) { hangUp(rw, "") }},
		{"hangs up in the answer", true, func(rw http.ResponseWriter) { hangUp(rw, "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n{") }},
	} {
		text := fmt.Sprint("word-", i)
		l.lies(func(rw http.ResponseWriter, r *http.Request, honest http.Handler) bool {
			if r.URL.Path != "/send" {
				return false
			}
			if lie.keeps {
				honest.ServeHTTP(deaf, r)
			} else {
				_, _ = io.Copy(io.Discard, r.Body)
			}
			lie.answer(rw)
			return true
		})
		exit, output := w.alice.says("send", "bob", text)
		if exit == 0 || !strings.Contains(output, "in the outbox") {
			t.Errorf("a relay that %s: exit code %d, %s", lie.name, exit, output)
		}
		l.lies(nil)
		if exit, output := w.alice.says("outbox", "retry"); exit != 0 {
			t.Errorf("a relay that %s: the second try: exit code %d, %s", lie.name, exit, output)
		}
		if n := w.alice.tapped("approve", text); n != 1 {
			t.Errorf("a relay that %s: alice was asked %d times", lie.name, n)
		}
		all := w.kept(t)
		if len(all) != i+1 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != i+1 {
			t.Fatalf("a relay that %s: %d packages came of %d", lie.name, len(all), i+1)
		}
	}
	for _, contents := range w.kept(t) {
		l.put("alice", contents)
	}
	_, got := w.bob.receive()
	for i, a := range got {
		if a.brief() != fmt.Sprint("word-", i) {
			t.Errorf("message %d is %+v", i, a)
		}
	}
}

// discard is a ResponseWriter that nobody reads.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// A relay takes requests and never answers. Whoever waits can leave, and finds
// everything as it was.
func TestARelayThatStallsHoldsNobody(t *testing.T) {
	w, l := lied(t, "64KiB")
	honest := w.packages(t, "patience")[0]
	l.put("alice", honest)
	stalled := make(chan struct{}, 64)
	l.lies(func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		stalled <- struct{}{}
		<-r.Context().Done()
		return true
	})
	for _, args := range [][]string{{"receive"}, {"send", "bob", "later"}} {
		cmd := w.bob.otc(soon(t), args...)
		if args[0] == "send" {
			cmd = w.alice.otc(soon(t), args...)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-stalled
		began := time.Now()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("otc %s leaves only after %v", args[0], took)
		}
	}
	l.lies(nil)
	if _, got := w.bob.receive(); len(got) != 1 || got[0].brief() != "patience" {
		t.Errorf("afterwards bob reads %+v", got)
	}
	if exit, output := w.alice.says("outbox", "retry"); exit != 0 || len(w.kept(t)) != 2 {
		t.Errorf("afterwards alice's outbox: exit code %d, %s", exit, output)
	}
	if n := w.alice.tapped("approve", "later"); n != 1 {
		t.Errorf("alice was asked %d times", n)
	}
}

// A relay that says it has a message, and throws it away, cannot be told from
// an honest one until the next message: then the reader is warned.
func TestWhatARelayHidesShowsWithTheNextMessage(t *testing.T) {
	w, l := lied(t, "64KiB")
	l.lies(func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path != "/send" {
			return false
		}
		_ = json.NewEncoder(rw).Encode(mailbox.SendReply{Received: true, Ref: 1})
		return true
	})
	if exit, output := w.alice.says("send", "bob", "hidden"); exit != 0 {
		t.Fatal(output)
	}
	l.lies(nil)
	l.put("alice", w.packages(t, "next")[0])
	exit, output := w.bob.says("receive")
	const warning = "WARNING: Possible skip detected. Server may be maliciously dropping packets.\nalice: next\n"
	if exit != 6 || output != warning {
		t.Errorf("exit code %d, %q", exit, output)
	}
	if w.bob.tapped("to-laptop", "missing") != 1 {
		t.Errorf("bob's screen does not say so: %+v", w.bob.taps)
	}
}
