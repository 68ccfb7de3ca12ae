package layers

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

// stock is an engine's images by id: when each was made, and whether
// something is built on it.
type stock map[string]struct {
	made time.Time
	used bool
}

func (s stock) RemoveLayer(_ context.Context, id string, after time.Time) (bool, error) {
	image, there := s[id]
	if !there {
		return true, nil
	}
	if image.used || image.made.Before(after) {
		return false, nil
	}
	delete(s, id)
	return true, nil
}

func (s stock) ids() []string {
	var all []string
	for id := range s {
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}

func at(second int64) time.Time { return time.Unix(1_000_000+second, 0) }

func TestPrune_RemovesWhatOnlyDroppedReleasesHaveSeen(t *testing.T) {
	list := newList(t)
	for _, entry := range []layer{
		{at(10), "r1", "base"}, {at(10), "r1", "shared"}, {at(10), "r1", "one"},
		{at(20), "r2", "base"}, {at(20), "r2", "shared"}, {at(20), "r2", "two"},
	} {
		if err := list.add(entry); err != nil {
			t.Fatal(err)
		}
	}
	docker := stock{"base": {made: at(0)}, "shared": {made: at(11)}, "one": {made: at(12)}, "two": {made: at(21)}}
	for _, test := range []struct {
		keep []string
		left string
	}{
		{[]string{"r1", "r2"}, "base one shared two"},
		{[]string{"r2"}, "base shared two"},
		{nil, "base"}, // it was there before the first build: a stranger's
	} {
		if err := list.Prune(t.Context(), docker, test.keep); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(docker.ids(), " "); got != test.left {
			t.Errorf("keeping %v: left %q, want %q", test.keep, got, test.left)
		}
	}
}

func TestPrune_TriesAgainWhatIsStillInUse(t *testing.T) {
	list := newList(t)
	if err := list.add(layer{at(10), "r1", "one"}); err != nil {
		t.Fatal(err)
	}
	docker := stock{"one": {made: at(10), used: true}}
	if err := list.Prune(t.Context(), docker, nil); err != nil || len(docker) != 1 {
		t.Fatalf("an image in use: got %v, %v, want it left", docker.ids(), err)
	}
	docker["one"] = struct {
		made time.Time
		used bool
	}{at(10), false}
	if err := list.Prune(t.Context(), docker, nil); err != nil || len(docker) != 0 {
		t.Errorf("an image that is free now: got %v, %v, want it gone", docker.ids(), err)
	}
}

func TestPrune_TheListDoesNotGrowWithThePushes(t *testing.T) {
	list := newList(t)
	docker := stock{"shared": {made: at(0)}}
	for push := range int64(50) {
		revision := string(rune('a' + push%26))
		if err := list.add(layer{at(push), revision, "shared"}); err != nil {
			t.Fatal(err)
		}
		if err := list.Prune(t.Context(), docker, []string{revision}); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(list.read()); got > 5 {
		t.Errorf("the list has %d lines after 50 pushes, want a few", got)
	}
}

func TestOutput_HandsEverythingOnAndRemembersTheLastLine(t *testing.T) {
	var out bytes.Buffer
	list := newList(t)
	watch := list.Watch(&out, "r1", at(10))
	text := "Sending build context  8.3kB\nStep 1/2 : FROM scratch\n ---> \n ---> 0123456789ab\n ---> Running in ba9876543210\n" +
		strings.Repeat("x", 3*longLine) + "\nThe command failed: 1\n\n"
	printed := strings.Replace(text, "8.3kB\n", "8.3kB\r\r\n", 1)
	for i := 0; i < len(printed); i += 7 {
		if _, err := watch.Write([]byte(printed[i:min(i+7, len(printed))])); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != text {
		t.Errorf("handed on %d bytes, want the %d that came", out.Len(), len(text))
	}
	if want := "The command failed: 1"; watch.Last() != want {
		t.Errorf("last line: got %q, want %q", watch.Last(), want)
	}
	if got := list.read(); len(got) != 1 || got[0] != (layer{at(10), "r1", "0123456789ab"}) {
		t.Errorf("layers: got %v, want the one that was printed", got)
	}
}
