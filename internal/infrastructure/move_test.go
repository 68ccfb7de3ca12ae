package infrastructure

import (
	"slices"
	"testing"

	"deux/internal/fleet"
)

// formerSite is that of before HOST_IP changed.
var formerSite = fleet.Site{Host: "10.0.0.5", First: 3000}

func TestPoller_MovesServersToAnotherAddressWhileTheFirstServes(t *testing.T) {
	w := newWorld(t)
	w.setFirst("of another address")
	w.run(3001, 3002)
	for _, port := range []int{3001, 3002} {
		w.locked(func() { w.address[site.Server(port).Container()] = formerSite.Host })
	}
	for _, port := range []int{3000, 3001, 3002} {
		w.Put("servers", formerSite.Server(port).URL)
	}
	w.Put("servers", url(3000)) // by the proxy
	w.Put("drainServers", formerSite.Server(3000).URL)
	w.Put("deleteServers", formerSite.Server(3002).URL)
	w.spawn = func(int) error {
		if !slices.Contains(w.Elements("servers"), url(3000)) {
			t.Errorf("servers: got %q, want the first one in it", w.Elements("servers"))
		}
		return nil
	}
	w.start()
	w.want("servers", url(3000), url(3001), url(3002))
	w.want("failedServers")
	w.want("spawningServers")
	for _, port := range []int{3001, 3002} {
		w.wantEvent("spawn " + site.Server(port).Image() + " " + site.Server(port).Container())
	}
}

// An infrastructure with another HOST_IP, which is replaced only after the first
// server, takes its URL for garbage.
func TestPoller_ListsTheFirstServerThoughItWasSetAside(t *testing.T) {
	w := newWorld(t)
	w.Put("failedServers", url(3000), "garbage")
	w.start()
	w.want("servers", url(3000))
	w.want("failedServers", "garbage")
}
