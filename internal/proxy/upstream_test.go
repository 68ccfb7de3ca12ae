package proxy

import "testing"

func TestUpstream_ThatHangsIsLeftOutUntilItAnswers(t *testing.T) {
	var now clock
	var u upstream
	if !u.hung(&now) || u.isDue(&now) {
		t.Errorf("at first: isDue is %v, want a pause before it is asked again", u.isDue(&now))
	}
	now.now.Add(firstOut.Milliseconds())
	if !u.isOut(&now) || !u.isDue(&now) {
		t.Errorf("after %v: isOut is %v and isDue %v, want it to be asked and left out", firstOut, u.isOut(&now), u.isDue(&now))
	}
	if u.hung(&now) {
		t.Error("hung: got news, want the same as before")
	}
	u.awake(&now)
	if u.isOut(&now) || u.isDue(&now) {
		t.Errorf("awake: isOut is %v and isDue %v, want neither", u.isOut(&now), u.isDue(&now))
	}
}

func TestUpstream_ThatOnlyFailedIsNotForgivenForBeingAwake(t *testing.T) {
	var now clock
	var u upstream
	u.failed(&now)
	if u.awake(&now); !u.isOut(&now) {
		t.Error("got it back at once, want it left out for the usual moment")
	}
}

func TestUpstream_CountsFailuresAtTheSameTimeAsOne(t *testing.T) {
	var now clock
	var u upstream
	for range 100 {
		u.failed(&now)
	}
	now.now.Add(firstOut.Milliseconds())
	if u.isOut(&now) {
		t.Errorf("after %v: it is left out for longer, want it back: it has not failed again", firstOut)
	}
	u.failed(&now)
	now.now.Add(firstOut.Milliseconds())
	if !u.isOut(&now) {
		t.Error("after a second failure: it is back, want it left out for twice as long")
	}
}
