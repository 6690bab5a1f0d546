// Command otc is One Time Chat on the laptop: it has the pad device seal and
// open, and exchanges packages with a relay. `otc relay` is that relay.
//
// Start with newApp in app.go, the command tree; each group of commands has a
// file of its own. chat.go is the conversation, over console.go (where lines
// come from; paste.go keeps pasted ones from running) and with the words in
// commands.go. ui.go is the one place that writes to the terminal, and escapes
// what it writes; explain.go is the one place that says how an error looks to a
// person, and with which code the program ends.
//
// What it refuses to do: keep a text, log one, or show one raw.
package main

import (
	"context"
	"io"
	"log"
	"os"
)

func main() {
	log.SetOutput(io.Discard) // net/http would tell there what a relay sends unasked
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	os.Exit(a.run(context.Background(), os.Args[1:]))
}
