package fleet

import (
	"strconv"
	"strings"
)

// Memory is what Redis uses, and may.
type Memory struct {
	Used int64 // bytes, of those that count
	Most int64 // bytes; 0 without a limit
}

// IsFull reports whether Redis refuses to store anything more.
func (m Memory) IsFull() bool { return m.Most > 0 && m.Used > m.Most }

// memoryOf reads the section Memory of Redis's INFO. The buffers of the
// append-only file and of backups do not count (Redis, "INFO",
// mem_not_counted_for_evict).
func memoryOf(info string) (m Memory) {
	for line := range strings.Lines(info) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), ":")
		value, _ := strconv.ParseInt(text, 10, 64)
		switch name {
		case "used_memory":
			m.Used += value
		case "mem_not_counted_for_evict":
			m.Used -= value
		case "maxmemory":
			m.Most = value
		}
	}
	return m
}
