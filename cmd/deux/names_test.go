package main

import (
	"slices"
	"strings"
	"testing"
)

func TestUnread_AreNamesThatNothingReads(t *testing.T) {
	env, _ := check(func(string) string { return "" })
	names := known(env)
	const file = `
# MAX_SERVES=1
MAX_SERVER=3
 PORT=9
max_images="4"
DATABASE_URL='postgres://'
export MAX_KEYS=1
FIRST_PORT=3000
BLUE_APP_MEMORY=1g
ADMIN_PASSWORD_FILE=x
VAR=x
HOST_NAME=x
REDIS_PASSWORD=x
COMPOSE_PROFILES=metrics
DOCKER_HOST=unix:///x
`
	want := []string{"MAX_SERVER", "PORT", "max_images", "DATABASE_URL", "export MAX_KEYS"}
	if got := unread(strings.ReplaceAll(file, "\n", "\r\n"), names); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNearest_IsTheNameThatWasMeant(t *testing.T) {
	env, _ := check(func(string) string { return "" })
	names := known(env)
	for name, want := range map[string]string{
		"MAX_SERVER": "MAX_SERVERS", "max_images": "MAX_IMAGES", "FRIST_PORT": "FIRST_PORT", "DRAINTIMEOUT": "DRAIN_TIMEOUT",
		"HOSTIP": "HOST_IP", "ADMIN_PASWORD": "ADMIN_PASSWORD", "DATABASE_URL": "", "MYSQL_ROOT_PASSWORD": "",
	} {
		if got := nearest(name, names); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
