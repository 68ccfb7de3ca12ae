package volumes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

// host holds volumes. Its image has these VOLUMEs.
type host struct {
	paths []string
	has   []engine.Volume
	fails string // the name of a volume that can neither be made nor removed
}

func (h *host) VolumePaths(context.Context, string) ([]string, error) { return h.paths, nil }

func (h *host) Volumes(context.Context, string) ([]engine.Volume, error) { return h.has, nil }

func (h *host) VolumeUsers(_ context.Context, name string) ([]string, error) {
	return []string{"user of " + name}, nil
}

func (h *host) index(name string) int {
	return slices.IndexFunc(h.has, func(v engine.Volume) bool { return v.Name == name })
}

func (h *host) EnsureVolume(_ context.Context, v engine.Volume) (made bool, err error) {
	if v.Name == h.fails {
		return false, errors.New("no space")
	}
	if h.index(v.Name) >= 0 {
		return false, nil
	}
	h.has = append(h.has, v)
	return true, nil
}

func (h *host) RemoveVolume(_ context.Context, colour, name string) error {
	if name == h.fails || colour != "blue" {
		return errors.New("in use")
	}
	h.has = slices.DeleteFunc(h.has, func(v engine.Volume) bool { return v.Name == name })
	return nil
}

// names are the volumes that the host has.
func (h *host) names() (all []string) {
	for _, v := range h.has {
		all = append(all, v.Name)
	}
	return all
}

func of(t *testing.T, h *host) Volumes {
	t.Helper()
	written := ledger.At(t.TempDir())
	if err := written.Make(); err != nil {
		t.Fatal(err)
	}
	return Volumes{Docker: h, Ledger: written, Colour: "blue", Prefix: "deux_blue_"}
}

// want fails unless the host has these volumes and the ledger lists those.
func want(t *testing.T, when string, s Volumes, has, listed []string) {
	t.Helper()
	var lists []string
	for _, v := range s.Ledger.Volumes() {
		lists = append(lists, v.Name)
	}
	if got := s.Docker.(*host).names(); !slices.Equal(got, has) || !slices.Equal(lists, listed) {
		t.Errorf("%s: Docker has %q and the ledger %q, want %q and %q", when, got, lists, has, listed)
	}
}

// planned is what a release of the image gets.
func planned(t *testing.T, s Volumes, p *ledger.Deployment) (runtime engine.Runtime) {
	t.Helper()
	all, err := s.For(t.Context(), p, "image")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		runtime.Mounts = append(runtime.Mounts, v.Mount())
	}
	return runtime
}

func (s Volumes) make(t *testing.T, p *ledger.Deployment) error {
	t.Helper()
	return s.Make(t.Context(), p, planned(t, s, p))
}

func TestVolumes_OfAnImageAreMadeOnceAndKept(t *testing.T) {
	s := of(t, &host{paths: []string{"/data", "/var/lib/app/"}})
	first, again := new(ledger.Deployment), new(ledger.Deployment)
	for _, p := range []*ledger.Deployment{first, again} {
		if got, err := s.For(t.Context(), p, "image"); err != nil || len(got) != 2 || got[1].Path != "/var/lib/app" {
			t.Fatalf("got %+v, %v, want both", got, err)
		}
		if err := s.make(t, p); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "after two releases", s, []string{"deux_blue_data", "deux_blue_var-lib-app"}, []string{"data", "var-lib-app"})
	if fmt.Sprint(first.Volumes, again.Volumes) != "[data var-lib-app] []" {
		t.Errorf("the first made %q and the second %q, want both and none", first.Volumes, again.Volumes)
	}
}

func TestVolumes_ThatAFailedPushMadeAreDropped(t *testing.T) {
	h := &host{paths: []string{"/data"}}
	s := of(t, h)
	if err := s.make(t, new(ledger.Deployment)); err != nil {
		t.Fatal(err)
	}
	h.paths = append(h.paths, "/cache", "/more")
	p := new(ledger.Deployment)
	h.fails = "deux_blue_more"
	if err := s.make(t, p); err == nil {
		t.Fatal("got no error, want that of the last volume")
	}
	h.fails = ""
	if err := s.Drop(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	want(t, "after the drop", s, []string{"deux_blue_data"}, []string{"data"})
}

// What makes the volumes may be killed, so the push has to know of each before it
// is there, and of none that somebody else makes.
func TestVolumes_AreRecordedBeforeTheyAreMade(t *testing.T) {
	h := &host{paths: []string{"/cache", "/data"}, has: []engine.Volume{{Name: "deux_blue_old", Path: "/data"}}}
	s, p := of(t, h), &ledger.Deployment{Volumes: []string{"of an earlier try"}}
	runtime := planned(t, s, p)
	if fmt.Sprint(p.Volumes) != "[cache]" || len(h.has) != 1 {
		t.Errorf("got %q recorded and %q made, want cache recorded", p.Volumes, h.names())
	}
	h.has = append(h.has, engine.Volume{Name: "deux_blue_cache", Path: "/cache"})
	if err := s.Make(t.Context(), p, runtime); err != nil || len(p.Volumes) > 0 {
		t.Errorf("made by somebody else: got %q, %v, want it not to be the push's", p.Volumes, err)
	}
}

func TestVolumes_ThatCannotBeDroppedStayListed(t *testing.T) {
	h := &host{paths: []string{"/cache", "/data"}}
	s, p := of(t, h), new(ledger.Deployment)
	if err := s.make(t, p); err != nil {
		t.Fatal(err)
	}
	h.fails = "deux_blue_cache"
	if err := s.Drop(t.Context(), p); err == nil {
		t.Error("got no error, want Docker's")
	}
	want(t, "after the drop", s, []string{"deux_blue_cache"}, []string{"cache"})
}

func TestVolumes_ThatOnlyDockerHasAreThereToo(t *testing.T) {
	s := of(t, &host{has: []engine.Volume{{Name: "deux_blue_old", Path: "/old"}, {Name: "somebody's"}}})
	if err := s.Ledger.SetVolumes(ledger.Volumes{{Name: "data", Path: "/data"}}); err != nil {
		t.Fatal(err)
	}
	all, err := s.All(t.Context())
	if got := fmt.Sprint(all); err != nil || got != "[{data /data false false} {old /old false false}]" {
		t.Errorf("got %s, %v, want data and old", got, err)
	}
	if users, err := s.Users(t.Context(), all[1]); err != nil || fmt.Sprint(users) != "[user of deux_blue_old]" {
		t.Errorf("got %q, %v, want the user of Docker's name", users, err)
	}
}
