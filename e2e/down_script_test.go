package e2e

import (
	"strings"
	"testing"
)

func TestDownScript_GoesOnWhereSomethingCannotBeRemoved(t *testing.T) {
	for _, test := range []struct {
		name, branches string
		ok             bool
		want           string // in what it says
	}{
		{"nothing is in its way", "", true, ""},
		{"a server vanishes meanwhile", `stop*) : >"$root/gone"; echo "No such container: b" >&2; exit 1 ;; "rm "*) exit 1 ;;`, true, "No such container: b"},
		{"a server stays", `"rm "*) echo "cannot remove b" >&2; exit 1 ;;`, false, "cannot remove b"},
		{"a stranger uses an image", `rmi*) echo "container c is using it" >&2; exit 1 ;;`, false, "container c is using it"},
	} {
		s := scriptsWith(t, test.branches+`
			ps*label=deux.role=server*) [ -e "$root/gone" ] || echo "a b" ;;
			images*) echo webapp_3001 ;;`)
		s.withoutCompose()
		output, err := s.run("down.sh")
		if (err == nil) != test.ok || !strings.Contains(output, test.want) {
			t.Errorf("%s: got %v, want success: %v, and %q said\n%s", test.name, err, test.ok, test.want, output)
		}
		if s.calls("rmi webapp_3001") == nil || s.calls("compose down") == nil {
			t.Errorf("%s: got %q, want images and Compose's containers removed all the same", test.name, s.calls(""))
		}
	}
}
