// Package cable finds the pad device at the other end of a meeting cable.
//
// Both kinds have one method, Find(ctx) (net.Conn, error), with one contract:
// it waits until the other device is there or ctx ends, and returns a
// connection to it, to one device at most and never to itself. Whatever else
// it opened is closed when it returns.
//
//   - Rendezvous (rendezvous.go) is for two devices at one desk, which know
//     one loopback address.
//   - LinkLocal (linklocal_linux.go, its sockets in end_linux.go) is for two
//     devices with a cable between them: they call out on it, and one dials
//     the other. Wired lists the interfaces that a cable can be in.
//
// In both, one end listens and greets (greeting.go) the only one it takes; the
// end that dialled knows by the greeting that it was taken, and not left in a
// queue. Nothing else is said before the connection is handed over.
//
// What it refuses: to know who the other device is, and whether it is one.
// That is the business of the meeting, and anybody on the cable can play
// along: see SECURITY.md. It gives no address to anything, uses no name
// service, and listens on loopback or on link-local addresses only.
package cable
