package main

import (
	"image"
	"strings"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi/spitest"

	"onetimechat/display"
	"onetimechat/hal/panel/dcs"
	"onetimechat/hal/panel/ili9486"
)

// counter counts the bytes that go to a display.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// bus is a display of which nothing is there but the bytes that go to it.
func bus() (*ili9486.Dev, *counter, error) {
	var bytes counter
	opts := ili9486.DefaultOpts
	opts.Rotation = 90
	opts.Sleep = func(time.Duration) {}
	dev, err := ili9486.New(spitest.NewRecordRaw(&bytes), &gpiotest.Pin{N: "DC", L: gpio.Low}, &opts)
	return dev, &bytes, err
}

// windowBytes are sent before the pixels of a window on an ILI9486: three commands
// with eight parameters, each byte as a word.
const windowBytes = 22

// busFigures are bytes on a display's bus beside those of the pixels that
// change, at 480×320 on an ILI9486, whose commands are the longest.
func busFigures() ([]figure, error) {
	renderer, err := display.NewRenderer(image.Pt(480, 320))
	if err != nil {
		return nil, err
	}
	dev, bytes, err := bus()
	if err != nil {
		return nil, err
	}
	change := func(from, to display.Screen) (sent float64, changed []image.Point, err error) {
		a, b := renderer.Render(from), renderer.Render(to)
		if err := dev.Draw(dev.Bounds(), a.Image, image.Point{}); err != nil {
			return 0, nil, err
		}
		*bytes = 0
		err = dev.Draw(dev.Bounds(), b.Image, image.Point{})
		return float64(*bytes), dcs.Differing(a.Image, b.Image), err
	}
	var all []figure
	for _, c := range screenChanges() {
		sent, changed, err := change(c.from, c.to)
		if err != nil {
			return nil, err
		}
		pixels := float64(2*len(changed)) / 1000
		f := figure{Name: c.name, Value: sent / 1000, Unit: "kB"}.against(pixels)
		if c.name == "bus-tick" {
			f = f.goal("≤ 4 kB", f.Value <= 4)
		} else {
			f = f.goal("≤ 1.05 of the changed pixels", f.Ratio <= 1.05)
		}
		all = append(all, f)
		switch c.name {
		case "bus-question":
			all = append(all, onTheBus(sent))
		case "bus-page":
			least := leastInWindows(dev.Bounds().Max, changed, windowBytes) / 1000
			all = append(all, figure{Name: "bus-page-least", Value: least, Unit: "kB"}.against(pixels).goal("none", true))
		}
	}
	return all, nil
}

// screenChange is a screen and what comes after it.
type screenChange struct {
	name     string
	from, to display.Screen
}

func screenChanges() []screenChange {
	gauge := display.Gauge{Left: 20 << 20, Total: 32 << 20, Messages: 145_000}
	home := display.Home{Owner: "alice", Link: "http://10.77.51.1:9051", Contacts: []display.Contact{
		{Name: "bob", Send: gauge, Receive: gauge}, {Name: "carol", Send: gauge, Receive: gauge}}}
	question := display.ApproveSend{Text: strings.Repeat("All human beings are born free and equal. ", 40),
		Costs: []display.Cost{{Contact: "bob", Cost: 1728, Left: 20 << 20}}}
	turned := question
	turned.Page = 1
	progress := display.Progress{Title: "Importing the pad with bob", Done: 23 << 20, Total: 64 << 20, Unit: "bytes", Rate: 3 << 19, Left: 27 * time.Second}
	ticked := progress
	ticked.Done, ticked.Left = ticked.Done+3<<19, 26*time.Second
	return []screenChange{{"bus-question", home, question}, {"bus-page", question, turned}, {"bus-tick", progress, ticked}}
}

// touchFigure is how long a touch takes to be seen on its button: until the
// driver tells of it, by the clock of the chips' models, and then until the pressed
// button has gone over the slowest bus.
func touchFigure() ([]figure, error) {
	told, err := measuredBy("^TestTouchFigure$", "./hal/product")
	if err != nil {
		return nil, err
	}
	renderer, err := display.NewRenderer(image.Pt(480, 320))
	if err != nil {
		return nil, err
	}
	home := renderer.Render(display.Home{Owner: "alice", NewContact: true, Details: true, Settings: true})
	most := 0.0
	for _, target := range home.Targets {
		dev, bytes, err := bus()
		if err != nil {
			return nil, err
		}
		if err := dev.Draw(dev.Bounds(), home.Image, image.Point{}); err != nil {
			return nil, err
		}
		*bytes = 0
		if err := dev.Draw(dev.Bounds(), home.Pressed(target).Image, image.Point{}); err != nil {
			return nil, err
		}
		most = max(most, busTime(float64(*bytes)))
	}
	f := figure{Name: "touch-seen", Value: told[0].Value + most, Unit: "ms"}.against(60)
	return []figure{f.goal("≤ the limit", f.Value <= 60)}, nil
}

// onTheBus is how long so many bytes take, beside a whole picture.
func onTheBus(bytes float64) figure {
	f := figure{Name: "question-16MHz", Value: busTime(bytes), Unit: "ms"}.against(busTime(2 * 480 * 320))
	return f.goal("≤ 200 ms", f.Value <= 200)
}

// busTime is how long bytes are on a bus of 16 MHz, in ms.
func busTime(bytes float64) float64 {
	const clock = float64(16 * physic.MegaHertz / physic.Hertz)
	return 1e3 * 8 * bytes / clock
}
