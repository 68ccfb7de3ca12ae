package e2e

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"
)

// colour is what should run in one, and who pushes there.
type colour struct {
	name string
	w    *work

	mu      sync.Mutex // for all below
	main    string     // what the ref should be
	running string     // the revision that should run
	maybe   []string   // those that pushes whose ends nobody knows brought, or not
	unsure  bool       // nobody knows whether a rollback was made
	known   map[string]bool
	n       int
	busy    chan struct{} // closed when what is under way has ended; nil before the first
}

// knows reports whether the revision was ever pushed, if only in part.
func (c *colour) knows(revision string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[revision]
}

func (c *colour) wait() {
	if c.busy != nil {
		<-c.busy
	}
}

func (c *colour) isBusy() bool {
	select {
	case <-c.busy:
		return false
	default:
		return c.busy != nil
	}
}

// idle returns a colour to which nothing is on its way, or nil.
func (k *soak) idle() *colour {
	c := k.colours[k.random.IntN(len(k.colours))]
	if c.isBusy() {
		return nil
	}
	return c
}

// undertake changes what runs in a colour, beside all else, and reads in the
// last line what came of it. One that fails, or does not, against what is wanted
// counts as a request that failed.
func (k *soak) undertake(c *colour, revision string, wanted bool, work func() (output string, err error)) {
	done := make(chan struct{})
	c.busy = done
	go func() {
		defer close(done)
		r := request{kind: "push", pool: c.name, needsRedis: true, from: time.Now()}
		output, err := work()
		r.to = time.Now()
		last := strings.Fields(verdict(output))
		c.mu.Lock()
		defer c.mu.Unlock()
		switch deployed := err == nil && len(last) > 2 && last[0] == "DEPLOYED"; {
		case deployed && wanted:
			c.running, c.maybe = last[2], nil
			if revision != "" {
				c.main = revision
			}
		case deployed || wanted:
			r.err = fmt.Errorf("want it deployed: %v: %v\n%s", wanted, err, output)
			c.maybe, c.unsure = append(c.maybe, revision), c.unsure || revision == ""
		}
		if k.traffic != nil {
			k.traffic.count(r)
		} else if r.err != nil {
			k.t.Error(r)
		}
		k.remark("%s to %s ended: %v", c.name, revision, last)
	}()
}

// commit makes the next revision of an app.
func (c *colour) commit(behaviour string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	revision := c.w.commit("behaviour", fmt.Sprintf("TEXT=%d\n%s", c.n, behaviour))
	c.known[revision] = true
	return revision
}

func (k *soak) push(c *colour, good bool) string {
	behaviour := ""
	if !good {
		behaviour = "EXIT=1\n"
	}
	revision := c.commit(behaviour)
	k.undertake(c, revision, good, func() (string, error) { return c.w.push(c.name, "main") })
	return c.name + " " + revision
}

func (k *soak) pushSome() string {
	if c := k.idle(); c != nil {
		return k.push(c, true)
	}
	return ""
}

func (k *soak) pushBroken() string {
	if c := k.idle(); c != nil {
		return k.push(c, false)
	}
	return ""
}

// killPush kills a push, with all that it has started, at some moment.
func (k *soak) killPush() string {
	c := k.idle()
	if c == nil {
		return ""
	}
	revision := c.commit("")
	push := c.w.command("push", c.name, "main")
	push.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := push.Start(); err != nil {
		k.t.Fatal(err)
	}
	after := time.Duration(k.random.Int64N(int64(3 * time.Second)))
	time.Sleep(after)
	_ = syscall.Kill(-push.Process.Pid, syscall.SIGKILL)
	err := push.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.maybe = append(c.maybe, revision)
	return fmt.Sprintf("%s %s after %v: %v", c.name, revision, after.Round(time.Millisecond), err)
}

func (k *soak) rollBack() string {
	return k.byHand("rollback")
}

func (k *soak) forward() string {
	return k.byHand("forward")
}

// byHand has bin/deploy change what runs, if that is another release then.
func (k *soak) byHand(command string) string {
	c := k.idle()
	if c == nil {
		return ""
	}
	c.mu.Lock()
	isAhead := len(c.maybe) == 0 && !c.unsure && c.running == c.main
	isBack := len(c.maybe) == 0 && !c.unsure && c.running != c.main
	c.mu.Unlock()
	if command == "rollback" && !isAhead || command == "forward" && !isBack {
		return ""
	}
	k.undertake(c, "", true, func() (string, error) {
		output, err := k.command("bin/deploy", command, c.name).CombinedOutput()
		return string(output), err
	})
	return c.name
}

// harmApp does harm to the app of a colour; whatever is asked of it may fail
// until it answers again.
func (k *soak) harmApp(action string, harm func(container string) string) string {
	c := k.colours[k.random.IntN(len(k.colours))]
	container := k.app(c.name)
	if k.attempt("docker", "inspect", container) != "" {
		return ""
	}
	w := k.excuse(action, ofApp(c.name))
	problem := harm(container)
	k.traffic.wait.Go(func() {
		k.closeWhen(w, func() bool { status, _ := get(k.url(c.name)); return status == 200 })
	})
	return c.name + problem
}

func (k *soak) killApp() string { return k.harmApp("kill an app", k.killMain) }

func (k *soak) hangApp() string {
	if k.random.IntN(2) == 0 {
		return k.harmApp("hang an app", func(container string) string { return " paused" + k.attempt("docker", "pause", container) })
	}
	return k.harmApp("hang an app", func(container string) string { return " stopped" + k.signal("STOP", container) })
}

func (k *soak) removeApp() string {
	return k.harmApp("remove an app's container", func(container string) string { return k.attempt("docker", "rm", "--force", container) })
}

// removeAppImage takes a name off the image that runs.
func (k *soak) removeAppImage() string {
	c := k.idle()
	if c == nil {
		return ""
	}
	output, err := k.command("docker", "rmi", k.image(c.name)).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%s (%v: %s)", c.name, err, strings.TrimSpace(string(output)))
	}
	return c.name
}
