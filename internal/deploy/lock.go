package deploy

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"deux/internal/program"
)

// push is one push under way. It is kept in a file of its repository from its
// first step to its last, since git runs two processes for it, either of which
// may be killed at any step.
type push struct {
	record
	Aim        string  `json:"aim,omitempty"`       // the result when all goes well; empty for deployed
	Step       string  `json:"step"`                // the step that it is at
	Ready      bool    `json:"ready,omitempty"`     // a candidate answers; the ref is git's to move now
	Image      string  `json:"image,omitempty"`     // id of the image that was built
	Container  string  `json:"container,omitempty"` // id of the candidate
	Port       int     `json:"port,omitempty"`      // of the candidate, on the host
	AppPort    int     `json:"appPort,omitempty"`   // of the candidate, in the container
	portNote   string  // what a person is told of AppPort
	Generation int     `json:"generation,omitempty"` // of the configuration that the candidate gets
	Git        process `json:"git"`                  // the process, git's or a command's, that works on it

	Volumes []string `json:"volumes,omitempty"` // that were made for the candidate
}

// process is a process that no later one can be mistaken for.
type process struct {
	PID     int    `json:"pid"`
	Started string `json:"started"` // clock ticks since boot, proc(5) field 22
}

func processOf(pid int) process { return process{pid, startTime(pid)} }

func (p process) alive() bool {
	return p.PID > 0 && p.Started != "" && startTime(p.PID) == p.Started
}

// startTime returns "" for a process that has ended. The name, field 2, may
// hold blanks and brackets: fields are counted from the last bracket.
func startTime(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" {
		return ""
	}
	return fields[19]
}

// lockPause is how long a push waits between two looks at another one's lock.
const lockPause = 50 * time.Millisecond

// lock makes this the only process that works on the colour, until unlock or
// its death: the kernel drops a flock with its process (flock(2)). Between the
// two hooks of a push no process of ours lives to hold it; then the push's
// file and git's own process stand for it.
func (d *Deployer) lock(ctx context.Context) (unlock func(), err error) {
	file, err := os.OpenFile(d.colour.state("lock"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("%w: make deploy-init makes it", err)
	}
	for said := false; ; said = true {
		if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			if !d.betweenHooks() {
				return func() { file.Close() }, nil
			}
			_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
		}
		if !said {
			d.out.line("Waiting for another push to %s to end", d.colour.name)
		}
		if !program.Sleep(ctx, lockPause) {
			file.Close()
			return nil, context.Cause(ctx)
		}
	}
}

// betweenHooks tells whether another push has been accepted and git is about
// to move its ref.
func (d *Deployer) betweenHooks() bool {
	other, under := d.underWay()
	return under && other.Ready && other.Git != d.git && other.Git.alive()
}

// underWay returns the push that this repository was last left with.
func (d *Deployer) underWay() (*push, bool) {
	p := new(push)
	return p, readJSON(d.colour.state("push.json"), p)
}

func (d *Deployer) save(p *push) error { return writeJSON(d.colour.state("push.json"), p) }

// end writes the push into the history. The file of another one, which this
// push found and could not settle, stays.
func (d *Deployer) end(p *push, result, why string) {
	p.Result, p.Why, p.Subject = result, why, d.repository.subject(context.Background(), p.Revision)
	if err := d.history.add(p.record); err != nil {
		d.out.line("warning: %v", err)
	}
	if saved, under := d.underWay(); under && saved.Git == p.Git && saved.Revision == p.Revision {
		_ = os.Remove(d.colour.state("push.json"))
	}
}
