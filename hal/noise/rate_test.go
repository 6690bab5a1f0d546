package noise

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// clocked gives as many bytes a second, and lets one see where they went.
type clocked struct {
	rate  int
	fails int // the Read that fails, counted from 1; 0 for none
	reads int
	last  []byte
}

func (c *clocked) Describe() Description { return Description{} }
func (c *clocked) Close() error          { return nil }

func (c *clocked) Read(_ context.Context, p []byte) error {
	if c.reads++; c.reads == c.fails {
		return ErrSilent
	}
	copy(p, bytes.Repeat([]byte{7}, len(p)))
	c.last = p
	time.Sleep(time.Duration(len(p)) * time.Second / time.Duration(c.rate))
	return nil
}

func TestTheRateIsMeasured(t *testing.T) {
	for _, rate := range []int{100, 2500, 50_000, 138_000, 10_000_000, 1e9} {
		synctest.Test(t, func(t *testing.T) {
			source := &clocked{rate: rate}
			start := time.Now()
			got, err := MeasureRate(t.Context(), source)
			if err != nil || math.Abs(got-float64(rate)) > float64(rate)/100 {
				t.Errorf("%d bytes/s measured as %v, %v", rate, got, err)
			}
			if took := time.Since(start); took > 3*time.Second && rate >= 1000 {
				t.Errorf("%d bytes/s took %v to measure", rate, took)
			}
			if !bytes.Equal(source.last, make([]byte, len(source.last))) {
				t.Error("the noise was left in memory")
			}
		})
	}
}

func TestARateThatCannotBeMeasuredIsAnError(t *testing.T) {
	for fails := 1; fails <= 5; fails++ {
		synctest.Test(t, func(t *testing.T) {
			rate, err := MeasureRate(t.Context(), &clocked{rate: 2500, fails: fails})
			if fails < 5 && (!errors.Is(err, ErrSilent) || rate != 0) {
				t.Errorf("Read %d fails: %v, %v", fails, rate, err)
			}
			if fails == 5 && err != nil { // 512, then 512, 1024 and 2048 in more than a second
				t.Errorf("it read on after a second: %v", err)
			}
		})
	}
}
