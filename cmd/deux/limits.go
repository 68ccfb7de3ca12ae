package main

import "deux/internal/settings"

// leastMemory is what the settings of memory may be at least: below it Docker
// refuses the container, or the program in it does not start.
var leastMemory = []struct {
	name  string
	usual string
	least int64
}{
	{"REDIS_MEMORY", "256m", 32 << 20},
	{"PROXY_MEMORY", "256m", 32 << 20},
	{"SERVER_MEMORY", "96m", 32 << 20},
	{"STREAM_MEMORY", "96m", 32 << 20},
	{"REGISTRY_MEMORY", "256m", 64 << 20},
}

// checkLimits reads the settings that only Docker reads besides. env remembers
// what it finds bad.
func checkLimits(env *settings.Reader) {
	for _, setting := range leastMemory {
		env.Size(setting.name, setting.usual, setting.least)
	}
	env.Size("LOG_SIZE", "10m", 1<<20)
	env.Int("LOG_FILES", 3, 1, 1000)
}
