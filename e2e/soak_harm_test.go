package e2e

import (
	"context"
	"os"
	"strings"
	"time"
)

// attempt runs a command that may fail, because what it is about may have ended
// at this moment, and returns "" or how it failed.
func (k *soak) attempt(name string, arguments ...string) string {
	output, err := k.command(name, arguments...).CombinedOutput()
	if err != nil {
		return " (" + err.Error() + ": " + strings.TrimSpace(string(output)) + ")"
	}
	return ""
}

// signal sends all processes of a container a signal from outside, so that for
// Docker they act by themselves.
func (k *soak) signal(name, container string) string {
	return k.attempt("sh", "-c", "docker top "+container+" -eo pid | tail -n +2 | xargs kill -"+name)
}

// killMain kills the main process of a container: Docker starts it again.
func (k *soak) killMain(container string) string {
	return k.attempt("sh", "-c", "kill -9 $(docker inspect --format '{{.State.Pid}}' "+container+")")
}

func (k *soak) killInfrastructure() string {
	pid, err := os.ReadFile(k.env["LOCK_FILE"])
	if err != nil {
		return ""
	}
	return "process " + strings.TrimSpace(string(pid)) + k.attempt("kill", "-9", strings.TrimSpace(string(pid)))
}

// killService kills a program that no request to a proxy needs.
func (k *soak) killService() string {
	name := []string{"writer", "reader", "registry", "socat"}[k.random.IntN(4)]
	if name == "socat" {
		return name + k.attempt("sh", "-c", "docker top "+k.service("writer")+" -eo pid,comm | awk '$2 == \"socat\" {print $1}' | xargs -r kill -9")
	}
	if name == "registry" {
		w := k.excuse("kill the registry", func(r request) bool { return r.kind == "push" })
		k.traffic.wait.Go(func() { k.closeWhen(w, func() bool { return answers(k.registry()) }) })
	}
	return name + k.killMain(k.service(name))
}

// pools are the three proxies, with the list of each.
var pools = []struct{ name, service, list string }{
	{"web", "proxy", "servers"}, {"blue", "blue", "blueServers"}, {"green", "green", "greenServers"},
}

func (k *soak) killProxy() string {
	return k.endProxy("kill a proxy", k.killMain)
}

func (k *soak) restartProxy() string {
	return k.endProxy("restart a proxy", func(container string) string { return k.attempt("docker", "restart", container) })
}

// endProxy ends one, unless the one that starts would find no server: all that a
// proxy knows is its list.
func (k *soak) endProxy(action string, end func(container string) string) string {
	pool := pools[k.random.IntN(len(pools))]
	if k.redis.LLen(context.Background(), pool.list).Val() == 0 {
		return ""
	}
	container := k.service(pool.service)
	w := k.excuse(action, ofPool(pool.name))
	problem := end(container)
	k.closeWhen(w, func() bool { return answers(k.through(pool.name)) })
	if pool.name == "web" {
		k.forgetHangs()
	}
	return pool.service + problem
}

// through is a page that a proxy answers, or has answered.
func (k *soak) through(pool string) string {
	if pool == "web" {
		return k.proxy("/healthz")
	}
	return k.url(pool)
}

func answers(url string) bool {
	status, _ := get(url)
	return status != 0
}

// steady is how long in a row harm must seem to be over. A process that was sent
// SIGKILL may still answer once.
const steady = 2 * time.Second

// closeWhen ends an excuse once the harm is over.
func (k *soak) closeWhen(w *window, over func() bool) {
	since := time.Now()
	for end := since.Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if !over() {
			since = time.Now()
		} else if time.Since(since) > steady {
			k.close(w, time.Now())
			return
		}
	}
}

func (k *soak) killRedis() string { return k.endRedis("kill Redis", k.killMain) }

func (k *soak) restartRedis() string {
	return k.endRedis("restart Redis", func(container string) string { return k.attempt("docker", "restart", container) })
}

// redialled is how long after Redis answers a program may need to notice.
const redialled = 5 * time.Second

func (k *soak) endRedis(action string, end func(container string) string) string {
	w := k.excuse(action, ofRedis)
	problem := end(k.service("redis"))
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		if k.redis.Ping(context.Background()).Err() == nil {
			break
		}
	}
	k.close(w, time.Now().Add(redialled))
	return "back" + problem
}

// mayRestartDocker reports whether Docker is this run's to restart: by systemd,
// and only where somebody said so, because all of the machine's containers end.
func mayRestartDocker() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil && os.Getenv("SOAK_DOCKER") == "yes"
}

func (k *soak) restartDocker() string {
	if !mayRestartDocker() {
		return ""
	}
	k.excuse("restart Docker", anything)
	return "done" + k.attempt("systemctl", "restart", "docker")
}
