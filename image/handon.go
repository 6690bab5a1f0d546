package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ulikunitz/xz"

	"onetimechat/image/card"
)

// pack writes what xz makes of the file at path to w. It is done here, not by
// the host's xz, so that the same image gives the same .xz everywhere.
func pack(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	buffered := bufio.NewWriterSize(w, 1<<20)
	packed, err := xz.WriterConfig{DictCap: 8 << 20}.NewWriter(buffered)
	if err != nil {
		return err
	}
	if _, err := io.Copy(packed, bufio.NewReaderSize(f, 1<<20)); err != nil {
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	return buffered.Flush()
}

// writeSums writes the SHA-256 of files, as sha256sum -c reads it, and prints
// them with their sizes.
func writeSums(path string, files []string, out io.Writer) error {
	var text bytes.Buffer
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		h := sha256.New()
		size, err := io.Copy(h, f)
		f.Close()
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%x  %s\n", h.Sum(nil), filepath.Base(name))
		fmt.Fprintf(out, "wrote %s, %.1f MB\n", name, float64(size)/1e6)
	}
	return replace(path, func(f *os.File) error {
		_, err := f.Write(text.Bytes())
		return err
	})
}

// writeUpdate writes the boot files into a .zip, or into a folder, which may be
// a card's boot partition that a PC shows: files there are replaced one by one,
// and others, such as otc.conf, stay as they are.
func writeUpdate(path string, boot []card.File, out io.Writer) error {
	if strings.HasSuffix(path, ".zip") {
		err := replace(path, func(f *os.File) error { return writeZip(f, boot) })
		if err == nil {
			fmt.Fprintf(out, "wrote %s: copy what is in it over the files on the card's partition %s\n", path, card.BootLabel)
		}
		return err
	}
	for _, file := range boot {
		err := replace(filepath.Join(path, filepath.FromSlash(file.Name)), func(f *os.File) error {
			if _, err := f.Write(file.Data); err != nil {
				return err
			}
			return f.Sync() // it may be a card, to be pulled soon
		})
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "wrote %d files into %s: copy them over those on the card's partition %s\n", len(boot), path, card.BootLabel)
	return nil
}

func writeZip(w io.Writer, boot []card.File) error {
	z := zip.NewWriter(w)
	for _, f := range boot {
		// No date: zip then writes none.
		entry, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate})
		if err != nil {
			return errors.Join(err, z.Close())
		}
		if _, err := entry.Write(f.Data); err != nil {
			return errors.Join(err, z.Close())
		}
	}
	return z.Close()
}
