package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal with a program on it, of which an output may be
// elsewhere.
type terminal struct {
	t    *testing.T
	pty  *os.File
	cmd  *exec.Cmd
	mu   sync.Mutex
	seen bytes.Buffer
	more chan struct{}
	done chan struct{}
}

func openTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(pty.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	keepOutput(t, tty)
	cmd.Stdin = tty
	if cmd.Stdout == nil {
		cmd.Stdout = tty
	}
	if cmd.Stderr == nil {
		cmd.Stderr = tty
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	term := &terminal{t: t, pty: pty, cmd: cmd, more: make(chan struct{}, 1), done: make(chan struct{})}
	go term.read()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-term.done
		pty.Close()
	})
	return term
}

// openChat starts a chat at a terminal.
func openChat(t *testing.T, m *mailboxes, d *padDevice, env ...string) *terminal {
	t.Helper()
	cmd := exec.Command("otc", append([]string{"chat"}, flags(m, d, t.TempDir())...)...)
	cmd.Env = append(os.Environ(), env...)
	return openTerminal(t, cmd)
}

// ends waits for the program's end, which is to be one in order.
func (p *terminal) ends() {
	p.t.Helper()
	<-p.done
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatal(err)
	}
}

// keepOutput has Ctrl-C throw away nothing that was written: Linux does so after it
// told the program, which may have answered by then.
func keepOutput(t *testing.T, tty *os.File) {
	t.Helper()
	mode, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	mode.Lflag |= unix.NOFLSH
	if err := unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, mode); err != nil {
		t.Fatal(err)
	}
}

// vt52 is a terminal that does not say where its cursor is.
const vt52 = "TERM=vt52"

// read keeps what the program writes, and answers where the cursor is when it
// asks, as most terminals do.
func (p *terminal) read() {
	defer close(p.done)
	answers := !slices.Contains(p.cmd.Env, vt52)
	buffer := make([]byte, 4096)
	for {
		n, err := p.pty.Read(buffer)
		p.mu.Lock()
		p.seen.Write(buffer[:n])
		p.mu.Unlock()
		if answers && bytes.Contains(buffer[:n], []byte("\x1b[6n")) {
			fmt.Fprint(p.pty, "\x1b[1;1R")
		}
		select {
		case p.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (p *terminal) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen.String()
}

// await waits until text was written, and forgets all up to its end.
func (p *terminal) await(text string) (before string) {
	p.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		p.mu.Lock()
		before, _, found := strings.Cut(p.seen.String(), text)
		if found {
			p.seen.Next(len(before) + len(text))
		}
		p.mu.Unlock()
		if found {
			return before
		}
		select {
		case <-p.more:
		case <-deadline:
			p.t.Fatalf("no %q in %q", text, p.output())
		}
	}
}

func (p *terminal) keys(keys string) {
	p.t.Helper()
	if _, err := p.pty.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

func TestAChatAtATerminal(t *testing.T) {
	m, d := startBoth(t)
	p := openChat(t, m, d, "TERM=xterm", "NO_COLOR=1")
	p.await("One Time Chat")
	p.await("alice> ")

	// A message arrives above the line that is being typed; the line stays.
	p.keys("send b\thello b")
	p.await("send bob hello b")
	m.send(t, 1, "hi\x1b]52;c;eA==\x07 alice\ncarol: no")
	p.await("bob: hi<U+001B>]52;c;eA==<U+0007> alice\r\n   | carol: no\r\n")
	p.await("send bob hello b")
	p.keys("ob\r")
	p.await("Waiting for the tap on alice's pad device")
	p.await("Sealed; on its way to the relay")
	p.await("Message sent.")
	p.await("It is at the relay, for bob.")
	p.await("alice> ")

	// The line before is in the history; Ctrl-C takes a line back; Ctrl-D leaves.
	p.keys("\x1b[A")
	p.await("send bob hello bob")
	p.keys("\x03")
	p.await("press Ctrl-D")
	p.await("alice> ")
	p.keys("\x04")
	p.ends()
}

// Pasted lines are one message, which Enter sends; none of them is a command.
func TestPastedLinesAreOneMessage(t *testing.T) {
	m, d := startBoth(t)
	p := openChat(t, m, d, "TERM=xterm", "NO_COLOR=1")
	p.await(markPastes)
	p.await("alice> ")
	p.keys("send bob " + pasteBegins + "one\r\ttwo\x03\x1b[2J\rquit\r" + pasteEnds)
	p.await("one↵ two[2J↵quit↵")
	p.keys("\r")
	p.await("Message sent.")
	if text := d.lastText(); text != "one\n\ttwo[2J\nquit" {
		t.Errorf("sent was %q", text)
	}
	p.await("alice> ")
	p.keys(pasteBegins + "contacts\rquit" + pasteEnds + "\r")
	p.await("nothing was run")
	p.await("alice> ")
	p.keys("quit\r")
	p.await(leavePastes)
	p.ends()
}

// What goes into a file has no colours, and who looks at the other output is told
// what to do all the same.
func TestOneOutputMayBeAFile(t *testing.T) {
	m, d := startBoth(t)
	var errs, out bytes.Buffer
	send := exec.Command("otc", append([]string{"send", "bob", "hi"}, flags(m, d, t.TempDir())...)...)
	send.Env = append(os.Environ(), "TERM=xterm")
	send.Stderr = &errs
	p := openTerminal(t, send)
	p.await("Message sent.")
	if err := send.Wait(); err != nil || errs.Len() > 0 {
		t.Errorf("%v: %q", err, &errs)
	}
	report := exec.Command("otc", append([]string{"selftest"}, flags(m, d, t.TempDir())...)...)
	report.Env = append(os.Environ(), "TERM=xterm")
	report.Stdout = &out
	p = openTerminal(t, report)
	p.await("Your pad device asks whether its self-test may be shown here")
	if err := report.Wait(); err != nil || strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), "Board: ") {
		t.Errorf("%v: %q", err, &out)
	}
}

