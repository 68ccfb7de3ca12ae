package fleet

import (
	"slices"
	"testing"
)

func TestForeign_AreServersOfAnotherSiteAndNotGarbage(t *testing.T) {
	lists := Lists{site: Site{Host: "10.0.0.5", First: 3010}, elements: map[string][]string{
		serversKey: {"http://10.0.0.5:3010", "http://10.0.0.5:3001", "http://172.17.0.1:3011", "http://10.0.0.5:3001/x", "; reboot"},
		tempKey:    {"http://10.0.0.5:3001", "http://example.org:3001", "http://10.0.0.5:03002"},
		failedKey:  {"http://10.0.0.5:3003"},
	}}
	want := []string{"http://10.0.0.5:3001", "http://172.17.0.1:3011"}
	var got []string
	for _, server := range lists.Foreign() {
		got = append(got, server.URL)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFailedFirst_IsWhatAnyAddressHasAtTheFirstPort(t *testing.T) {
	lists := Lists{site: Site{Host: "10.0.0.5", First: 3000}, elements: map[string][]string{
		serversKey: {"http://172.17.0.2:3000"},
		failedKey:  {"http://172.17.0.1:3000", "http://10.0.0.5:3000", "http://172.17.0.1:3001", "http://example.org:3000", "; reboot"},
	}}
	want := []Server{Site{Host: "172.17.0.1"}.Server(3000), lists.site.FirstServer()}
	if got := lists.FailedFirst(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
