package ledger

import (
	"os"
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
