package main

// configText is config.txt, what the board's own firmware does before Linux.
//
// upstream_kernel has it look for device trees under the names that Linux
// gives them. hdmi_force_hotplug sets a screen up although none is plugged in
// yet. core_freq_fixed keeps the clock of which SPI's is made: Linux reads it once,
// and a panel would be driven too fast when the firmware raises it.
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
core_freq_fixed=1
dtoverlay=` + overlayPins + `
`

// cmdlineText is cmdline.txt, Linux's command line: one line. No console: the
// screen is the device's, and nobody logs in. A fault of Linux itself restarts
// the board. What Linux would set up for nobody here is left out, which an emulated
// board takes two seconds for: trials of its ciphers and of a generator of random
// numbers for them, certificates for modules (see package kernel, unsigned), virtual
// machines, the file system for debugging.
const cmdlineText = "quiet loglevel=3 vt.global_cursor_default=0 consoleblank=0 " +
	"panic=10 oops=panic " +
	"cryptomgr.notests=1 initcall_blacklist=jent_mod_init,crypto_kdf108_init,load_system_certificate_list " +
	"kvm-arm.mode=none debugfs=off\n"
