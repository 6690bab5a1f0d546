package noise

import (
	"context"
	"time"
)

// MeasureRate measures how many bytes of noise source gives a second, in about
// a second and with at most 1 MiB of noise, which it throws away.
func MeasureRate(ctx context.Context, source Source) (float64, error) {
	const long, most, largest = time.Second, 1 << 20, 64 << 10
	buf := make([]byte, largest)
	defer clear(buf)
	// What the hardware had stored up comes faster than it makes more.
	if err := source.Read(ctx, buf[:512]); err != nil {
		return 0, err
	}
	start := time.Now()
	for n, size := 0, 512; ; size = min(2*size, largest) {
		if err := source.Read(ctx, buf[:size]); err != nil {
			return 0, err
		}
		n += size
		if took := time.Since(start); took >= long || n >= most {
			return float64(n) / max(took, time.Microsecond).Seconds(), nil
		}
	}
}
