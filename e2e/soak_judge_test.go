package e2e

import (
	"maps"
	"time"
)

// window is a time in which an action excuses some requests that fail.
type window struct {
	action      string
	from, until time.Time // until is zero while it is open
	excuses     func(request) bool
	hung        string    // the server that hangs, if one does
	since       time.Time // when the proxy could first notice that
}

// hangNoticed is how long after that the server may still be given requests.
const hangNoticed = busyHost * noticedWithin

// excuse opens a window. It ends when it is closed, or with the next quiet
// moment.
func (k *soak) excuse(action string, excuses func(request) bool) *window {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := &window{action: action, from: time.Now(), excuses: excuses}
	k.windows = append(k.windows, w)
	return w
}

func (k *soak) close(w *window, until time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if w.until.IsZero() {
		w.until = until
	}
}

func (w *window) covers(r request) bool {
	if w.hung != "" && r.from.After(w.since.Add(hangNoticed)) {
		return false
	}
	return r.to.After(w.from) && (w.until.IsZero() || r.from.Before(w.until)) && w.excuses(r)
}

// judge says of each request that failed by which action it is excused, and
// returns those that are by none.
func (k *soak) judge() (violations []request) {
	k.traffic.mu.Lock()
	failed, slow := k.traffic.failed, k.traffic.slow
	k.traffic.failed, k.traffic.slow = nil, nil
	k.traffic.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range failed {
		if w := k.windowOf(r); w != nil {
			k.traffic.excused[w.action]++
		} else {
			violations = append(violations, r)
		}
	}
	for _, r := range append(failed, slow...) {
		k.timeHang(r)
	}
	return violations
}

// timeHang notes how long after it hung a server was still given a request.
func (k *soak) timeHang(r request) {
	for _, w := range k.windows {
		if w.hung != "" && r.server == w.hung && r.from.After(w.since) && (w.until.IsZero() || r.from.Before(w.until)) {
			k.hung = append(k.hung, r.from.Sub(w.since))
		}
	}
}

// forgetHangs says that the proxy of the web servers starts again, and has to
// notice again which of them hang.
func (k *soak) forgetHangs() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, w := range k.windows {
		w.since = time.Now()
	}
}

func (k *soak) windowOf(r request) *window {
	for _, w := range k.windows {
		if w.covers(r) {
			return w
		}
	}
	return nil
}

// closeWindows ends all excuses: the system has settled. What is long over goes.
func (k *soak) closeWindows() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, w := range k.windows {
		if w.until.IsZero() {
			w.until = time.Now()
		}
	}
}

func (tr *traffic) sums() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return counts(tr.sent)
}

func (tr *traffic) excuses() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return counts(maps.Clone(tr.excused))
}

// cut reports whether an answer never came, or broke off: nobody said that the
// request failed.
func cut(r request) bool { return r.status/100 <= 2 }

// ofServer excuses what may not be repeated and went to a web server that was
// harmed, and answers of it that broke off.
func ofServer(server string) func(request) bool {
	return func(r request) bool {
		return r.pool == "web" && (r.server == server || r.server == "") && (r.once || r.kind == "stream" || r.status == 200)
	}
}

// ofPool excuses what was on its way to or through a proxy that was ended: its
// answer never comes. What it answers itself is no excuse.
func ofPool(pool string) func(request) bool {
	return func(r request) bool { return r.pool == pool && r.kind != "push" && cut(r) }
}

func ofRedis(r request) bool { return r.needsRedis }

// ofApp excuses whatever goes to a colour, which has only one app.
func ofApp(colour string) func(request) bool {
	return func(r request) bool { return r.pool == colour }
}

func anything(request) bool { return true }
