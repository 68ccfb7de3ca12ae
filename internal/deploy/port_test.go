package deploy

import (
	"strings"
	"testing"
)

func TestAppPort_IsTheOneThatIsMeant(t *testing.T) {
	for _, test := range []struct {
		exposed    []int
		configured string
		want       int
		note       string
	}{
		{nil, "", 8080, ""},
		{[]int{8080}, "", 8080, ""},
		{[]int{3000}, "", 3000, "The image EXPOSEs port 3000: "},
		{[]int{80, 443, 8080}, "", 8080, ""},
		{[]int{80, 443}, "", 8080, "The image EXPOSEs the ports 80, 443 and not 8080"},
		{[]int{80, 443}, "443", 443, ""},
		{[]int{8080}, "3000", 3000, ""},
	} {
		got, note := appPort(test.exposed, test.configured)
		if got != test.want || !strings.HasPrefix(note, test.note) || (note == "") != (test.note == "") {
			t.Errorf("EXPOSE %v, PORT=%s: got %d, %q, want %d, %q", test.exposed, test.configured, got, note, test.want, test.note)
		}
	}
}
