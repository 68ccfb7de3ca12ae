package infrastructure

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"deux/internal/fleet"
)

func TestComplaints_SayEachTroubleOnceAndNoneThatAnOutageExplains(t *testing.T) {
	var log bytes.Buffer
	c := newComplaints(slog.New(slog.NewTextHandler(&log, nil)))
	refused, full := errors.New("refused"), fmt.Errorf("writing: %w", fleet.ErrOutOfMemory)
	for _, err := range []error{refused, refused, nil} {
		c.report("comparing", err)
	}
	c.reportRedis("claiming", refused)
	c.report("comparing", refused)
	c.reportRedis("claiming", refused)
	c.reportRedis("claiming", full)
	c.reportRedis("claiming", nil)
	c.docker.Note(refused)
	c.report("comparing", refused)
	c.docker.Note(nil)
	c.report("comparing", nil)

	var got []string
	for line := range strings.Lines(log.String()) {
		_, event, _ := strings.Cut(strings.TrimSpace(line), "msg=")
		got = append(got, event)
	}
	want := []string{
		`"Failing, will retry" while=comparing error=refused`, `Recovered while=comparing`,
		`"Redis is away" error=refused`, `"Redis is back"`,
		fmt.Sprintf(`"Failing, will retry" while=claiming error=%q`, full), `Recovered while=claiming`,
		`"Docker is away" error=refused`, `"Docker is back"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
