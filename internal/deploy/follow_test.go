package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// Docker has no log if its log driver keeps none, and a container that starts
// again and again may print nothing.
func TestLogs_AreFollowedWithoutSayingTwiceThatThereAreNone(t *testing.T) {
	unreadable := errors.New("configured logging driver does not support reading")
	for _, test := range []struct {
		what string
		err  error
		want string
	}{
		{"no log", unreadable, "==> blue SECOND, runs\nwarning: configured logging driver does not support reading\nhello\n" +
			"==> blue SECOND, runs\nwarning: configured logging driver does not support reading\n"},
		{"an empty log", nil, "==> blue SECOND, runs\nhello\n==> blue SECOND, runs\n"},
	} {
		l := looks(t)
		l.runs(true)
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			reads := 0
			l.docker.prints = func(_ string, _ time.Time, out io.Writer) error {
				switch reads++; reads {
				case 5:
					fmt.Fprintln(out, "hello")
					return nil
				case 10:
					stop()
				}
				return test.err
			}
			if err := l.Logs(ctx, LogQuery{Follow: true}); err != nil {
				t.Error(err)
			}
			if got := l.text(); got != test.want || reads != 10 {
				t.Errorf("%s, read %d times: got\n%swant\n%s", test.what, reads, got, test.want)
			}
		})
	}
}
