package infrastructure

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/redistest"
)

// Usages is one server that uses half a processor of each second, and a writer
// that is away.
func (d *fakeDocker) Usages(context.Context) ([]engine.Usage, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.spent += 2500 * time.Millisecond
	return []engine.Usage{
		{ID: "1", Name: "webapp_3001_app", Version: "a1b2c3", State: "running", Health: "healthy", CPU: d.spent, Memory: 10 << 20, Limit: 96 << 20},
		{ID: "2", Name: "deux_writer_1", Service: "writer", State: "exited"},
		{ID: "3", Name: "deux_webapp_1", Service: fleet.FirstService, State: "running"},
	}, nil
}

// DataDir is a folder that surely exists.
func (d *fakeDocker) DataDir(context.Context) (string, error) { return "/", nil }

func TestVitals_CountProcessorsBetweenTwoLooks(t *testing.T) {
	v := newVitals(newFakeDocker())
	v.version = func(context.Context) (string, error) { return "d4e5f6", nil }
	v.proc = t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(v.proc, "pressure"), 0o755))
	must(os.WriteFile(filepath.Join(v.proc, "meminfo"), []byte("MemTotal:  2048 kB\nMemFree: 1 kB\nMemAvailable:  1024 kB\n"), 0o600))
	must(os.WriteFile(filepath.Join(v.proc, "pressure", "memory"), []byte("some avg10=1.25 avg60=0.00 avg300=0.00 total=1\nfull avg10=9.00"), 0o600))

	begin := time.Now()
	first, err := v.look(t.Context(), begin)
	must(err)
	second, err := v.look(t.Context(), begin.Add(5*time.Second))
	must(err)
	if got := first.Containers["webapp_3001_app"].CPU; got != 0 {
		t.Errorf("CPU at the first look: got %v %%, want 0", got)
	}
	want := fleet.Container{Version: "a1b2c3", State: "running", Health: "healthy", CPU: 50, Memory: 10 << 20, Limit: 96 << 20}
	if got := second.Containers["webapp_3001_app"]; got != want {
		t.Errorf("at the second look: got %+v, want %+v", got, want)
	}
	want = fleet.Container{Service: "writer", State: "exited"}
	if got := second.Containers["deux_writer_1"]; got != want {
		t.Errorf("the writer: got %+v, want %+v", got, want)
	}
	want = fleet.Container{Service: fleet.FirstService, Version: "d4e5f6", State: "running"}
	if got := second.Containers["deux_webapp_1"]; got != want {
		t.Errorf("the first server: got %+v, want the version that spawned ones are compared with, %+v", got, want)
	}
	machine := second.Machine
	if machine.Memory != 2<<20 || machine.Available != 1<<20 || machine.Disk <= 0 || machine.DiskFree > machine.Disk {
		t.Errorf("machine: got %+v, want 2 MiB, 1 MiB of it available, and a disk", machine)
	}
	if len(machine.PSI) != 1 || machine.PSI["memory"] != 1.25 {
		t.Errorf("pressure: got %v, want 1.25 %% for memory alone", machine.PSI)
	}
}

// unmeasured is Docker that lists a server and, every second time, does not say
// what it uses.
type unmeasured struct {
	*fakeDocker
	calls int
}

func (d *unmeasured) Usages(context.Context) ([]engine.Usage, error) {
	d.calls++
	if d.calls%2 == 0 {
		return []engine.Usage{{ID: "1", Name: "one", State: "running"}}, nil
	}
	return []engine.Usage{{ID: "1", Name: "one", State: "running", CPU: time.Hour, Limit: 1}}, nil
}

func TestVitals_HoldAContainerThatWasNotMeasuredAndNoPeakAfterIt(t *testing.T) {
	v := newVitals(&unmeasured{fakeDocker: newFakeDocker()})
	begin := time.Now()
	for i := range 3 {
		seen, err := v.look(t.Context(), begin.Add(time.Duration(i)*vitalsInterval))
		if one, listed := seen.Containers["one"]; err != nil || !listed || one.State != "running" || one.CPU != 0 {
			t.Errorf("look %d: got %+v, %v, want it running with 0 %%", i, seen.Containers, err)
		}
	}
}

func TestVitals_AreWrittenDownAsASignOfLifeEvenIfRedisIsFull(t *testing.T) {
	w := newWorld(t)
	w.ConfigSet(t.Context(), "maxmemory", "1")
	began := time.Now().Add(-time.Second)
	w.start()
	var last fleet.Vitals
	redistest.Eventually(t, func() bool {
		snapshot, _ := w.fleet.Snapshot(t.Context(), fleet.Depth{Events: 1, Loads: 1})
		last = snapshot.Vitals
		return last.At.After(began)
	}, func() { t.Fatalf("vitals: got %+v, want some of after %v", last, began) })
	if len(last.Containers) != 3 {
		t.Errorf("containers: got %v, want three", last.Containers)
	}
}
