package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"strings"
)

// oldest is what the oldest of the boards' processors can do, as GOARM64 has it: the
// Cortex-A53 of a Pi 3 and of a Zero 2 W.
const oldest = "v8.0"

// maxProgram is the largest program, in bytes: it lives in the board's memory.
const maxProgram = 64 << 20

// readProgram reads the program that will be the board's only process, and says
// what it is. It must be a static executable for arm64: there is no loader and
// no library for another.
func readProgram(path string) (data []byte, version string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", err
	}
	if info.Size() > maxProgram {
		return nil, "", fmt.Errorf("%s has %d bytes, more than %d", path, info.Size(), maxProgram)
	}
	data, err = os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	if err := checkProgram(data); err != nil {
		return nil, "", fmt.Errorf("%s: %w; build it with GOOS=linux GOARCH=arm64 CGO_ENABLED=0", path, err)
	}
	built, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	words := []string{built.Path, built.GoVersion}
	for _, s := range built.Settings {
		switch {
		case s.Key == "vcs.revision":
			words = append(words, "commit "+s.Value)
		case s.Key == "GOARM64" && s.Value != oldest:
			return nil, "", fmt.Errorf("%s: it is for processors of %s, and a Pi 3 has an older one; build it with GOARM64=%s", path, s.Value, oldest)
		case s.Key == "vcs.modified" && s.Value == "true":
			words = append(words, "with changes")
		}
	}
	return data, strings.Join(words, ", "), nil
}

func checkProgram(data []byte) error {
	program, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("it is no program: %w", err)
	}
	if program.Machine != elf.EM_AARCH64 || program.Type != elf.ET_EXEC && program.Type != elf.ET_DYN {
		return fmt.Errorf("it is no program for arm64 but %v, %v", program.Type, program.Machine)
	}
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("it is not static")
		}
	}
	return nil
}
