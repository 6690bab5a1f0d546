package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"onetimechat/hostlink"
	"onetimechat/hostlink/mailbox"
	"onetimechat/hostlink/relay"
)

// padDevice is a pad device whose owner answers by script. It has no pads: a
// package names its sender, its recipient, a serial number and the text. It
// stands behind the real link.
type padDevice struct {
	mu       sync.Mutex
	owner    string
	contacts []string
	serial   int
	answers  []string // to the coming questions; without any, yes
	opened   map[string]bool
	sealed   map[string][]hostlink.Sealed
	refs     map[string]int64
	log      []hostlink.LogEntry
	report   string
	source   string
	screen   string
	spent    bool   // nothing is left to send with
	damaged  string // the contact whose pad cannot be used
	text     string // what was sealed last

	address string
	wire    *wire
	stop    func()
}

// wire is a cable that can break under what is on it.
type wire struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (w *wire) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if err == nil {
		w.mu.Lock()
		w.conns = append(w.conns, conn)
		w.mu.Unlock()
	}
	return conn, err
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		conn.Close()
	}
	w.conns = nil
}

func newPadDevice(owner string, contacts ...string) *padDevice {
	return &padDevice{
		owner: owner, contacts: contacts, source: "random", screen: "home",
		opened: map[string]bool{}, sealed: map[string][]hostlink.Sealed{}, refs: map[string]int64{},
		log:    []hostlink.LogEntry{{Start: 1, Uptime: 75, Kind: "start", Text: "started"}},
		report: "One Time Chat: report of a pad device's self-test\nBoard: Raspberry Pi Zero 2 W Rev 1.0\nNoise: passed: 41 kB of pad a second\n  \x1b]0;odd\u202ename: raw\nLink: passed: a laptop asked 0s ago",
	}
}

// change changes a device that may be in use.
func (d *padDevice) change(f func(*padDevice)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
}

// plug serves the device's link. An address of before is taken again.
func (d *padDevice) plug() error {
	listener, err := net.Listen("tcp", strings.TrimPrefix(cmp.Or(d.address, "127.0.0.1:0"), "http://"))
	if err != nil {
		return err
	}
	d.wire = &wire{Listener: listener}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = hostlink.NewServer(d, hostlink.Options{}).Serve(ctx, d.wire)
	}()
	d.address = "http://" + listener.Addr().String()
	d.stop = func() { cancel(); <-done }
	return nil
}

// answer takes the next answer of the script.
func (d *padDevice) answer() string {
	if len(d.answers) == 0 {
		return "yes"
	}
	next := d.answers[0]
	d.answers = d.answers[1:]
	return next
}

var refusals = map[string]hostlink.Refusal{
	"deny": hostlink.Rejected, "busy": hostlink.Busy, "late": hostlink.TimedOut,
	"withdrawn": hostlink.Withdrawn, "fault": hostlink.DeviceFault, "depleted": hostlink.Depleted,
	"here": hostlink.ShownOnDevice, "unread": hostlink.PadUnreadable,
}

func (d *padDevice) Package(_ context.Context, req hostlink.PackageRequest) ([]hostlink.Sealed, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := req.ID + req.Text
	if sealed, again := d.sealed[key]; again {
		return sealed, nil
	}
	answer := d.answer()
	if refusal, ok := refusals[answer]; ok {
		return nil, refusal
	}
	var sealed []hostlink.Sealed
	for _, to := range req.To {
		d.serial++
		sealed = append(sealed, hostlink.Sealed{To: to, Package: packed(req.From, to, d.serial, req.Text)})
	}
	d.sealed[key], d.text = sealed, req.Text
	if answer == "vanish" { // between sealing and answering
		d.wire.cut()
	}
	return sealed, nil
}

func (d *padDevice) lastText() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text
}

func packed(from, to string, serial int, text string) []byte {
	return fmt.Appendf(nil, "%s>%s#%d:%x", from, to, serial, text)
}

