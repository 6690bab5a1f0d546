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

// busFigures are bytes on a display's bus beside those of the pixels that
// change, at 480×320 on an ILI9486, whose commands are the longest.
func busFigures() ([]figure, error) {
	renderer, err := display.NewRenderer(image.Pt(480, 320))
	if err != nil {
		return nil, err
	}
	var bytes counter
	opts := ili9486.DefaultOpts
	opts.Rotation = 90
	opts.Sleep = func(time.Duration) {}
	dev, err := ili9486.New(spitest.NewRecordRaw(&bytes), &gpiotest.Pin{N: "DC", L: gpio.Low}, &opts)
	if err != nil {
		return nil, err
	}
	change := func(from, to display.Screen) (sent, changed float64, err error) {
		a, b := renderer.Render(from), renderer.Render(to)
		if err := dev.Draw(dev.Bounds(), a.Image, image.Point{}); err != nil {
			return 0, 0, err
		}
		bytes = 0
		err = dev.Draw(dev.Bounds(), b.Image, image.Point{})
		return float64(bytes), float64(2 * dcs.Differing(a.Image, b.Image)), err
	}
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

	var all []figure
	for _, c := range []struct {
		name     string
		from, to display.Screen
	}{{"bus-question", home, question}, {"bus-page", question, turned}, {"bus-tick", progress, ticked}} {
		sent, changed, err := change(c.from, c.to)
		if err != nil {
			return nil, err
		}
		f := figure{Name: c.name, Value: sent / 1000, Unit: "kB"}.against(changed / 1000)
		if c.name == "bus-tick" {
			f = f.goal("≤ 4 kB", f.Value <= 4)
		} else {
			f = f.goal("≤ 1.05 of the changed pixels", f.Ratio <= 1.05)
		}
		all = append(all, f)
		if c.name == "bus-question" {
			all = append(all, onTheBus(sent))
		}
	}
	return all, nil
}

// onTheBus is how long so many bytes take, beside a whole picture.
func onTheBus(bytes float64) figure {
	const clock = float64(16 * physic.MegaHertz / physic.Hertz)
	ms := func(bytes float64) float64 { return 1e3 * 8 * bytes / clock }
	f := figure{Name: "question-16MHz", Value: ms(bytes), Unit: "ms"}.against(ms(2 * 480 * 320))
	return f.goal("≤ 200 ms", f.Value <= 200)
}
