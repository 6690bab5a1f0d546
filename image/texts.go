package main

// configText is config.txt, what the board's own firmware does before Linux.
//
// upstream_kernel has it look for device trees under the names that Linux
// gives them. hdmi_force_hotplug sets a screen up although none is plugged in
// yet. The USB overlay is for the boards whose port is not a hub's: 4B, Zero 2 W
// and 3A+ (board type 0x0e); on a 3B or 3B+ it would gain nothing and could cost
// the Ethernet port behind the hub.
const configText = `# One Time Chat: what the board starts, and how. The settings of the pad
# device are in otc.conf; there is nothing to change here.
arm_64bit=1
upstream_kernel=1
kernel=vmlinuz
initramfs initramfs followkernel
disable_splash=1
disable_overscan=1
hdmi_force_hotplug=1
boot_delay=0
dtoverlay=` + overlayPins + `

[pi4]
dtoverlay=` + overlayUSB + `
[all]
[pi02]
dtoverlay=` + overlayUSB + `
[all]
[board-type=0x0e]
dtoverlay=` + overlayUSB + `
[all]
`

// cmdlineText is cmdline.txt, Linux's command line: one line. No console: the
// screen is the device's, and nobody logs in. A fault of Linux itself restarts
// the board.
const cmdlineText = "quiet loglevel=3 vt.global_cursor_default=0 consoleblank=0 " +
	"panic=10 oops=panic\n"
