package ledger

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestLock_WaitsForAPushThatIsBetweenItsHooks(t *testing.T) {
	l, self := made(t), Process{1, "1"}
	for _, test := range []struct {
		name    string
		other   Deployment
		between bool
	}{
		{"at work", Deployment{Git: ProcessOf(os.Getpid())}, false}, // it would hold the lock itself
		{"accepted", Deployment{Ready: true, Git: ProcessOf(os.Getpid())}, true},
		{"accepted, and git has died", Deployment{Ready: true, Git: Process{os.Getpid(), "1"}}, false},
		{"this very push", Deployment{Ready: true, Git: self}, false},
	} {
		if err := l.Save(&test.other); err != nil {
			t.Fatal(err)
		}
		if got := l.betweenHooks(self); got != test.between {
			t.Errorf("%s: got %v, want %v", test.name, got, test.between)
		}
	}
}

func TestLock_RemovesWhatAKilledProcessLeft(t *testing.T) {
	l := made(t)
	for _, name := range []string{".push.json-1", ".volumes.json-2", "history"} {
		if err := os.WriteFile(l.Path(name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	unlock, err := l.Lock(t.Context(), Process{}, func() { t.Error("it waits, and nobody has the lock") })
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	var got []string
	entries, _ := os.ReadDir(l.dir)
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	// bin/deploy run writes volumes.json without the lock.
	if want := ".volumes.json-2 history lock"; strings.Join(got, " ") != want {
		t.Errorf("left %q, want %s", got, want)
	}
}

// locked takes the lock, or reports that it has to wait.
func locked(ctx context.Context, l *Ledger, waits chan<- bool) (unlock func(), err error) {
	return l.Lock(ctx, Process{}, func() { waits <- true })
}

func TestLock_IsWaitedForAndSaysSoOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, waits, has := made(t), make(chan bool, 100), make(chan error, 1)
		unlock, err := locked(t.Context(), l, waits)
		if err != nil || len(waits) != 0 {
			t.Fatalf("a free lock: got %v after %d notices, want it at once", err, len(waits))
		}
		go func() {
			unlock, err := locked(t.Context(), l, waits)
			if err == nil {
				unlock()
			}
			has <- err
		}()
		time.Sleep(10*LockPause + LockPause/2)
		if len(has) != 0 || len(waits) != 1 {
			t.Errorf("while it is held: got %d ended and %d notices, want one that waits and said so once", len(has), len(waits))
		}
		unlock()
		if err := <-has; err != nil {
			t.Errorf("when it is free: got %v, want the lock", err)
		}
	})
}

func TestLock_IsGivenUpWithTheReasonWhyNobodyWaitsAnyMore(t *testing.T) {
	l, gone := made(t), errors.New("the pusher went away")
	unlock, err := locked(t.Context(), l, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err := l.Lock(ctx, Process{}, func() { cancel(gone) }); !errors.Is(err, gone) {
		t.Errorf("got %v, want %v", err, gone)
	}
	unlock()
	if unlock, err = locked(t.Context(), l, nil); err != nil {
		t.Fatalf("afterwards: got %v, want the lock", err)
	}
	unlock()
}

// holder is a process that has the lock until it is killed.
func holder(t *testing.T, l *Ledger) *exec.Cmd {
	t.Helper()
	file, err := os.OpenFile(l.Path(lockFile), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	process := exec.Command("cat") // has the file open, and with it the lock, while this test lives
	process.ExtraFiles = []*os.File{file}
	if _, err := process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	return process
}

func TestLock_IsFreeWhenItsHolderWasKilled(t *testing.T) {
	l, waits, has := made(t), make(chan bool, 1), make(chan error)
	dying := holder(t, l)
	if err := l.Save(&Deployment{Step: "build", Git: ProcessOf(dying.Process.Pid)}); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := locked(t.Context(), l, waits)
		has <- err
	}()
	<-waits
	_ = dying.Process.Kill()
	_ = dying.Wait()
	if err := <-has; err != nil {
		t.Errorf("got %v, want the lock", err)
	}
	if left, under := l.UnderWay(); !under || left.Step != "build" || left.Git.Alive() {
		t.Errorf("under way: got %+v, %v, want the push of the dead one, for the next to settle", left, under)
	}
}

func TestLock_IsHeldForAPushWhoseRefMovesUntilItsGitHasEnded(t *testing.T) {
	l, waits, has := made(t), make(chan bool, 1), make(chan error)
	git := exec.Command("cat")
	if _, err := git.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := git.Start(); err != nil {
		t.Fatal(err)
	}
	if err := l.Save(&Deployment{Ready: true, Git: ProcessOf(git.Process.Pid)}); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := locked(t.Context(), l, waits)
		has <- err
	}()
	<-waits
	unlock, err := l.Lock(t.Context(), ProcessOf(git.Process.Pid), func() {})
	if err != nil {
		t.Fatalf("the push's own second hook: got %v, want the lock", err)
	}
	unlock()
	_ = git.Process.Kill()
	_ = git.Wait()
	if err := <-has; err != nil {
		t.Errorf("got %v, want the lock", err)
	}
}
