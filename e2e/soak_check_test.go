package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// settleDown is a quiet moment: nobody acts any more, and the system must get
// to where all is as it must be, and stay there.
func (k *soak) settleDown() {
	for _, mend := range k.mends {
		mend()
	}
	k.mends = nil
	for _, c := range k.colours {
		c.wait()
	}
	begun := time.Now()
	var wrong []string
	for calm := 0; calm < 2; time.Sleep(300 * time.Millisecond) {
		if wrong = k.complaints(); len(wrong) == 0 {
			calm++
			continue
		}
		calm = 0
		if time.Since(begun) > patience {
			k.t.Fatalf("it has not settled in %v:\n%s", patience, strings.Join(wrong, "\n"))
		}
	}
	k.closeWindows()
	k.believe()
	k.quiet++
	k.remark("settled after %v, with %d servers", time.Since(begun).Round(10*time.Millisecond), len(k.wanted))
	if violations := k.judge(); len(violations) > 0 {
		k.t.Fatalf("%d requests failed that nothing excuses, such as:\n%v", len(violations), violations[:min(5, len(violations))])
	}
}

// believe takes what is for what should be, where that was not known, and
// clears what people clear.
func (k *soak) believe() {
	if k.unsure {
		k.wanted, k.unsure = make(map[string]bool), false
		for _, url := range k.redis.Elements("servers") {
			k.wanted[url] = true
		}
	}
	k.whole = maps.Clone(k.wanted)
	k.redis.Del(context.Background(), "failedServers", "images")
	k.mayFail = make(map[string]bool)
	maps.DeleteFunc(k.bare, func(url string, _ bool) bool { return !k.wanted[url] })
	for _, c := range k.colours {
		c.mu.Lock()
		c.main, c.running, c.maybe, c.unsure = k.ref(c.name, "main"), c.shown(k), nil, false
		c.mu.Unlock()
	}
}

// complaints says all that is not as it must be.
func (k *soak) complaints() (wrong []string) {
	say := func(format string, arguments ...any) { wrong = append(wrong, fmt.Sprintf(format, arguments...)) }
	if err := k.redis.Ping(context.Background()).Err(); err != nil {
		say("Redis: %v", err)
		return wrong
	}
	for _, key := range []string{"tempServers", "spawningServers", "deleteServers", "destroyingServers", "drainServers",
		"drainBlueServers", "drainGreenServers", "failedBlueServers", "failedGreenServers"} {
		if left := k.redis.Elements(key); len(left) > 0 {
			say("%s: got %q, want nothing", key, left)
		}
	}
	for _, element := range k.redis.Elements("failedServers") {
		if !k.mayFail[element] {
			say("failedServers: got %q, which nothing explains", element)
		}
	}
	servers := k.redis.Elements("servers")
	slices.Sort(servers)
	if want := slices.Sorted(maps.Keys(k.wanted)); !k.unsure && !slices.Equal(servers, want) {
		say("servers: got %q, want %q", servers, want)
	}
	if !slices.Contains(servers, k.server(0)) || len(slices.Compact(slices.Clone(servers))) != len(servers) {
		say("servers: got %q, want the first server among them and none twice", servers)
	}
	for _, url := range servers {
		if status, text := get(url + "/healthz"); status != 200 {
			say("%s answers %d %s", url, status, text)
		}
	}
	k.compareDocker(servers, say)
	for _, c := range k.colours {
		k.compareColour(c, say)
	}
	k.readStatus(say)
	return wrong
}