// The editor waits for an answer that such a terminal does not give, with all that is
// typed, Ctrl-C too, and with what arrives.
func TestAChatAtATerminalThatDoesNotAnswer(t *testing.T) {
	m, d := startBoth(t)
	p := openChat(t, m, d, vt52)
	p.keys("send bob hel")
	p.await("alice> ")
	p.keys("lo\r")
	p.await("Message sent.")
	p.await("alice> ")
	m.send(t, 1, "hi alice")
	p.await("hi alice\r\n")
	p.keys("half a li\x03")
	p.await("press Ctrl-D")
	p.await("alice> ")
	p.keys("\x04")
	p.ends()
	if text := d.lastText(); text != "hello" {
		t.Errorf("sent was %q", text)
	}
}

// A dumb terminal would show control sequences, and answer none.
func TestAChatAtADumbTerminal(t *testing.T) {
	m, d := startBoth(t)
	p := openChat(t, m, d, "TERM=dumb")
	seen := p.await("One Time Chat. Type 'help' for help.\r\n")
	p.keys("send bob hello\n")
	seen += p.await("Message sent.")
	m.send(t, 1, "hi alice")
	seen += p.await("bob: hi alice\r\n")
	p.keys("clear\nid\n")
	seen += p.await("alice, relay ")
	p.keys("\x04")
	p.ends()
	if seen += p.output(); strings.Contains(seen, "\x1b") {
		t.Errorf("control sequences in %q", seen)
	}
}

// Ctrl-C leaves also where otc waits for what a person types.
func TestCtrlCEndsWhatWaitsForTheKeyboard(t *testing.T) {
	m, d := startBoth(t)
	for _, c := range []struct {
		args   []string
		prompt string
	}{
		{[]string{"setup", "--device", d.address, "--config", filepath.Join(t.TempDir(), "config")}, "What is your relay's address?"},
		{append([]string{"send", "bob"}, flags(m, d, t.TempDir())...), "Type the message."},
	} {
		cmd := exec.Command("otc", c.args...)
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "OTC_") })
		p := openTerminal(t, cmd)
		p.await(c.prompt)
		p.keys("half a li\x03")
		p.await("Taken back.")
		<-p.done
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed {
			t.Errorf("%s ends with %v", c.args[0], err)
		}
	}
}

