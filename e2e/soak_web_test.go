package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// action is something that is done to the system. do says what it did, or ""
// if that cannot be done now.
type action struct {
	name   string
	weight int
	do     func(*soak) string
}

var actions []action

func init() {
	actions = []action{
		{"spawn", 6, (*soak).wishSpawn}, {"destroy", 5, (*soak).wishDestroy},
		{"kill a server", 4, (*soak).killServer}, {"hang a server", 3, (*soak).hangServer},
		{"remove a server's container", 2, (*soak).removeServer}, {"remove a server's image", 2, (*soak).removeImage},
		{"take a port", 1, (*soak).takePort}, {"garbage", 2, (*soak).garbage}, {"FLUSHALL", 2, (*soak).flush},
		{"push", 5, (*soak).pushSome}, {"refused push", 1, (*soak).pushBroken}, {"killed push", 2, (*soak).killPush},
		{"rollback", 2, (*soak).rollBack}, {"forward", 1, (*soak).forward},
		{"kill an app", 2, (*soak).killApp}, {"hang an app", 1, (*soak).hangApp},
		{"remove an app's container", 1, (*soak).removeApp}, {"remove an app's image", 1, (*soak).removeAppImage},
		{"kill infrastructure", 2, (*soak).killInfrastructure}, {"kill a service", 3, (*soak).killService},
		{"kill a proxy", 2, (*soak).killProxy}, {"restart a proxy", 2, (*soak).restartProxy},
		{"kill Redis", 1, (*soak).killRedis}, {"restart Redis", 1, (*soak).restartRedis},
		{"restart Docker", 1, (*soak).restartDocker},
	}
}

// mostWanted keeps the run within what a small machine can do.
const mostWanted = 6

func (k *soak) wishSpawn() string {
	if len(k.wanted) >= mostWanted {
		return ""
	}
	url, problem := k.ask("/spawn")
	if url != "" {
		k.wanted[url] = true
	}
	return url + problem
}

func (k *soak) wishDestroy() string {
	if len(k.wanted) < 4 || len(k.whole) < 2 { // at random it may be a whole one
		return ""
	}
	url, problem := k.ask("/destroy")
	if url != "" {
		delete(k.wanted, url)
		delete(k.whole, url)
	}
	return url + problem
}

// ask sends a wish. One that fails counts as a request of the load, and may have
// been heard all the same.
func (k *soak) ask(path string) (url, problem string) {
	r := request{kind: "wish", pool: "web", once: true, needsRedis: true, from: time.Now()}
	var answer struct {
		URL string `json:"url"`
	}
	body := k.traffic.ask(&r, http.MethodPost, k.proxy(path), 200, 202, 404, 409, 429)
	if r.err == nil {
		r.err = json.Unmarshal([]byte(body), &answer)
	}
	r.to = time.Now()
	k.traffic.count(r)
	if r.err != nil {
		k.unsure = true
	}
	if answer.URL == "" {
		return "", fmt.Sprintf("%d %.80s %v", r.status, body, r.err)
	}
	return answer.URL, ""
}

// victim chooses a server to be harmed, as long as another is left whole. After
// the lists were lost, the first server is the only one in rotation until
// infrastructure has listed the others again, so it is left whole.
func (k *soak) victim(first bool) string {
	if len(k.whole) < 2 {
		return ""
	}
	urls := slices.Sorted(maps.Keys(k.whole))
	url := urls[k.random.IntN(len(urls))]
	if url == k.server(0) && (!first || k.unsure) {
		return ""
	}
	delete(k.whole, url)
	return url
}

func (k *soak) killServer() string {
	url := k.victim(true)
	if url == "" {
		return ""
	}
	k.excuse("kill a server", ofServer(url))
	return url + k.killMain(k.container(url))
}

func (k *soak) removeServer() string {
	url := k.victim(false)
	if url == "" {
		return ""
	}
	k.excuse("remove a server's container", ofServer(url))
	return url + k.attempt("docker", "rm", "--force", k.container(url))
}

