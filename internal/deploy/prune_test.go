package deploy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// kept are the revisions whose images are on this host, and those in the registry.
func (w *world) kept() (here, registered []string) {
	for n, revision := range w.revisions {
		if _, is := w.daemon.images["image of "+revision]; is {
			here = append(here, number(n))
		}
		if w.daemon.registry[digest(revision)] {
			registered = append(registered, number(n))
		}
	}
	return here, registered
}

func (w *world) pushThree() error { return w.push(undisturbed(), w.revisions[2]) }
func (w *world) goBack() error    { return w.back(undisturbed(), "") }

// failThree is a push that is built and does not run.
func (w *world) failThree() error {
	if err := w.push(refusing("docker run"), w.revisions[2]); err != ErrRefused {
		return fmt.Errorf("got %w, want it refused", err)
	}
	return nil
}

// KEEP_RELEASES is 2 here. What ran last is kept, whenever it was built, because
// that is what a person rolls back to.
func TestPrune_KeepsTheReleasesThatRanLast(t *testing.T) {
	type do []func(*world) error
	for _, test := range []struct {
		name string
		do   do
		want string
	}{
		{"two pushes", nil, "ONE TWO"},
		{"and a third", do{(*world).pushThree}, "TWO THREE"},
		{"and one that failed", do{(*world).failThree}, "ONE TWO"},
		{"and a rollback", do{(*world).goBack}, "ONE TWO"},
		{"and a rollback and a third", do{(*world).goBack, (*world).pushThree}, "ONE THREE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := pushedWorld(t)
			for _, do := range test.do {
				if err := do(w); err != nil {
					t.Fatalf("got %v\n%s", err, w.out)
				}
			}
			here, registered := w.kept()
			if strings.Join(here, " ") != test.want || strings.Join(registered, " ") != test.want {
				t.Errorf("got %q here and %q in the registry, want %q", here, registered, test.want)
			}
		})
	}
}

// An image to which a person gave a name of their own stays under that name.
func TestPrune_LeavesTheNamesThatPeopleGave(t *testing.T) {
	w := pushedWorld(t)
	id := "image of " + w.revisions[0]
	w.daemon.images[id] = append(w.daemon.images[id], "person/copy:1", "localhost:5000/blue-registry2:1")
	if err := w.push(undisturbed(), w.revisions[2]); err != nil {
		t.Fatal(err)
	}
	if got, want := w.daemon.images[id], []string{"person/copy:1", "localhost:5000/blue-registry2:1"}; !slices.Equal(got, want) {
		t.Errorf("got the names %q, want %q alone", got, want)
	}
}

// blue-image and :latest are for people: they name what runs.
func TestRemoveImages_GivesTheNamesForPeopleToWhatRuns(t *testing.T) {
	w := pushedWorld(t)
	for _, test := range []struct {
		what string
		do   func(*world) error
		runs int
	}{{"a push", (*world).pushThree, 2}, {"a rollback", (*world).goBack, 1}} {
		if err := test.do(w); err != nil {
			t.Fatalf("%s: got %v\n%s", test.what, err, w.out)
		}
		for _, name := range []string{"blue-image", "localhost:5000/blue-registry:latest"} {
			if id, _ := w.daemon.image(name); id != "image of "+w.revisions[test.runs] {
				t.Errorf("after %s: %s is the %s, want what runs", test.what, name, id)
			}
		}
	}
}
