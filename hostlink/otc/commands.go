package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"onetimechat/hostlink/host"
	"onetimechat/padstore/uid"
)

// help is what the conversation's command of that name prints.
const help = `send NAME TEXT        send a message to a contact
ms NAME,NAME TEXT     send to several contacts
group NAME A,B        let a name stand for several users; "group" shows them
ungroup NAME          forget that name
gs GROUP TEXT         send to a group, or to a list of users
Enter                 receive messages now (they also come by themselves)
contacts              whom you can write to, and how much pad is left
log                   the pad device's log (it asks you)
later                 messages you denied; "later open [N]", "later drop N"
outbox                messages not delivered; "outbox retry [N]", "outbox drop N"
id                    who you are, and through what you chat
clear                 clear the screen
quit, q, exit         leave

What you paste becomes part of one message, all its lines; Enter sends it.`

// word is one command of the conversation.
type word struct {
	names []string
	run   func(c *chat, ctx context.Context, rest string) error
	text  bool // it takes one, which may have several lines
}

// words are the commands, those of 2015 first.
func words() []word {
	return []word{
		{[]string{"send"}, (*chat).send, true},
		{[]string{"ms"}, (*chat).sendMany, true},
		{[]string{"group"}, (*chat).group, false},
		{[]string{"ungroup"}, (*chat).ungroup, false},
		{[]string{"gs"}, (*chat).sendGroup, true},
		{[]string{"id"}, (*chat).identify, false},
		{[]string{"clear"}, (*chat).clear, false},
		{[]string{"help"}, (*chat).help, false},
		{[]string{"contacts"}, (*chat).contacts, false},
		{[]string{"log"}, func(c *chat, ctx context.Context, _ string) error { return c.showLog(ctx, c.session, nil) }, false},
		{[]string{"later"}, (*chat).later, false},
		{[]string{"outbox"}, (*chat).outbox, false},
		{[]string{"quit", "q", "exit"}, nil, false},
	}
}

func commandNames() []string {
	var all []string
	for _, w := range words() {
		all = append(all, w.names...)
	}
	return all
}

// command runs one line. Ctrl-C takes back what it asked, not the program.
func (c *chat) command(ctx context.Context, line string) (quit bool) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	line = strings.TrimSpace(line)
	name, rest := firstWord(line)
	if name == "" {
		c.failed(c.receive(ctx))
		return false
	}
	i := slices.IndexFunc(words(), func(w word) bool { return slices.Contains(w.names, name) })
	if i < 0 {
		c.ui.complain(`There is no command %s. Type "help" for the commands.`, name)
		c.code = worse(c.code, exitUsage)
		return false
	}
	word := words()[i]
	switch {
	case strings.Contains(line, "\n") && !word.text: // pasted
		c.failed(misused("these are several lines, which only a message can have; nothing was run"))
	case word.run == nil:
		return true
	default:
		c.failed(word.run(c, ctx, strings.TrimSpace(rest)))
	}
	return false
}

// firstWord cuts text at its first blank, tab or newline.
func firstWord(text string) (word, rest string) {
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 {
		return text, ""
	}
	_, size := utf8.DecodeRuneInString(text[end:])
	return text[:end], text[end+size:]
}

func (c *chat) receive(ctx context.Context) error {
	c.ui.waiting("Receiving; your pad device may ask …")
	report, err := c.host.Receive(ctx, c.receiver.show)
	if err == nil && report.Arrivals == 0 && report.Elsewhere == 0 && report.Stopped == "" {
		c.ui.hint("No new messages.")
	}
	return c.receiver.end(report, err)
}

// recipientAndText splits "bob hello". It refuses "bob, carol hi" and "bob ,
// carol hi": either would tell bob what begins with carol's name.
func recipientAndText(rest, form string) (to, text string, err error) {
	to, text = firstWord(rest)
	if to == "" || strings.TrimSpace(text) == "" {
		return "", "", misused("write it so: %s", form)
	}
	return to, text, wholeList(to, text)
}

// wholeList refuses recipients of which some are in the text, behind a blank.
func wholeList(to, text string) error {
	if strings.HasSuffix(to, ",") || strings.HasPrefix(strings.TrimSpace(text), ",") {
		return misused("write recipients without blanks: bob,carol")
	}
	return nil
}

