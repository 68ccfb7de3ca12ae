package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

// page opens the page of the system, through its proxy.
func (s *system) page() *page {
	s.t.Helper()
	return openPageOf(s.t, &target{t: s.t, redis: s.redis, port: s.number("PROXY_PORT")})
}

func pageFollowsAServer(s *system) {
	p := s.page()
	browse(s.t, p.ctx, chromedp.Click(`form[action="/spawn"] button`, chromedp.ByQuery))
	p.becomes("serving", `document.querySelectorAll("#web-serving > li").length === 2`)
	var port int
	browse(s.t, p.ctx, chromedp.Evaluate(`Number(document.querySelector("#web-serving > li:last-child").dataset.order)`, &port))
	url, card := s.at(port), fmt.Sprintf("#web%d", port)
	s.want("servers", s.server(0), url)
	p.becomes("its age", fmt.Sprintf(`/^\d+ s$/.test(document.querySelector("%s .age").textContent)`, card))
	p.becomes("its way", fmt.Sprintf(`["wanted", "starting", "serving"].every((what) =>
		[...document.querySelectorAll("#events > li")].some((e) => e.textContent.includes("%d") && e.querySelector(".what").textContent === what))`, port))

	s.output("docker", "kill", s.container(url))
	p.becomes("has left", "!("+in("web-serving", port)+")")
	p.becomes("has returned", in("web-serving", port))

	p.press(card + " form button")
	p.becomes("gone", fmt.Sprintf(`document.querySelector("%s") === null`, card))
	s.want("servers", s.server(0))
	s.want("destroyingServers")
}

// watchEvents has n viewers of the page until it is stopped. Each comes again
// when its stream ends, as a browser does.
func (s *system) watchEvents(n int) (stop func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var viewers, started sync.WaitGroup
	for range n {
		started.Add(1)
		first := sync.OnceFunc(started.Done)
		viewers.Go(func() {
			for ctx.Err() == nil {
				s.watchOnce(ctx, first)
			}
		})
	}
	started.Wait()
	return func() { cancel(); viewers.Wait() }
}

// watchOnce reads the events until the stream ends.
func (s *system) watchOnce(ctx context.Context, begun func()) {
	defer begun()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.proxy("/events"), nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	for lines := bufio.NewReader(response.Body); err == nil; begun() {
		_, err = lines.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			err = nil
		}
	}
}

func viewersHoldUpNothing(s *system) {
	s.spawn(6)
	took := make(map[bool][]time.Duration)
	for range 3 {
		for _, watched := range []bool{false, true} {
			stop := func() {}
			if watched {
				stop = s.watchEvents(20)
			}
			begun := time.Now()
			gone := s.wish("/destroy")
			s.eventually(gone+" is gone", func() bool {
				return !slices.Contains(s.redis.Elements("servers"), gone) && len(s.redis.Elements("deleteServers"))+len(s.redis.Elements("destroyingServers")) == 0
			})
			took[watched] = append(took[watched], time.Since(begun))
			stop()
		}
	}
	without, with := slices.Min(took[false]), slices.Min(took[true])
	s.t.Logf("a destroy without viewers took %v, with 20 %v: at best %.2f times as long", took[false], took[true], with.Seconds()/without.Seconds())
	if with > 2*without+10*time.Second { // one that waits for the end of a stream takes minutes
		s.t.Errorf("a destroy with 20 viewers takes %v at best, want about the %v that it takes without", with, without)
	}
	if longest := slices.Max(took[true]); longest > time.Minute {
		s.t.Errorf("one destroy with 20 viewers took %v: a stream did not end", longest)
	}
}

func pageFollowsAPush(s *system) {
	s.buildTestApp()
	p := s.page()
	w := s.work("one")
	shows := func(selector string, words ...string) {
		s.t.Helper()
		for _, word := range words {
			p.becomes(selector+" with "+word, fmt.Sprintf(`document.querySelector(%q)?.textContent.includes(%q) === true`, selector, word))
		}
	}
	pushed := make(chan string, 1)
	go func() { output, _ := w.push("blue", "main"); pushed <- output }()
	shows("#push-blue .steps", "build")
	shows("#verdict", "A push to blue is under way")
	if last := verdict(<-pushed); !strings.HasPrefix(last, "DEPLOYED blue "+w.head()) {
		s.t.Fatalf("the push: got %q, want it deployed", last)
	}
	good := w.head()[:7]
	shows("#release-blue", good, "behaviour", "push")
	p.becomes("its card", `document.querySelectorAll("#blue-serving > li").length === 1`)
	shows("#events", "switched")

	w.commit("behaviour", "EXIT=1\n")
	w.refused("DEPLOY FAILED blue health "+w.head(), "exit code 1", "blue", "main")
	shows("#push-blue .push-title", w.head()[:7])
	shows("#push-blue .why.bad", "health: ", "exit code 1")
	if !p.is(fmt.Sprintf(`document.querySelector("#release-blue").textContent.includes(%q)`, good)) {
		s.t.Errorf("after a push that was refused the page does not show that %s still runs", good)
	}
}