// hangServer has a server answer nothing, in one of two ways.
func (k *soak) hangServer() string {
	url := k.victim(true)
	if url == "" {
		return ""
	}
	container, how := k.container(url), k.random.IntN(2)
	w := k.excuse("hang a server", ofServer(url))
	w.hung, w.since = url, w.from
	what := "paused"
	if how == 0 {
		what += k.attempt("docker", "pause", container)
	} else {
		what = "stopped" + k.signal("STOP", container)
	}
	if url == k.server(0) { // which nobody starts again
		k.mends = append(k.mends, func() {
			k.attempt("docker", "unpause", container)
			k.signal("CONT", container)
		})
	}
	k.traffic.wait.Go(func() { k.timeUntilUnlisted(url, w.from) })
	return url + " " + what
}

// timeUntilUnlisted notes how long a server that hangs stands in the list.
func (k *soak) timeUntilUnlisted(url string, from time.Time) {
	for end := from.Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		listed, err := k.redis.LRange(context.Background(), "servers", 0, -1).Result()
		if err == nil && !slices.Contains(listed, url) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.listed = append(k.listed, time.Since(from))
			return
		}
	}
}

func (k *soak) removeImage() string {
	var spawned []string
	for _, url := range slices.Sorted(maps.Keys(k.wanted)) {
		if url != k.server(0) {
			spawned = append(spawned, url)
		}
	}
	if len(spawned) == 0 {
		return ""
	}
	url := spawned[k.random.IntN(len(spawned))]
	k.bare[url] = true
	return url + k.attempt("docker", "rmi", "--force", strings.TrimSuffix(k.container(url), "_app"))
}

// takePort has something else listen where the next server would.
func (k *soak) takePort() string {
	next := k.port(0)
	for _, key := range []string{"tempServers", "servers", "spawningServers", "destroyingServers", "deleteServers", "drainServers", "failedServers"} {
		for _, url := range k.redis.Elements(key) {
			if port := 0; strings.HasPrefix(url, k.at("")) {
				fmt.Sscan(portOf(url), &port)
				next = max(next, min(port, k.port(90)))
			}
		}
	}
	next++
	listener, err := net.Listen("tcp", fmt.Sprintf("%s:%d", k.env["HOST_IP"], next))
	if err != nil {
		return ""
	}
	k.mends = append(k.mends, func() { listener.Close() })
	go func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			conn.Close()
		}
	}()
	url, problem := k.ask("/spawn")
	if url == k.at(next) {
		k.mayFail[url] = true
		k.mends = append([]func(){func() { k.waitUntilFailed(url) }}, k.mends...)
	} else if url != "" {
		k.wanted[url] = true
	}
	return fmt.Sprintf("%d, then spawn: %s", next, url+problem)
}

// waitUntilFailed keeps the port taken until the spawn has been given up, or the
// lists were lost.
func (k *soak) waitUntilFailed(url string) {
	k.eventually(url+" fails, because its port is taken", func() bool {
		return k.unsure || slices.Contains(k.redis.Elements("failedServers"), url)
	})
}

func (k *soak) garbage() string {
	elements := []string{k.server(1) + ";reboot", "http://elsewhere:3001", "", k.at(99999), "\x00\xff", `{"url":1}`}
	keys := []string{"tempServers", "deleteServers", "servers", "spawningServers", "destroyingServers"}
	element, key := elements[k.random.IntN(len(elements))], keys[k.random.IntN(len(keys))]
	k.mayFail[element] = true
	if err := k.redis.LPush(context.Background(), key, element).Err(); err != nil {
		return fmt.Sprintf("%q in %s: %v", element, key, err)
	}
	return fmt.Sprintf("%q in %s", element, key)
}

func (k *soak) flush() string {
	k.unsure = true
	if err := k.redis.FlushAll(context.Background()).Err(); err != nil && !errors.Is(err, io.EOF) {
		return err.Error()
	}
	return "done"
}
