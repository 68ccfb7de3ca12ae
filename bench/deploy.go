package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pushPairs = 5
	// pushPause is how finely a push is timed. Looking for its page every few
	// milliseconds would slow down the build, which takes many seconds.
	pushPause = 50 * time.Millisecond
)

// measureDeploy times a push, from git push to the first answer of the new
// version, beside the bare commands typed by hand, and counts how many of 200
// requests a second fail during ten deploys.
func measureDeploy(ctx context.Context) error {
	app, err := newPushedApp(ctx)
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(app.dir))
	for range 2 { // the first pushes compile the libraries and fill the caches
		if _, err := app.push(ctx, 0); err != nil {
			return err
		}
		if _, err := app.byHand(ctx, 0); err != nil {
			return err
		}
	}
	var ours, theirs []float64
	for pair := range pushPairs {
		phase := time.Duration(pair) * time.Second / pushPairs
		pushed, err := app.push(ctx, phase)
		if err != nil {
			return err
		}
		byHand, err := app.byHand(ctx, phase)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, pushed), append(theirs, byHand)
	}
	report("deploy: git push to first answer", ours, theirs,
		"s", "git push, through the proxy", "bare commands by hand", "at most 1.3")
	return app.underLoad(ctx)
}

// pushedApp is a repository of the sample app.
type pushedApp struct {
	dir     string
	version int
	begun   time.Time // so that no builder knows a version from an earlier run
}

func newPushedApp(ctx context.Context) (*pushedApp, error) {
	dir, err := os.MkdirTemp("", "deuxbench-app-")
	if err != nil {
		return nil, err
	}
	app := &pushedApp{dir: filepath.Join(dir, "app"), begun: time.Now()}
	_, err = command(ctx, "scripts/sample.sh", app.dir)
	return app, err
}

// commit makes a new version and returns its revision.
func (a *pushedApp) commit(ctx context.Context) (string, error) {
	a.version++
	mark := fmt.Sprintf("package main\n\nconst version = \"%d of %v\"\n", a.version, a.begun)
	if err := os.WriteFile(filepath.Join(a.dir, "version.go"), []byte(mark), 0o644); err != nil {
		return "", err
	}
	for _, arguments := range [][]string{
		{"add", "--all"},
		{"-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "--message", "version"},
	} {
		if _, err := command(ctx, "git", append([]string{"-C", a.dir}, arguments...)...); err != nil {
			return "", err
		}
	}
	return command(ctx, "git", "-C", a.dir, "rev-parse", "HEAD")
}

func blue() string { return "http://127.0.0.1:" + setting("BLUE_PORT") + "/" }

// push returns how many seconds passed from git push to the page of the new
// version. The push goes on a little, to remove the old one.
func (a *pushedApp) push(ctx context.Context, phase time.Duration) (float64, error) {
	revision, err := a.commit(ctx)
	if err != nil {
		return 0, err
	}
	waitForPhase(phase)
	begun := time.Now()
	push := exec.CommandContext(ctx, "git", "-C", a.dir, "push", "--quiet", "blue", "main")
	if err := push.Start(); err != nil {
		return 0, err
	}
	err = pollEvery(ctx, pushPause, func() bool { return shows(ctx, blue(), revision) })
	took := time.Since(begun).Seconds()
	if err := push.Wait(); err != nil {
		return 0, fmt.Errorf("git push blue main: %w", err)
	}
	return took, err
}

func shows(ctx context.Context, url, text string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	return err == nil && strings.Contains(string(page), text)
}

// byHand does what a person would type: check out, build, tag, push, pull, run
// and look. What it leaves is removed after the time is taken.
func (a *pushedApp) byHand(ctx context.Context, phase time.Duration) (float64, error) {
	revision, err := a.commit(ctx)
	if err != nil {
		return 0, err
	}
	tree := filepath.Join(filepath.Dir(a.dir), "tree")
	if err := os.MkdirAll(tree, 0o755); err != nil {
		return 0, err
	}
	image, port := "localhost:"+setting("REGISTRY_PORT")+"/byhand:latest", setting("HAND_PORT")
	waitForPhase(phase)
	begun := time.Now()
	for _, line := range [][]string{
		{"git", "--git-dir=" + a.dir + "/.git", "--work-tree=" + tree, "checkout", "--quiet", "--force", "main", "--", "."},
		{"docker", "build", "--quiet", "--tag", "deuxbench-byhand", tree},
		{"docker", "tag", "deuxbench-byhand", image},
		{"docker", "push", "--quiet", image},
		{"docker", "pull", "--quiet", image},
		{"docker", "run", "--detach", "--name", "deuxbench-byhand", "--env", "REVISION=" + revision,
			"--publish", "127.0.0.1:" + port + ":8080", image},
	} {
		if _, err := command(ctx, line[0], line[1:]...); err != nil {
			return 0, err
		}
	}
	err = poll(ctx, func() bool { return shows(ctx, "http://127.0.0.1:"+port+"/", revision) })
	took := time.Since(begun).Seconds()
	for _, line := range [][]string{{"docker", "rm", "--force", "deuxbench-byhand"}, {"docker", "rmi", "deuxbench-byhand", image}} {
		if _, failed := command(ctx, line[0], line[1:]...); err == nil {
			err = failed
		}
	}
	return took, err
}

// underLoad deploys ten times while 200 requests a second come in.
func (a *pushedApp) underLoad(ctx context.Context) error {
	stop := make(chan struct{})
	var sent, failed atomic.Int64
	var requests sync.WaitGroup
	requests.Go(func() {
		ticker := time.NewTicker(time.Second / 200)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
			requests.Go(func() {
				sent.Add(1)
				if _, err := get(ctx, blue()); err != nil {
					failed.Add(1)
				}
			})
		}
	})
	var err error
	for deploy := 0; deploy < 10 && err == nil; deploy++ {
		_, err = a.push(ctx, 0)
	}
	close(stop)
	requests.Wait()
	fmt.Printf("requests at 200 a second during 10 deploys\n  %d sent, %d failed   (goal: 0)\n", sent.Load(), failed.Load())
	return err
}
