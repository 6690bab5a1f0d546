package noise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// kernelRNG is a random number generator that the kernel offers as a
// character device.
type kernelRNG struct {
	about Description
	path  string
	check func() error // whether the device still is what about says; may be nil
	open  func(path string) (io.ReadCloser, error)
	pump  pump
	file  io.ReadCloser // nil while it is not open
}

// hwrngFile says which of the generators that the kernel knows feeds
// /dev/hwrng; "none" if none does (Linux, Documentation/admin-guide/
// hw_random.rst).
const hwrngFile = "/class/misc/hw_random/rng_current"

// newHWRNG returns the generator behind /dev/hwrng, under its own name.
//
// Generators such as bcm2835-rng give what their makers call random, processed
// in a way that nobody outside can check: that half a bit of each bit is noise
// is an assumption. In a virtual machine the bytes are what the host likes to
// give, which need not be noise at all.
func newHWRNG(roots Roots) (*kernelRNG, error) {
	current, err := roots.currentRNG()
	if err != nil {
		return nil, fmt.Errorf("/dev/hwrng: %w", err)
	}
	return &kernelRNG{
		about: Description{
			Name:       printable(current),
			SampleBits: 8,
			Credit:     MaxCredit,
			Demo:       strings.HasPrefix(current, "virtio_rng"),
		},
		path: roots.dev("hwrng"),
		check: func() error {
			now, err := roots.currentRNG()
			if err == nil && now != current {
				err = fmt.Errorf("%w: /dev/hwrng is fed by %q now", ErrMissing, printable(now))
			}
			return err
		},
		open: openDevice,
		// The slowest measured, on a Pi 3B+ with Linux' own driver, is
		// 2.5 kB/s.
		pump: pump{pace: pace{rate: 1000, grace: 2 * time.Second, chunk: 512}},
	}, nil
}

// newChaosKey returns the generator behind /dev/NAME, where NAME is chaoskey0
// or the like.
//
// The kernel reads the first endpoint of a ChaosKey, which gives 16 bits of a
// CRC for every 32 bits from its ADC (AltOS, ao_trng_send.c), so what comes is
// processed; the endpoint with the raw samples has no device file. The driver
// waits up to 1 s for a packet, 3 s for the first (Linux,
// drivers/usb/misc/chaoskey.c), in one transfer of 64 bytes after the other.
func newChaosKey(roots Roots, name string) *kernelRNG {
	return &kernelRNG{
		about: Description{Name: printable(name), SampleBits: 8, Credit: MaxCredit},
		path:  roots.dev(name),
		open:  openDevice,
		pump:  pump{pace: pace{rate: 20_000, grace: 5 * time.Second, chunk: 512}},
	}
}

// Describe implements Source.
func (k *kernelRNG) Describe() Description { return k.about }

// Read implements Source. Before and after, the device must be the one that
// was described.
func (k *kernelRNG) Read(ctx context.Context, p []byte) error {
	err := k.read(ctx, p)
	if err == nil {
		return nil
	}
	clear(p)
	return fmt.Errorf("%s: %w", k.about.Name, errors.Join(err, k.Close()))
}

func (k *kernelRNG) read(ctx context.Context, p []byte) error {
	if err := k.same(); err != nil {
		return err
	}
	if k.file == nil {
		file, err := k.open(k.path)
		if err != nil {
			return err
		}
		k.file = file
	}
	if err := k.pump.fill(ctx, p, patient(k.file)); err != nil {
		return err
	}
	return k.same()
}

func (k *kernelRNG) same() error {
	if k.check == nil {
		return nil
	}
	return k.check()
}

// Close implements Source. A read that was left behind keeps the device open
// until it returns.
func (k *kernelRNG) Close() error {
	if k.file == nil {
		return nil
	}
	file := k.file
	k.file = nil
	return file.Close()
}

// patient reads from file, and takes a device that has nothing yet, or a
// driver that has lost patience, as no error: the pump has its own patience.
func patient(file io.Reader) read {
	return func(b []byte) (int, error) {
		n, err := file.Read(b)
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.ETIMEDOUT) {
			return 0, nil
		}
		return n, err
	}
}

// openDevice opens a device for reading without waiting. A plain file in its
// place is no hardware.
func openDevice(path string) (io.ReadCloser, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, openFault(err)
	}
	info, err := file.Stat()
	if err == nil && (info.Mode().IsRegular() || info.IsDir()) {
		err = fmt.Errorf("%w: %s is no device", ErrMissing, path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// currentRNG is the name of the generator behind /dev/hwrng.
func (r Roots) currentRNG() (string, error) {
	current, err := readLine(r.sys(hwrngFile))
	if err != nil {
		return "", openFault(err)
	}
	if current == "" || current == "none" {
		return "", fmt.Errorf("%w: the kernel knows no generator", ErrMissing)
	}
	return current, nil
}

// readLine reads what a small file in /sys says, without the end of its line.
func readLine(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 256))
	return string(bytes.TrimSpace(text)), err
}

// printable makes s a name for a Description.
func printable(s string) string {
	const longest = 48
	name := []byte(s[:min(len(s), longest)])
	for i, c := range name {
		if c < ' ' || c > '~' {
			name[i] = '?'
		}
	}
	return string(name)
}
