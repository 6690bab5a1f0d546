package boot

import (
	"cmp"
	"path/filepath"
)

// Roots are the folder that we were started in, those where the kernel shows itself,
// and those where the card and sticks are mounted; "" is where they are on the board.
type Roots struct {
	Root, Proc, Sys, Dev, Modules, Boot, Data, Stick string
}

func (r Roots) root(path ...string) string   { return under(r.Root, "/", path) }
func (r Roots) proc(path ...string) string   { return under(r.Proc, "/proc", path) }
func (r Roots) sys(path ...string) string    { return under(r.Sys, "/sys", path) }
func (r Roots) dev(path ...string) string    { return under(r.Dev, "/dev", path) }
func (r Roots) module(path ...string) string { return under(r.Modules, "/modules", path) }
func (r Roots) boot(path ...string) string   { return under(r.Boot, "/boot", path) }
func (r Roots) data(path ...string) string   { return under(r.Data, "/data", path) }
func (r Roots) stick(path ...string) string  { return under(r.Stick, "/stick", path) }

func under(root, usual string, path []string) string {
	return filepath.Join(append([]string{cmp.Or(root, usual)}, path...)...)
}
