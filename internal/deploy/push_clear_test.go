package deploy

import (
	"regexp"
	"testing"

	"deux/internal/deploy/ledger"
)

// Once the requests are switched, nothing is refused any more: what could not be
// cleared is cleared by the next push.
func TestPush_AStepThatFailsAfterTheSwitchIsAWarning(t *testing.T) {
	for _, test := range []struct{ step, refused string }{
		{"stop", "docker stop"}, {"stop", "docker rename"}, {"remove", "docker rm"}, {"remove-image", "docker rmi"}, {"remove-image", "unregister"},
	} {
		t.Run(test.refused, func(t *testing.T) {
			w := pushedWorld(t)
			err := w.pushWith(undisturbed(), refusing(test.refused), w.revisions[2])
			warned := regexp.MustCompile(`\nwarning: ` + test.step + `: (no luck )*no luck; the next push cleans up\n`).MatchString(w.said())
			if err != nil || !warned || lastLine(w.said()) != "DEPLOYED blue THREE sha256:THREE" || w.last().Result != ledger.Deployed {
				t.Errorf("got %v, %+v and\n%s, want it deployed with a warning", err, w.last(), w.said())
			}
			if err := w.push(undisturbed(), w.revisions[1]); err != nil {
				t.Fatalf("the next push: got %v\n%s", err, w.out)
			}
			w.wantServing("the next push", w.revisions[1])
			if len(w.daemon.images) != 2 || len(w.daemon.registry) != 2 {
				t.Errorf("the next push leaves the images %v and %v in the registry, want two", w.daemon.images, w.daemon.registry)
			}
		})
	}
}
