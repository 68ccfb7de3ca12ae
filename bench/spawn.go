package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// measureSpawn times /spawn, from the request to the first answer of the new
// server through the proxy, beside docker build, docker run and first answer
// done by hand: one at a time, then eight at once.
func measureSpawn(ctx context.Context) error {
	for _, round := range []struct{ pairs, servers int }{{5, 1}, {3, 8}} {
		var ours, theirs []float64
		for pair := range round.pairs {
			phase := time.Duration(pair) * time.Second / time.Duration(round.pairs)
			waitForPhase(phase)
			system, err := timed(func() error { return spawn(ctx, round.servers) })
			if err != nil {
				return err
			}
			if err := destroyAll(ctx); err != nil {
				return err
			}
			waitForPhase(phase)
			byHand, err := timed(func() error {
				return atOnce(round.servers, func(i int) error { return spawnByHand(ctx, handPort(pair, i)) })
			})
			if err != nil {
				return err
			}
			for i := range round.servers {
				if err := removeByHand(ctx, handPort(pair, i)); err != nil {
					return err
				}
			}
			ours, theirs = append(ours, system), append(theirs, byHand)
		}
		report(fmt.Sprintf("spawn, %d at once: request to first answer", round.servers), ours, theirs,
			"s", "/spawn, through the proxy", "docker build + run by hand", "at most 1.25")
	}
	return nil
}

// waitForPhase waits until the clock is that far into a second. On some hosts a
// commit of Docker's ends with the clock's second: what starts later in it
// would seem faster.
func waitForPhase(phase time.Duration) {
	now := time.Now()
	next := now.Truncate(time.Second).Add(phase)
	if next.Before(now) {
		next = next.Add(time.Second)
	}
	time.Sleep(time.Until(next))
}

// timed returns how many seconds work took.
func timed(work func() error) (float64, error) {
	begun := time.Now()
	err := work()
	return time.Since(begun).Seconds(), err
}

// atOnce does work n times at once.
func atOnce(n int, work func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = work(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func proxy(path string) string { return "http://127.0.0.1:" + setting("PROXY_PORT") + path }

// wish returns the URL that /spawn or /destroy names, empty for none.
func wish(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, proxy(path), nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Accept", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct{ URL, Error string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", err
	}
	if answer.Error != "" {
		return "", fmt.Errorf("%s: %s", path, answer.Error)
	}
	return answer.URL, nil
}

// spawn asks for n servers at once and returns when each has answered through
// the proxy. One client looks for all of them, to take little from the machine.
func spawn(ctx context.Context, n int) error {
	urls := make([]string, n)
	err := atOnce(n, func(i int) (err error) {
		urls[i], err = wish(ctx, "/spawn")
		return err
	})
	if err != nil {
		return err
	}
	return poll(ctx, func() bool {
		servedBy, err := get(ctx, proxy("/healthz"))
		urls = slices.DeleteFunc(urls, func(url string) bool { return err == nil && url == servedBy })
		return len(urls) == 0
	})
}

// destroyAll destroys every server but the first and waits until they are gone.
func destroyAll(ctx context.Context) error {
	for {
		url, err := wish(ctx, "/destroy")
		if err != nil {
			return err
		}
		if url == "" {
			break
		}
	}
	return poll(ctx, func() bool {
		images, err := command(ctx, "docker", "images", "--quiet", "--filter", "label=deux.image="+setting("FLEET"), "webapp_*")
		return err == nil && images == ""
	})
}

// handPort is far above those that /spawn allots.
func handPort(pair, i int) int {
	first, _ := strconv.Atoi(setting("FIRST_PORT"))
	return first + 110 + 10*pair + i
}

func handName(port int) string { return fmt.Sprintf("%s_by_hand_%d", setting("FLEET"), port) }

func spawnByHand(ctx context.Context, port int) error {
	name, text := handName(port), strconv.Itoa(port)
	if _, err := command(ctx, "docker", "build", "--quiet", "--file", "Dockerfile.webapp",
		"--build-arg", "fleet="+setting("FLEET"), "--build-arg", "port="+text, "--tag", name, "."); err != nil {
		return err
	}
	address := setting("HOST_IP") + ":" + text
	if _, err := command(ctx, "docker", "run", "--detach", "--name", name, "--network", setting("FLEET"),
		"--publish", address+":"+text, "--env", "REDIS_ADDR=redis:6379", name); err != nil {
		return err
	}
	return poll(ctx, func() bool {
		_, err := get(ctx, "http://"+address+"/healthz")
		return err == nil
	})
}

func removeByHand(ctx context.Context, port int) error {
	if _, err := command(ctx, "docker", "rm", "--force", handName(port)); err != nil {
		return err
	}
	_, err := command(ctx, "docker", "rmi", handName(port))
	return err
}
