//go:build linux

package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"

	"onetimechat/firmware/boot/conf"
	"onetimechat/hostlink"
	"onetimechat/image/card"
)

// Laptop is a laptop at a board's link: an Ethernet adapter on USB, with QEMU's
// own network at the other end of its cable.
//
// The device answers requests for its own address only, as it should. Programs
// on this computer reach it through a door on loopback, which puts the device's
// address into their requests, and lets nobody else's web page in.
type Laptop struct {
	URL  string // of the door, such as http://127.0.0.1:40101
	door *http.Server
	done chan error
}

// PlugLaptop plugs a laptop in, whose door is at an address as in Options. The
// board can be on. The laptop stays until the board is off: see PlugCable.
func (p *Pi) PlugLaptop(door string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.laptop != nil {
		return errors.New("there is a laptop already")
	}
	n, err := p.card.net()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", door)
	if err != nil {
		return fmt.Errorf("the laptop's door: %w", err)
	}
	forwarded, device, err := p.plugNetwork(n)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	p.laptop = openDoor(l, forwarded, device)
	return nil
}

// plugNetwork plugs in QEMU's own network, and returns where it forwards
// connections from to the device, and the device's address.
func (p *Pi) plugNetwork(n int) (forwarded, device string, err error) {
	at := func(host int) string { return fmt.Sprintf("10.77.%d.%d", n, host) }
	device = fmt.Sprintf("%s:%d", at(1), hostlink.Port)
	_, err = p.monitor.do("netdev_add", map[string]any{
		"type": "user", "id": "laptop", "ipv6": false, "restrict": true,
		"net": at(0) + "/24", "host": at(2), "dns": at(3), "dhcpstart": at(15),
		"hostfwd": []map[string]string{{"str": "tcp:127.0.0.1:0-" + device}},
	})
	if err == nil {
		err = p.plugAdapter("laptop", 0x10)
	}
	if err == nil {
		forwarded, err = p.forwarded()
	}
	return forwarded, device, err
}

// plugAdapter plugs an Ethernet adapter with a network behind it into USB.
func (p *Pi) plugAdapter(id string, mac byte) error {
	_, err := p.monitor.do("device_add", map[string]any{
		"driver": "usb-net", "id": id, "netdev": id, "mac": fmt.Sprintf("02:77:00:00:%02x:%02x", mac, p.opts.MAC),
	})
	return err
}

// closeDoor closes the door to a board that is off.
func (p *Pi) closeDoor() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.laptop == nil {
		return nil
	}
	err := p.laptop.close()
	p.laptop = nil
	return err
}

// Link is the URL by which programs on this computer reach the device; "" while
// there is no laptop.
func (p *Pi) Link() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.laptop == nil {
		return ""
	}
	return p.laptop.URL
}

// forwardedPort is how QEMU tells the port of this computer that it chose.
var forwardedPort = regexp.MustCompile(`TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)`)

// forwarded is where QEMU takes connections for the device.
func (p *Pi) forwarded() (string, error) {
	answer, err := p.monitor.do("human-monitor-command", map[string]any{"command-line": "info usernet"})
	if err != nil {
		return "", err
	}
	var text string
	if err := json.Unmarshal(answer, &text); err != nil {
		return "", err
	}
	found := forwardedPort.FindStringSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("QEMU forwards nothing: %s", text)
	}
	return net.JoinHostPort("127.0.0.1", found[1]), nil
}

// openDoor serves what is asked of l on loopback with the device at address,
// which QEMU has at forwarded.
func openDoor(l net.Listener, forwarded, address string) *Laptop {
	quiet := log.New(io.Discard, "", 0) // a board that is off answers nothing
	pass := &httputil.ReverseProxy{Transport: &http.Transport{}, ErrorLog: quiet, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: forwarded})
		r.Out.Host = address
	}}
	door := &Laptop{
		URL:  "http://" + l.Addr().String(),
		door: &http.Server{Handler: hostlink.Guard(pass, hostlink.Hosts(l.Addr(), "localhost")), ErrorLog: quiet},
		done: make(chan error, 1),
	}
	go func() { door.done <- door.door.Serve(l) }()
	return door
}

func (l *Laptop) close() error {
	err := l.door.Close()
	if served := <-l.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// net is N of the device's address 10.77.N.1: as otc.conf says, else 1, since
// the emulated board has no serial number.
func (c *Card) net() (int, error) {
	disk, err := card.Open(c.path)
	if err != nil {
		return 0, err
	}
	defer disk.Close()
	text, err := disk.ReadFile(conf.Name)
	if err != nil {
		return 0, err
	}
	said, err := conf.Parse(text)
	if err != nil {
		return 0, err
	}
	return max(said.Net, 1), nil
}
