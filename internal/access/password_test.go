package access

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPassword_MatchesItselfAlone(t *testing.T) {
	password := NewPassword("open sesame", "deux")
	for guess, want := range map[string]bool{"open sesame": true, "open sesam": false, "Open sesame": false, "open sesame ": false, "": false} {
		if got := password.Matches(guess); got != want {
			t.Errorf("Matches(%q): got %v, want %v", guess, got, want)
		}
	}
}

func TestPassword_LeavesAFingerprintThatIsItsFleetsOwn(t *testing.T) {
	one := NewPassword("open sesame", "deux").Fingerprint()
	if again := NewPassword("open sesame", "deux").Fingerprint(); again != one {
		t.Errorf("the same again: got %s, want %s", again, one)
	}
	for _, other := range []*Password{NewPassword("open barley", "deux"), NewPassword("open sesame", "second")} {
		if got := other.Fingerprint(); got == one {
			t.Errorf("another password or fleet: got %s too", got)
		}
	}
}

// given begins a session and returns a request of the browser that got it.
func given(t *testing.T, sessions *Sessions, isSecure bool) (*http.Request, *http.Cookie) {
	t.Helper()
	recorder := httptest.NewRecorder()
	if err := sessions.Begin(recorder, isSecure); err != nil {
		t.Fatal(err)
	}
	cookies := recorder.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("got cookies %v, want one", cookies)
	}
	request := httptest.NewRequest("GET", "/", nil)
	request.AddCookie(cookies[0])
	return request, cookies[0]
}

func TestSessions_AreKnownToEveryServerOfTheFleetAndNobodyElse(t *testing.T) {
	request, _ := given(t, NewSessions(NewPassword("open sesame", "deux"), time.Hour), false)
	id, found := NewSessions(NewPassword("open sesame", "deux"), time.Hour).ID(request)
	if !found || len(id) < 20 {
		t.Errorf("another server: got %q, %v, want an id", id, found)
	}
	for what, password := range map[string]*Password{"another password": NewPassword("open barley", "deux"), "another fleet": NewPassword("open sesame", "second")} {
		if id, found := NewSessions(password, time.Hour).ID(request); found {
			t.Errorf("%s: got %q, want none", what, id)
		}
	}
}

func TestSessions_EndInTime(t *testing.T) {
	password := NewPassword("open sesame", "deux")
	synctest.Test(t, func(t *testing.T) {
		sessions := NewSessions(password, time.Hour)
		request, cookie := given(t, sessions, false)
		if cookie.MaxAge != 3600 {
			t.Errorf("Max-Age: got %d, want 3600", cookie.MaxAge)
		}
		time.Sleep(time.Hour)
		if _, found := sessions.ID(request); !found {
			t.Error("after an hour: got none, want the session")
		}
		time.Sleep(2 * time.Second)
		if id, found := sessions.ID(request); found {
			t.Errorf("after more than an hour: got %q, want none", id)
		}
	})
}

func TestSessions_AreInACookieThatScriptsAndOtherSitesDoNotGet(t *testing.T) {
	sessions := NewSessions(NewPassword("open sesame", "deux"), time.Hour)
	for _, isSecure := range []bool{false, true} {
		_, cookie := given(t, sessions, isSecure)
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure != isSecure || cookie.Path != "/" || cookie.Domain != "" {
			t.Errorf("https %v: got %v, want HttpOnly, SameSite=Lax, and Secure as the browser is", isSecure, cookie)
		}
	}
}

func TestSessions_AreNotReadFromAForgedCookie(t *testing.T) {
	sessions := NewSessions(NewPassword("open sesame", "deux"), time.Hour)
	request, cookie := given(t, sessions, false)
	middle := len(cookie.Value) / 2
	for _, value := range []string{"", "x", cookie.Value[:middle], strings.ToLower(cookie.Value), cookie.Value[:middle] + "A" + cookie.Value[middle+1:], cookie.Value + "A"} {
		if value == cookie.Value {
			continue
		}
		forged := httptest.NewRequest("GET", "/", nil)
		forged.AddCookie(&http.Cookie{Name: cookie.Name, Value: value})
		if id, found := sessions.ID(forged); found {
			t.Errorf("%q: got %q, want none", value, id)
		}
	}
	// Another port of the host may set a cookie of this name, which hides none.
	request.Header.Set("Cookie", cookie.Name+"=x; "+request.Header.Get("Cookie"))
	if _, found := sessions.ID(request); !found {
		t.Error("beside a forged one: got none, want the session")
	}
}

func TestBearer_IsReadFromAuthorization(t *testing.T) {
	for field, want := range map[string]string{"Bearer open sesame": "open sesame", "bearer x": "x", "Bearer": "", "Basic eDp5": "-", "": "-"} {
		request := httptest.NewRequest("GET", "/", nil)
		request.Header.Set("Authorization", field)
		got, found := Bearer(request)
		if !found {
			got = "-"
		}
		if got != want {
			t.Errorf("Authorization: %s: got %q, want %q", field, got, want)
		}
	}
}

func BenchmarkPassword_Matches(b *testing.B) {
	password := NewPassword("open sesame", "deux")
	for b.Loop() {
		password.Matches("open barley")
	}
}
