package boot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// bootLabel is how the image's FAT partition is labelled.
const bootLabel = "OTC-BOOT"

// card is the card that the device was started from.
type card struct {
	name string // mmcblk0
	cid  string // 32 hexadecimal digits: who made it, and its serial number; see cidBody
	size int64  // bytes
}

func (c card) bootPart() string { return c.name + "p1" }
func (c card) dataPart() string { return c.name + "p2" }

// findCard looks for the one card that is divided and labelled as the image
// is. ErrNoCard says what was seen instead.
func findCard(r Roots) (card, error) {
	disks, err := filepath.Glob(r.sys("block/mmcblk*"))
	if err != nil {
		return card{}, err
	}
	var found []card
	seen := []error{ErrNoCard}
	for _, path := range disks {
		c, err := readCard(r, filepath.Base(path))
		if err != nil {
			seen = append(seen, fmt.Errorf("%s: %w", filepath.Base(path), err))
			continue
		}
		found = append(found, c)
	}
	switch len(found) {
	case 0:
		return card{}, errors.Join(seen...)
	case 1:
		return found[0], nil
	}
	return card{}, fmt.Errorf("%w for sure: there are %d of the same kind", ErrNoCard, len(found))
}

// cidDigits is what the kernel shows of a card's CID register (SD Physical
// Layer Simplified Specification, 5.2).
var cidDigits = regexp.MustCompile(`^[0-9a-f]{32}$`)

// cidBody is what tells cards apart of a CID: all but its last byte, a checksum of
// the rest, which not every board's controller hands on. A Pi 4's takes it off and
// leaves zeros (Linux, drivers/mmc/host/sdhci.c, sdhci_read_rsp_136), a Pi 3's gives
// what the card said (bcm2835.c, bcm2835_finish_command).
func cidBody(cid string) string { return cid[:30] }

func readCard(r Roots, name string) (card, error) {
	c := card{name: name}
	var err error
	if c.cid, err = readLine(r.sys("block", name, "device/cid")); err != nil {
		return c, err
	}
	if !cidDigits.MatchString(c.cid) {
		return c, fmt.Errorf("its CID is %q", c.cid)
	}
	sectors, err := readNumber(r.sys("block", name, "size"))
	if err != nil {
		return c, err
	}
	c.size = sectors * sectorSize
	for _, part := range []string{c.bootPart(), c.dataPart()} {
		if _, err := os.Stat(r.sys("block", name, part)); err != nil {
			return c, err
		}
	}
	return c, checkLabel(r.dev(name))
}

// checkLabel tells whether a disk begins as the image does. The label is in a
// FAT32 partition's first sector, padded with spaces (Microsoft, FAT32 File
// System Specification, BS_VolLab).
func checkLabel(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	mbr, err := readMBR(file)
	if err != nil {
		return err
	}
	l, err := readLayout(mbr)
	if err != nil {
		return err
	}
	sector := make([]byte, sectorSize)
	if _, err := file.ReadAt(sector, int64(l.boot.start)*sectorSize); err != nil {
		return err
	}
	const at, length = 71, 11
	if label := strings.TrimRight(string(sector[at:at+length]), " \x00"); label != bootLabel {
		return fmt.Errorf("its first partition is called %q, not %s", label, bootLabel)
	}
	return nil
}

// Names at the top of the data partition.
const (
	cidName   = "cid"  // the CID of the card that the pads were made on
	storeName = "card" // the store's folder
	newSuffix = ".new" // of what is not written wholly yet
	fsckName  = "lost+found"
)

// checkCID holds the card against the one that the data partition remembers,
// and has an empty partition remember it. After that the store's folder is
// there.
func checkCID(data, cid string) error {
	folder, err := os.OpenRoot(data)
	if err != nil {
		return err
	}
	defer folder.Close()
	remembered, err := readSmall(folder, cidName)
	switch {
	case err == nil:
		err = sameCard(remembered, cid)
	case errors.Is(err, fs.ErrNotExist):
		err = firstStart(folder, cid)
	}
	if err != nil {
		return err
	}
	if err := folder.Mkdir(storeName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(folder)
}

// sameCard judges what was remembered. It was written whole or not at all, so
// that whatever else it may be is not a first start.
func sameCard(remembered []byte, cid string) error {
	was := string(bytes.TrimSpace(remembered))
	switch {
	case !cidDigits.MatchString(was):
		return fmt.Errorf("%w (the note is there, and says %.40q)", ErrNoCID, was)
	case cidBody(was) == cidBody(cid):
		return nil
	}
	return fmt.Errorf("%w. (This card: %s. The pads' card: %s.)", ErrOtherCard, cid, was)
}

// firstStart has a partition on which nothing is yet remember its card.
func firstStart(folder *os.Root, cid string) error {
	used, err := inUse(folder)
	if err != nil {
		return err
	}
	if used {
		return ErrNoCID
	}
	return writeSmall(folder, cidName, cid+"\n")
}

// inUse tells whether there is anything on the data partition besides what a
// first start leaves there before its note of the card is written.
func inUse(folder *os.Root) (bool, error) {
	top, err := fs.ReadDir(folder.FS(), ".")
	if err != nil {
		return false, err
	}
	for _, e := range top {
		switch name := e.Name(); {
		case name == fsckName && e.IsDir(), name == cidName+newSuffix && e.Type().IsRegular():
		case name == storeName && e.IsDir():
			inside, err := fs.ReadDir(folder.FS(), name)
			if err != nil || len(inside) > 0 {
				return true, err
			}
		default:
			return true, nil
		}
	}
	return false, nil
}

// writeSmall makes a file that is there whole or not at all, and durable.
func writeSmall(folder *os.Root, name, text string) (err error) {
	file, err := folder.OpenFile(name+newSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := folder.Rename(name+newSuffix, name); err != nil {
		return err
	}
	return syncFolder(folder)
}

func syncFolder(folder *os.Root) error {
	dir, err := folder.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// smallFile is the most that is read of anything but pads, in bytes.
const smallFile = 1 << 20

func readSmall(folder *os.Root, name string) ([]byte, error) {
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, smallFile+1))
	if err == nil && len(text) > smallFile {
		err = fmt.Errorf("%s is too long", name)
	}
	return text, err
}

// readLine reads what a small file of the kernel's says.
func readLine(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 4096))
	return strings.Trim(string(text), " \n\x00"), err
}

func readNumber(path string) (int64, error) {
	line, err := readLine(path)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s says %.40q", path, line)
	}
	return n, nil
}
