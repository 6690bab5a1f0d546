package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// udcTime is how long a USB device controller is tried for: its driver,
	// or a cable just pulled, may keep it busy.
	udcTime = 10 * time.Second
	// udcShort is the same where the link can do without.
	udcShort = 2 * time.Second
	// lookTime is how often the link looks after itself when it is told of
	// no change.
	lookTime = time.Second
	// giveUp is how long an interface may be there and not be of use. An
	// adapter that is just plugged in needs a moment.
	giveUp = 10 * time.Second
)

// Link is the laptop's cable. Its methods are safe for concurrent use.
type Link struct {
	opts    Opts
	network network
	up      atomic.Bool

	mu     sync.Mutex
	gadget *gadget
	stop   func() error // ends what Open began; nil while the link is closed
}

// New returns a Link that is closed. Nothing is changed before Open.
func New(opts *Opts) (*Link, error) {
	n, err := networkOf(opts.Net)
	if err != nil {
		return nil, err
	}
	if opts.Port < USB || opts.Port > Either {
		return nil, fmt.Errorf("the link is on %v", opts.Port)
	}
	return &Link{opts: *opts, network: n, gadget: newGadget(opts.Roots, opts.Serial)}, nil
}

func (l *Link) String() string { return fmt.Sprintf("link on %v, at %s", l.opts.Port, l.Address()) }

// Address is the device's IPv4 address, such as "10.77.3.1".
func (l *Link) Address() string { return l.network.device.String() }

// Up tells whether a laptop is there: the link is open, and at the other end of
// the cable is something that is awake.
func (l *Link) Up() bool { return l.up.Load() }

// Open brings the link up, and returns where requests come in. It does not wait
// for a laptop, nor for an adapter, but for the board's USB socket, up to 10 s;
// ErrNoController if it has none and the link needs it.
//
// Accept fails when the link is closed, or has been in trouble for so long that
// it gave up.
func (l *Link) Open(ctx context.Context) (net.Listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		return nil, errors.New("the link is open already")
	}
	if err := l.prepareUSB(ctx); err != nil {
		return nil, err
	}
	news, err := watch()
	if err != nil {
		return nil, err
	}
	k := &keeper{
		link:     l,
		find:     l.finder(),
		requests: newListener(net.TCPAddrFromAddrPort(netip.AddrPortFrom(l.network.device, RPCPort))),
	}
	running, cancel := context.WithCancel(context.Background())
	if err := k.look(running); err != nil {
		cancel()
		return nil, errors.Join(err, k.end(), news.Close())
	}
	ended := make(chan error, 1)
	go func() { ended <- k.run(running, news) }()
	l.stop = func() error {
		cancel()
		return <-ended
	}
	return k.requests, nil
}

// prepareUSB makes the gadget, or takes it away where only a meeting uses it.
func (l *Link) prepareUSB(ctx context.Context) error {
	switch l.opts.Port {
	case USB:
		return l.gadget.setUp(ctx, udcTime)
	case Either:
		if err := l.gadget.setUp(ctx, udcShort); !errors.Is(err, ErrNoController) {
			return err
		}
		return nil
	}
	return l.gadget.tearDown()
}

// finder returns what names the link's interface now, "" while there is none.
func (l *Link) finder() func() string {
	roots, port, usb := l.opts.Roots, l.opts.Port, l.gadget.name
	return func() string {
		if port != USB {
			for _, name := range wired(roots) {
				if name != usb {
					return name
				}
			}
		}
		if port != Ethernet {
			return usb
		}
		return ""
	}
}

// Close takes everything away that Open brought but the USB gadget: when it
// returns, no socket is open and the device's address is gone. Connections that
// were accepted are their owner's to end, before.
func (l *Link) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop == nil {
		return nil
	}
	stop := l.stop
	l.stop = nil
	return stop()
}

