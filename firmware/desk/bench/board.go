package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"onetimechat/image/card"
)

// imageSizes are those of an image as build.sh makes it now: of the files in it,
// and packed.
func imageSizes(dir string) ([]figure, error) {
	built := filepath.Join(dir, "otc-pad.img")
	if out, err := exec.Command("./build.sh", "image", "--out", built).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	used, err := usedOf(built)
	if err != nil {
		return nil, err
	}
	packed, err := os.Stat(built + ".xz")
	if err != nil {
		return nil, err
	}
	size := float64(packed.Size()) / 1e6
	return []figure{
		figure{Name: "image-used", Value: used, Unit: "MB"}.against(120).goal("≤ the limit", used <= 120),
		figure{Name: "image-xz", Value: size, Unit: "MB"}.against(60).goal("≤ the limit", size <= 60),
	}, nil
}

// usedOf is how much the files in an image have, in MB.
func usedOf(built string) (used float64, err error) {
	c, err := card.Open(built)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	names, err := c.Files()
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		data, err := c.ReadFile(name)
		if err != nil {
			return 0, err
		}
		used += float64(len(data)) / 1e6
	}
	return used, nil
}

// onBoard has the tests on emulated boards measure what only a board shows.
func onBoard() ([]figure, error) {
	return measuredBy("^(TestFigures|TestTheGadgetIsALaptopsNetworkAdapter)$", "./image/emulator")
}

// measuredBy are the figures that tests log.
func measuredBy(tests, pkg string) ([]figure, error) {
	cmd := exec.Command("go", "test", "-count=1", "-v", "-run", tests, pkg)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	var list []figure
	for line := range bytes.Lines(out) {
		_, text, ok := strings.Cut(string(line), ": figure ")
		if !ok {
			continue
		}
		var f figure
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			return nil, err
		}
		list = append(list, f.against(f.Limit))
	}
	return list, nil
}