func (c *chat) send(ctx context.Context, rest string) error {
	to, text, err := recipientAndText(rest, "send NAME TEXT")
	if err != nil {
		return err
	}
	if err := uid.Check(to); err != nil { // a contact, never a group
		return err
	}
	return c.sendAndTell(ctx, c.session, []string{to}, text)
}

func (c *chat) sendMany(ctx context.Context, rest string) error {
	return c.sendList(ctx, rest, "ms NAME,NAME TEXT")
}

func (c *chat) sendGroup(ctx context.Context, rest string) error {
	return c.sendList(ctx, rest, "gs GROUP TEXT")
}

func (c *chat) sendList(ctx context.Context, rest, form string) error {
	to, text, err := recipientAndText(rest, form)
	if err != nil {
		return err
	}
	return c.sendTo(ctx, names(to), text)
}

// sendTo sends to everybody whom the names stand for, except oneself.
func (c *chat) sendTo(ctx context.Context, nameOrList []string, text string) error {
	to, err := c.host.Members(ctx, nameOrList)
	if err != nil {
		return err
	}
	if to = others(to, c.settings.User); len(to) == 0 {
		return host.ErrNobody
	}
	return c.sendAndTell(ctx, c.session, to, text)
}

func (c *chat) group(ctx context.Context, rest string) error {
	name, members := firstWord(rest)
	if list := names(members); len(list) > 0 {
		if err := c.host.SetGroup(ctx, name, list); err != nil {
			return err
		}
		c.relearn(ctx)
	}
	groups, err := c.host.Groups(ctx)
	if err != nil {
		return err
	}
	for _, g := range host.GroupNames(groups) {
		if name != "" && g != name {
			continue
		}
		if err := c.ui.say("%s: %s", g, groups[g]); err != nil {
			return err
		}
	}
	if name != "" && groups[name] == nil {
		return noGroup(name)
	}
	if len(groups) == 0 {
		return c.ui.say("No groups. Make one: group NAME A,B")
	}
	return nil
}

func (c *chat) ungroup(ctx context.Context, name string) error {
	if len(strings.Fields(name)) != 1 {
		return misused("write it so: ungroup NAME")
	}
	groups, err := c.host.Groups(ctx)
	if err != nil {
		return err
	}
	if groups[name] == nil {
		return noGroup(name)
	}
	if err := c.host.SetGroup(ctx, name, nil); err != nil {
		return err
	}
	c.relearn(ctx)
	return c.ui.say("The group %s is forgotten.", name)
}

func noGroup(name string) error { return misused("there is no group %q", name) }

func (c *chat) identify(context.Context, string) error {
	return c.ui.say("%s, relay %s, pad device %s", c.settings.User, c.settings.Relay, c.settings.Device)
}

func (c *chat) clear(context.Context, string) error {
	if !c.ui.out.controls {
		return nil
	}
	return c.ui.write(c.ui.out, "\x1b[H\x1b[2J")
}

func (c *chat) help(context.Context, string) error {
	return c.ui.say(help)
}

func (c *chat) contacts(ctx context.Context, _ string) error {
	status, err := c.askStatus(ctx, c.session)
	if err != nil {
		return err
	}
	c.learn(ctx, status)
	return c.ui.contacts(status)
}

func (c *chat) later(ctx context.Context, rest string) error {
	args := strings.Fields(rest)
	switch {
	case len(args) == 0:
		return c.listLater(ctx, c.session, nil)
	case args[0] == "open":
		return c.openLater(ctx, c.session, args[1:])
	case args[0] == "drop" && len(args) == 2:
		return c.dropLater(ctx, c.session, args[1:])
	}
	return misused("write it so: later, later open [NUMBER], later drop NUMBER")
}

func (c *chat) outbox(ctx context.Context, rest string) error {
	args := strings.Fields(rest)
	switch {
	case len(args) == 0:
		return c.listOutbox(ctx, c.session, nil)
	case args[0] == "retry" && len(args) <= 2:
		return c.retryOutbox(ctx, c.session, args[1:])
	case args[0] == "drop" && len(args) == 2:
		return c.dropOutbox(ctx, c.session, args[1:])
	}
	return misused("write it so: outbox, outbox retry [NUMBER], outbox drop NUMBER")
}