// OfferUSB makes the board's USB socket one for a meeting too, where the link is
// on Ethernet: another device, as the host, then finds a network adapter there.
// The link must be closed; Open ends the offer. Without such a socket it does
// nothing.
func (l *Link) OfferUSB(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		return errors.New("the link is open")
	}
	if err := l.gadget.setUp(ctx, 0); !errors.Is(err, ErrNoController) {
		return err
	}
	return nil
}

// unplugTime is how often AwaitUnplugged looks.
const unplugTime = 200 * time.Millisecond

// AwaitUnplugged waits until nobody is at the other end of an interface, or it
// is gone, so that a meeting's cable is out before requests are taken again.
// The error is ctx's, or why it cannot be seen.
func (l *Link) AwaitUnplugged(ctx context.Context, name string) error {
	clock := time.NewTicker(unplugTime)
	defer clock.Stop()
	for {
		now, err := look(name)
		if errors.Is(err, errNoInterface) {
			return nil
		}
		if err != nil {
			return err
		}
		if !now.carrier || l.sleeps(name) {
			return nil
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *Link) sleeps(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gadget.sleepsAt(name)
}

// Halt closes the link and removes the USB gadget.
func (l *Link) Halt() error {
	err := l.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(err, l.gadget.tearDown())
}

// keeper keeps an open link up, on whatever interface is there. Only its own
// goroutine uses it.
type keeper struct {
	link     *Link
	find     func() string
	requests *listener
	session  *session  // nil while there is no interface
	trouble  time.Time // since when the interface is of no use
	quiet    quiet     // the laptop at the USB socket
}

// run looks after the link until ctx ends.
func (k *keeper) run(ctx context.Context, news *os.File) error {
	told := make(chan struct{}, 1)
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		hear(news, told)
	}()
	clock := time.NewTicker(lookTime)
	defer clock.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-told:
			k.mind(ctx)
		case <-clock.C:
			k.mind(ctx)
		}
	}
	err := errors.Join(news.Close(), k.end())
	<-reading
	return err
}

// hear passes on that there was news. What it was is looked up, so that an
// overrun (ENOBUFS) loses nothing.
func hear(news *os.File, told chan<- struct{}) {
	b := make([]byte, os.Getpagesize())
	for {
		if _, err := news.Read(b); errors.Is(err, os.ErrClosed) {
			return
		} else if err != nil {
			time.Sleep(pause)
		}
		select {
		case told <- struct{}{}:
		default:
		}
	}
}

// mind looks, and gives up on the link when it has been of no use for long.
func (k *keeper) mind(ctx context.Context) {
	err := k.look(ctx)
	switch {
	case err == nil:
		k.trouble = time.Time{}
	case k.trouble.IsZero():
		k.trouble = time.Now()
	case time.Since(k.trouble) > giveUp:
		k.requests.fail(err)
	}
}

// look brings the link in line with what interfaces there are.
func (k *keeper) look(ctx context.Context) error {
	name := k.find()
	now, err := look(name)
	if err != nil {
		name = "" // gone meanwhile, if it was there
	}
	if k.session != nil && (k.session.name != name || k.session.index != now.index) {
		if err := k.leave(); err != nil {
			return err
		}
	}
	if name == "" {
		k.tell(false)
		return nil
	}
	if k.session == nil {
		k.session, err = openSession(ctx, k.link.opts.Roots, device{name, now.index}, k.link.network, k.requests)
		if err != nil {
			k.tell(false)
			return err
		}
	}
	k.tell(now.carrier && !k.link.gadget.sleepsAt(name))
	return errors.Join(k.rouse(ctx, now), k.session.follow(ctx, now.local))
}

func (k *keeper) leave() error {
	s := k.session
	k.session = nil
	return s.close()
}

// end takes the link down.
func (k *keeper) end() error {
	k.requests.fail(net.ErrClosed)
	k.tell(false)
	if k.session == nil {
		return nil
	}
	return k.leave()
}

func (k *keeper) tell(up bool) {
	if k.link.up.Swap(up) != up && k.link.opts.Changed != nil {
		k.link.opts.Changed(up)
	}
}