// compareDocker compares the lists with the containers and images that there are.
func (k *soak) compareDocker(servers []string, say func(string, ...any)) {
	want := []string{k.app("blue") + " running", k.app("green") + " running"}
	var images []string
	for _, url := range servers {
		if name := k.container(url); url != k.server(0) {
			want = append(want, name+" running")
			images = append(images, strings.TrimSuffix(name, "_app"))
		}
	}
	slices.Sort(want)
	docker := func(arguments ...string) []string {
		lines := k.lines("docker", arguments...)
		slices.Sort(lines)
		return lines
	}
	if got := docker("ps", "--all", "--format", "{{.Names}} {{.State}}", "--filter", "label=deux.fleet="+k.fleet); !slices.Equal(got, want) {
		say("containers: got %q, want %q", got, want)
	}
	spawned := regexp.MustCompile(`^webapp_\d+$`)
	got := slices.DeleteFunc(docker("images", "--format", "{{.Repository}}", "--filter", "label=deux.image="+k.fleet),
		func(name string) bool { return !spawned.MatchString(name) })
	for _, name := range images {
		url := k.at(strings.TrimPrefix(name, "webapp_"))
		if !slices.Contains(got, name) && !k.bare[url] {
			say("%s has no image", url)
		}
	}
	for _, name := range got {
		if !slices.Contains(images, name) {
			say("an image is left: %s", name)
		}
	}
}

// compareColour compares what git, the ledger, Docker and Redis say of a colour
// with what its page shows.
func (k *soak) compareColour(c *colour, say func(string, ...any)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	container := k.app(c.name)
	label := func(name string) string {
		output, _ := k.command("docker", "inspect", "--format", `{{index .Config.Labels "deux.`+name+`"}}`, container).Output()
		return strings.TrimSpace(string(output))
	}
	ref, shown, revision := k.ref(c.name, "main"), c.shown(k), label("revision")
	if shown != revision {
		say("%s shows %q, its container is of %q", c.name, shown, revision)
	}
	switch {
	case c.unsure:
	case ref == c.main && shown == c.running:
	case ref != shown || !slices.Contains(c.maybe, ref):
		say("%s: main is %q and shown is %q, want %q and %q, or twice one of %q", c.name, ref, shown, c.main, c.running, c.maybe)
	}
	if last := k.lastRelease(c); last.Revision != revision || last.Digest != label("digest") {
		say("%s: the history ends with %s %s, its container is of %s %s", c.name, last.Revision, last.Digest, revision, label("digest"))
	}
	if want := k.at(label("port")); !slices.Equal(k.redis.Elements(c.name+"Servers"), []string{want}) {
		say("%sServers: got %q, want %q", c.name, k.redis.Elements(c.name+"Servers"), want)
	}
	if _, err := os.Stat(filepath.Join(k.repo(c.name), "deux", "push.json")); err == nil {
		say("%s: a push is under way", c.name)
	}
}

// shown returns the revision that a colour's page shows.
func (c *colour) shown(k *soak) string {
	_, text := get(k.url(c.name))
	if fields := strings.Fields(text); len(fields) == 3 && fields[0] == c.name {
		return fields[1]
	}
	return text
}

// lastRelease returns the last line of a colour's history that is not about a
// failure.
func (k *soak) lastRelease(c *colour) (last struct{ Revision, Digest, Result string }) {
	content, _ := os.ReadFile(filepath.Join(k.repo(c.name), "deux", "history"))
	for line := range strings.Lines(string(content)) {
		record := last
		if json.Unmarshal([]byte(line), &record) == nil && record.Result != "FAILED" {
			last = record
		}
	}
	return last
}

// readStatus looks whether what the system says of itself is that all is well.
func (k *soak) readStatus(say func(string, ...any)) {
	text := k.status()
	for _, name := range []string{"redis", "proxy", "webapp", "blue", "green", "registry", "writer", "reader", "infrastructure"} {
		if !regexp.MustCompile(`(?m)^  ` + name + ` +(healthy|works|starting)`).MatchString(text) {
			say("status of %s, want healthy:\n%s", name, text)
			return
		}
	}
	if output, err := k.command("bin/deploy", "status").CombinedOutput(); err != nil {
		say("bin/deploy status: %v\n%s", err, output)
	}
}
