package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	_ "github.com/gokrazy/firmware" // the boards' boot code; go.mod and go.sum say which
)

const firmwareModule = "github.com/gokrazy/firmware"

// bootCode is what the boards need of it: a Pi 3 its boot code and start.elf, a
// Pi 4 start4.elf; and the licence under which they are handed on. The name in
// the image comes last.
var bootCode = [...][2]string{
	{"bootcode.bin", "bootcode.bin"},
	{"start.elf", "start.elf"},
	{"fixup.dat", "fixup.dat"},
	{"start4.elf", "start4.elf"},
	{"fixup4.dat", "fixup4.dat"},
	{"LICENSE.broadcom", "licence.broadcom"},
}

// goModule is what the go command says of a module that it has fetched and
// checked against go.sum.
type goModule struct{ Version, Dir, Sum string }

// fetchFirmware has the go command fetch the module of the boot code, unless it
// has it already.
func fetchFirmware(ctx context.Context) (goModule, error) {
	var m goModule
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", firmwareModule)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return m, fmt.Errorf("fetching %s: %w (the image is made inside the source tree)", firmwareModule, err)
	}
	return m, json.Unmarshal(out, &m)
}

// readBootCode reads the boot code out of the module's folder.
func readBootCode(m goModule) ([]file, error) {
	var files []file
	for _, f := range bootCode {
		data, err := os.ReadFile(filepath.Join(m.Dir, f[0]))
		if err != nil {
			return nil, err
		}
		files = append(files, file{f[1], data, m.Version + " of " + firmwareModule})
	}
	return files, nil
}
