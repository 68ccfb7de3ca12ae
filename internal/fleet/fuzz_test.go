package fleet

import (
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"deux/internal/redistest"
)

// FuzzSite_ParseTakesWhatServerWritesAndLuaAgrees holds that Parse takes an
// element exactly when Server could have written it, and that the scripts, which
// read elements inside Redis, take the same ones.
func FuzzSite_ParseTakesWhatServerWritesAndLuaAgrees(f *testing.F) {
	client := redis.NewClient(&redis.Options{Addr: redistest.Address(f)})
	f.Cleanup(func() { client.Close() })
	site := Site{Host: "172.17.0.1", First: 3000}
	inLua := redis.NewScript(portOf + `return portOf(ARGV[1], ARGV[2], tonumber(ARGV[3]))`)
	for _, element := range []string{
		"http://172.17.0.1:3000", "http://172.17.0.1:65535", "http://172.17.0.1:65536", "http://172.17.0.1:2999",
		"http://172.17.0.1:03000", "http://172.17.0.1:3000/", "http://172.17.0.1:3000\n", "http://172.17.0.1:3e3",
		"http://172.17.0.1:18446744073709554616", "http://u@172.17.0.1:3000", "https://172.17.0.1:3000", "", "; reboot",
	} {
		f.Add(element)
	}
	f.Fuzz(func(t *testing.T, element string) {
		server, err := site.Parse(element)
		if invalid := new(InvalidError); err != nil && (!errors.As(err, &invalid) || invalid.Element != element) {
			t.Fatalf("%q: got %v, want an InvalidError that has the element", element, err)
		}
		if err == nil && (server != site.Server(server.Port) || server.URL != element || server.Port < site.First || server.Port > maxPort) {
			t.Fatalf("%q: got %+v, which Server does not write", element, server)
		}
		port, luaErr := inLua.Run(t.Context(), client, nil, element, site.Host, site.First).Int()
		if (err == nil) != (luaErr == nil) || port != server.Port || luaErr != nil && luaErr != redis.Nil {
			t.Fatalf("%q: Go reads %d, %v, Lua %d, %v", element, server.Port, err, port, luaErr)
		}
	})
}
