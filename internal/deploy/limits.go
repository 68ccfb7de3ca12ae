package deploy

import (
	"fmt"
	"slices"
	"strings"

	"deux/internal/engine"
	"deux/internal/settings"
)

// AppLimits are the settings that bound a colour's app. Each is APP_… for both
// colours, and BLUE_APP_… or GREEN_APP_… for one.
type AppLimits struct {
	Memory       int64  // APP_MEMORY: bytes
	CPUShares    int    // APP_CPU_SHARES: weight among the busy containers
	Pids         int    // APP_PIDS: processes and threads
	LogSize      int64  // APP_LOG_SIZE: bytes of its log that Docker keeps
	Capabilities string // APP_CAPABILITIES: names separated by commas, added to defaultCapabilities
}

// Bounds and defaults of AppLimits. Docker accepts no less memory (Docker Engine
// API, "Memory").
const (
	leastAppMemory   = 6 << 20
	leastAppLog      = 1 << 20
	defaultAppMemory = "256m"
	defaultAppLog    = "10m"
)

// readAppLimits reads the limits of both colours' apps. A bad value of APP_… is
// reported once: the colours do not read it again.
func readAppLimits(env *settings.Reader) (blue, green AppLimits) {
	both := readAppLimitsOf(env, "APP_", AppLimits{CPUShares: 512, Pids: 256})
	return readAppLimitsOf(env, "BLUE_APP_", both), readAppLimitsOf(env, "GREEN_APP_", both)
}

func readAppLimitsOf(env *settings.Reader, prefix string, fallback AppLimits) AppLimits {
	memory, log := defaultAppMemory, defaultAppLog
	if fallback.Memory > 0 {
		memory, log = settings.FormatSize(fallback.Memory), settings.FormatSize(fallback.LogSize)
	}
	return AppLimits{
		Memory:       env.Size(prefix+"MEMORY", memory, leastAppMemory),
		CPUShares:    env.Int(prefix+"CPU_SHARES", fallback.CPUShares, 2, 262144),
		Pids:         env.Int(prefix+"PIDS", fallback.Pids, 16, 1<<22),
		LogSize:      env.Size(prefix+"LOG_SIZE", log, leastAppLog),
		Capabilities: env.Words(prefix+"CAPABILITIES", fallback.Capabilities, capabilityWords()),
	}
}

// variables returns the limits as NAME=value, for the file that hooks read.
func (l AppLimits) variables(colour string) []string {
	prefix := strings.ToUpper(colour) + "_APP_"
	return []string{
		prefix + "MEMORY=" + settings.FormatSize(l.Memory),
		fmt.Sprintf("%sCPU_SHARES=%d", prefix, l.CPUShares),
		fmt.Sprintf("%sPIDS=%d", prefix, l.Pids),
		prefix + "LOG_SIZE=" + settings.FormatSize(l.LogSize),
		prefix + "CAPABILITIES=" + l.Capabilities,
	}
}

// appOOMScore has the kernel kill a process of an app before one of the
// system's, which have 0 or less (proc(5), oom_score_adj).
const appOOMScore = 500

// engineLimits returns the limits of the colour's containers.
func (c colour) engineLimits() engine.Limits {
	return engine.Limits{
		Memory:       c.limits.Memory,
		CPUShares:    int64(c.limits.CPUShares),
		Pids:         int64(c.limits.Pids),
		LogSize:      c.limits.LogSize,
		OOMScore:     appOOMScore,
		Capabilities: capabilities(c.limits.Capabilities),
	}
}

// memoryName returns the setting to raise for an app that needs more memory,
// with its value.
func (c colour) memoryName() string {
	return strings.ToUpper(c.name) + "_APP_MEMORY=" + settings.FormatSize(c.limits.Memory)
}

// noCapabilities, as the first word, takes the defaults away.
const noCapabilities = "none"

// defaultCapabilities are what an entry point needs to prepare its files, take a
// port below 1024 and continue as another user. They are Docker's defaults
// without those for raw packets, devices, other roots, audit records and
// capabilities themselves.
var defaultCapabilities = []string{
	"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID",
}

// moreCapabilities are the others that a setting may add (capabilities(7)).
var moreCapabilities = []string{
	"AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "DAC_READ_SEARCH",
	"IPC_LOCK", "IPC_OWNER", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN",
	"NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP", "SETPCAP", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT",
	"SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG",
	"WAKE_ALARM",
}

// capabilityWords are the words of APP_CAPABILITIES.
func capabilityWords() []string {
	return slices.Concat([]string{noCapabilities}, defaultCapabilities, moreCapabilities)
}

// capabilities returns what remains and what is added by the setting, sorted.
func capabilities(setting string) []string {
	words := strings.FieldsFunc(setting, func(r rune) bool { return r == ',' })
	if !slices.Contains(words, noCapabilities) {
		words = append(words, defaultCapabilities...)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	return slices.DeleteFunc(words, func(word string) bool { return word == noCapabilities })
}
