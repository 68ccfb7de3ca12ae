package proxy

import (
	"net/http/httptest"
	"testing"
	"time"

	"deux/internal/access"
	"deux/internal/http1"
)

func TestSession_IsKnownByTheNameThatTheWebAppGivesIt(t *testing.T) {
	answer := httptest.NewRecorder()
	if err := access.NewSessions(access.NewPassword("secret", "deux"), time.Hour).Begin(answer, false); err != nil {
		t.Fatal(err)
	}
	set := answer.Header().Get("Set-Cookie")
	c := &client{Proxy: &Proxy{config: Config{Service: "blue"}}}
	if !c.setsSession(&http1.Field{Value: []byte(set), Role: http1.SetCookie}) {
		t.Errorf("got a cookie that blue lets pass, %q", set)
	}
}