func (d *padDevice) Unpackage(_ context.Context, req hostlink.UnpackageRequest) ([]hostlink.Opened, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	answer := ""
	var opened []hostlink.Opened
	for _, in := range req.Packages {
		var serial int
		head, hexed, _ := strings.Cut(string(in.Package), ":")
		_, err := fmt.Sscanf(head, in.From+">"+req.To+"#%d", &serial)
		text, hexErr := hex.DecodeString(hexed)
		switch {
		case !slices.Contains(d.contacts, in.From):
			opened = append(opened, hostlink.Opened{Err: hostlink.NoPad})
			continue
		case err != nil || hexErr != nil:
			opened = append(opened, hostlink.Opened{Err: hostlink.DecryptionFailed})
			continue
		case d.opened[string(in.Package)]:
			opened = append(opened, hostlink.Opened{Err: hostlink.AlreadyOpened, Reuse: true})
			continue
		case answer == "":
			answer = d.answer() // one question for all
		}
		if refusal, ok := refusals[answer]; ok {
			opened = append(opened, hostlink.Opened{Err: refusal})
			continue
		}
		d.opened[string(in.Package)] = true
		opened = append(opened, hostlink.Opened{Text: string(text), Skip: answer == "skip", Reuse: answer == "reuse"})
	}
	return opened, nil
}

func (d *padDevice) Acknowledge(string) {}
func (d *padDevice) Cancel(string)      {}

func (d *padDevice) Status(time.Time) hostlink.Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	status := hostlink.Status{Owner: d.owner, Screen: d.screen, Start: 1}
	for i, c := range d.contacts {
		pad := hostlink.Pad{
			Contact: c, Number: fmt.Sprint(i + 1), Suite: "unconditional", Bucket: 32, Source: d.source, State: "in use",
			SendLeft: 4096, ReceiveLeft: 8192, SendMessages: 28, ReceiveMessages: 56,
		}
		if c == d.damaged {
			pad = hostlink.Pad{Contact: c, Number: "0-" + c, Suite: "unconditional", State: "in use", Damaged: true}
		}
		if d.spent {
			pad.SendLeft, pad.SendMessages = 0, 0
		}
		status.Pads = append(status.Pads, pad)
	}
	return status
}

func (d *padDevice) Log(context.Context) ([]hostlink.LogEntry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if refusal, ok := refusals[d.answer()]; ok {
		return nil, refusal
	}
	return d.log, nil
}

func (d *padDevice) SelfTest(context.Context) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if refusal, ok := refusals[d.answer()]; ok {
		return "", refusal
	}
	return d.report, nil
}

func (d *padDevice) NextRef(owner, server string) (int64, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ref, known := d.refs[owner+server]
	return ref, known, nil
}

func (d *padDevice) SaveNextRef(owner, server string, ref int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refs[owner+server] = ref
	return nil
}

// mailboxes is a real relay that can go and come back.
type mailboxes struct {
	dir     string
	address string
	stop    func() error
}

func (m *mailboxes) start() error {
	r, err := relay.Open(relay.Config{DataDir: m.dir})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", strings.TrimPrefix(cmp.Or(m.address, "127.0.0.1:0"), "http://"))
	if err != nil {
		return errors.Join(err, r.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx, listener, nil) }()
	m.address = "http://" + listener.Addr().String()
	m.stop = sync.OnceValue(func() error { cancel(); return <-done })
	return nil
}

// bring puts something into a mailbox, as anybody can.
func (m *mailboxes) bring(to, from, text string) (ref int64, err error) {
	client, err := mailbox.NewClient(m.address)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	contents := base64.StdEncoding.EncodeToString([]byte(text))
	return client.Send(context.Background(), mailbox.Outgoing{Recipient: to, Sender: from, Contents: contents})
}

// send puts a message of bob's into alice's mailbox.
func (m *mailboxes) send(t *testing.T, serial int, text string) {
	t.Helper()
	if _, err := m.bring("alice", "bob", string(packed("bob", "alice", serial, text))); err != nil {
		t.Fatal(err)
	}
}

// startBoth is a relay, and a device of alice's who knows bob, for a test, gone at
// its end.
func startBoth(t *testing.T) (*mailboxes, *padDevice) {
	t.Helper()
	m, d := &mailboxes{dir: t.TempDir()}, newPadDevice("alice", "bob")
	if err := errors.Join(m.start(), d.plug()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.stop()
		if err := m.stop(); err != nil {
			t.Error(err)
		}
	})
	return m, d
}
