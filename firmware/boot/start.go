//go:build linux

package boot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"onetimechat/firmware/boot/conf"
)

// system is the kernel, as the start needs it.
type system interface {
	mounter
	loadModule(path, options string) error
	openDisk(path string) (*os.File, error)
	resizePartition(disk *os.File, data entry) error
	resizeFS(path string, blocks uint64) error
}

// start makes a bare board a machine that the device can run on. m says how
// far it got: the fault screen needs what is known. Each step needs those
// before it, so the first that fails is the last.
func (m *Machine) start(k system) error {
	m.Conf, m.LED = conf.Default(), NoStart
	r := m.Roots
	if err := mountKernel(r, k); err != nil {
		return err
	}
	if err := errors.Join(quietConsole(r), apply(r, settings()...), noDumps()); err != nil {
		return err
	}
	// All modules that ever will be needed are in before anything is read
	// that somebody else may have written.
	if err := errors.Join(loadModules(r, k.loadModule), apply(r, modulesDisabled())); err != nil {
		return err
	}
	if err := errors.Join(mountConfigfs(r, k), sealRoot(k)); err != nil {
		return err
	}
	var err error
	if m.Model, m.Serial, err = readBoard(r); err != nil {
		return err
	}
	m.LED = NoCard
	c, err := waitCard(r, cardTime)
	if err != nil {
		return err
	}
	m.CID, m.LED = c.cid, BadBoot
	if err := m.readConf(k, c); err != nil {
		return err
	}
	return m.openData(k, c)
}

// cardTime is how long the kernel may take to find the card. It needs 0.3 s.
const cardTime = 10 * time.Second

// waitCard waits until the kernel has found the card.
func waitCard(r Roots, patience time.Duration) (card, error) {
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		c, err := findCard(r)
		if err == nil || time.Now().After(end) {
			return c, err
		}
	}
}

// readConf reads what the boot partition says about this device.
func (m *Machine) readConf(k mounter, c card) error {
	files, err := readBoot(m.Roots, k, c)
	if errors.Is(err, ErrConfig) {
		m.LED = BadConfig
	}
	if err != nil {
		m.Conf = conf.Salvage(files.config)
		return err
	}
	parsed, err := conf.Parse(files.config)
	if err != nil {
		// The line that names the screen may be among those that are wrong.
		m.Conf, m.LED = conf.Salvage(files.config), BadConfig
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	m.Conf, m.Manifest, m.Net, m.LED = parsed, files.manifest, parsed.Net, 0
	if m.Net == 0 {
		m.Net = netOf(m.Serial)
	}
	return nil
}

// openData grows and mounts the data partition, and holds the card against
// what is remembered there.
func (m *Machine) openData(k system, c card) error {
	r := m.Roots
	if err := growCard(r, k, c); err != nil {
		return err
	}
	part, err := os.Open(r.dev(c.dataPart()))
	if err != nil {
		return err
	}
	defer part.Close()
	if err := replay(r, k, c, part); err != nil {
		return err
	}
	if err := mountData(r, k, c, 0); err != nil {
		return err
	}
	size, err := partSize(r, c)
	if err != nil {
		return err
	}
	err = growFS(part, size*sectorSize, func(blocks uint64) error { return k.resizeFS(r.data(), blocks) })
	if err != nil {
		return err
	}
	m.Store = r.data(storeName)
	return checkCID(r.data(), c.cid)
}

// replay has the kernel bring a file system up to its journal, if the power was
// cut. It is a mount of its own: Linux has counted the groups of blocks before
// it replays the journal, and would not know of those that it finds there when
// the cut came while the file system grew.
func replay(r Roots, m mounter, c card, part io.ReaderAt) error {
	s, err := readSuper(part)
	if err != nil {
		return err
	}
	if s.unclean {
		if err := mountData(r, m, c, unix.MS_RDONLY); err != nil {
			return err
		}
		if err := m.unmount(r.data()); err != nil {
			return err
		}
		if s, err = readSuper(part); err != nil {
			return err
		}
	}
	if s.errors {
		return fmt.Errorf("%w: its file system has found errors in itself", ErrData)
	}
	return nil
}

func growCard(r Roots, k system, c card) (err error) {
	size, err := partSize(r, c)
	if err != nil {
		return err
	}
	disk, err := k.openDisk(r.dev(c.name))
	if err != nil {
		return protected(err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	return growPartition(disk, c.size, size, func(data entry) error { return k.resizePartition(disk, data) })
}

// partSize is the size of the data partition as the kernel has it, in sectors.
func partSize(r Roots, c card) (int64, error) {
	return readNumber(r.sys("block", c.name, c.dataPart(), "size"))
}
