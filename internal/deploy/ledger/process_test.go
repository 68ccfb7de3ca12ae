package ledger

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestProcess_IsAliveUntilItsEndAndNoOtherIsIt(t *testing.T) {
	self := ProcessOf(os.Getpid())
	if !self.Alive() {
		t.Error("this process is not alive")
	}
	if (Process{self.PID, "1"}).Alive() || (Process{}).Alive() {
		t.Error("a process of another time is alive")
	}
}

func TestProcess_IsReadAsItWasWritten(t *testing.T) {
	self := ProcessOf(os.Getpid())
	if got := ReadProcess(self.String()); got != self || !got.Alive() {
		t.Errorf("got %+v, want %+v", got, self)
	}
	if ReadProcess("nonsense").Alive() {
		t.Error("nonsense is alive")
	}
}

// A process's name stands between brackets and before what is read, and it may
// hold anything (proc(5), "/proc/pid/stat"). A thread has one of its own.
func TestProcess_MayHaveAnyName(t *testing.T) {
	for _, name := range []string{"a b", ") Z 1 (", "1 2 3", "))"} {
		named, over := make(chan Process), make(chan struct{})
		go func() {
			runtime.LockOSThread() // and no more unlocked: the thread ends with the function
			if err := os.WriteFile("/proc/thread-self/comm", []byte(name), 0); err != nil {
				t.Error(err)
			}
			named <- ProcessOf(syscall.Gettid())
			<-over
		}()
		found := <-named
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", found.PID))
		fields := strings.Fields(strings.TrimPrefix(string(stat), fmt.Sprintf("%d (%s)", found.PID, name)))
		if !found.Alive() || len(fields) < 20 || found.Started != fields[19] {
			t.Errorf("%q: got %+v, alive: %v, want it alive, and when it started of %s", name, found, found.Alive(), stat)
		}
		close(over)
	}
}

func TestProcess_HasEndedThoughItsParentHasNotLooked(t *testing.T) {
	child := exec.Command("cat")
	if _, err := child.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	found := ProcessOf(child.Process.Pid)
	if !found.Alive() {
		t.Errorf("it waits for input: got %+v, want it alive", found)
	}
	_ = child.Process.Kill()
	for status := ""; !strings.Contains(status, "\nState:\tZ"); {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", child.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		status = string(content)
	}
	if found.Alive() || ProcessOf(child.Process.Pid).Alive() {
		t.Error("it was killed: got alive")
	}
	_ = child.Wait()
	if found.Alive() {
		t.Error("it is gone: got alive")
	}
}