// A relay that accepts and says nothing holds up neither the prompt nor who is
// tired of waiting, and what was sealed is not said to be taken back.
func TestNobodyHasToWaitForARelay(t *testing.T) {
	_, d := startBoth(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	m := &mailboxes{address: "http://" + silent.Addr().String()}
	data := t.TempDir()
	chat := exec.Command("otc", append([]string{"chat"}, flags(m, d, data)...)...)
	chat.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=1")
	began := time.Now()
	p := openTerminal(t, chat)
	p.await("alice> ")
	if waited := time.Since(began); waited > 15*time.Second {
		t.Errorf("the prompt came after %s", waited)
	}
	p.keys("\x04")
	<-p.done
	if err := chat.Wait(); err != nil {
		t.Fatal(err)
	}
	send := exec.Command("otc", append([]string{"send", "bob", "hi"}, flags(m, d, data)...)...)
	p = openTerminal(t, send)
	p.await("on its way to the relay")
	p.keys("\x03")
	p.await("Kept in the outbox: the relay has not taken it yet.")
	<-p.done
	if _ = send.Wait(); send.ProcessState.ExitCode() != exitRelay {
		t.Errorf("exit code %d", send.ProcessState.ExitCode())
	}
	// Nor has who denied, although the first message still waits.
	d.change(func(d *padDevice) { d.answers = []string{"deny"} })
	again := exec.Command("otc", append([]string{"send", "bob", "hi"}, flags(m, d, data)...)...)
	began = time.Now()
	p = openTerminal(t, again)
	p.await("Denied on the pad device.")
	<-p.done
	if waited := time.Since(began); waited > 8*time.Second {
		t.Errorf("a denial was told after %s", waited)
	}
	if _ = again.Wait(); again.ProcessState.ExitCode() != exitDenied {
		t.Errorf("exit code %d", again.ProcessState.ExitCode())
	}
}

// A device that is plugged in and says nothing is waited for aloud.
func TestWhoWaitsForADeviceIsTold(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	m, d := &mailboxes{address: "9050"}, newPadDevice("alice")
	d.address = "http://" + silent.Addr().String()
	for command, says := range map[string]string{
		"chat": "Asking the pad device", "contacts": "Asking the pad device", "status": "Asking pad device and relay",
	} {
		cmd := exec.Command("otc", append([]string{command}, flags(m, d, t.TempDir())...)...)
		p := openTerminal(t, cmd)
		p.await(says)
		p.keys("\x03")
		<-p.done
		_ = cmd.Wait()
	}
}

// A terminal gets nothing from hostile texts but printable runes: of control
// sequences only the colours that otc itself has.
func TestHostileMessagesOnATerminalAreOnlyOurs(t *testing.T) {
	m, d := startBoth(t)
	for i, text := range hostileMessages(t) {
		m.send(t, i, text)
	}
	m.send(t, 1000, "the last one")
	cmd := exec.Command("otc", append([]string{"receive"}, flags(m, d, t.TempDir())...)...)
	cmd.Env = append(os.Environ(), "TERM=xterm")
	p := openTerminal(t, cmd)
	output := p.await("the last one")
	colours := regexp.MustCompile("\x1b\\[(?:0|1|2|1;31|1;36)m")
	if len(colours.FindAllString(output, -1)) < 50 {
		t.Errorf("hardly any colours in %.300q: is this a terminal?", output)
	}
	harmlessOutput(t, strings.ReplaceAll(colours.ReplaceAllString(output, ""), "\r\n", "\n"))
	// Every line is begun by us.
	for line := range strings.Lines(colours.ReplaceAllString(output, "")) {
		if !strings.HasPrefix(line, "bob: ") && !strings.HasPrefix(line, "   | ") && !strings.HasPrefix(line, "Receiving; ") {
			t.Errorf("a line of its own: %.80q", line)
		}
	}
}
