package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestBackupScript_ReadsNothingWhileAPushMayBeUnderWay(t *testing.T) {
	s := scriptsWith(t, `"volume ls"*project=deux*) echo deux_redis ;; "volume inspect"*) echo a=b ;;`)
	write(t, s.path("deploy/blue.git/deux/settings"), "FLEET=deux\n")
	write(t, s.path("deploy/green.git/deux/settings"), "FLEET=deux\n")
	program(t, s.path("bin/deploy"), "#!/bin/sh\necho \"deploy $1 $2\" >>'"+s.path("calls")+"'\nshift 3\n\"$@\"\ncode=$?\necho \"deploy let go\" >>'"+s.path("calls")+"'\nexit $code\n")
	file := filepath.Join(t.TempDir(), "kept.tar.gz")
	output, err := s.run("backup.sh " + file)
	if err != nil || !strings.Contains(output, "make restore FILE="+file) {
		t.Fatalf("got %v and\n%s", err, output)
	}
	done := strings.Join(s.calls(""), "\n")
	blue, green, free := strings.Index(done, "hold blue"), strings.Index(done, "hold green"), strings.Index(done, "let go")
	if first, last := strings.Index(done, "volume"), strings.LastIndex(done, "volume"); !(0 <= blue && blue < green && green < first && last < free) {
		t.Errorf("got\n%s\nwant it to read volumes while both colours are held", done)
	}
	if list, err := exec.Command("tar", "-tzf", file).Output(); err != nil || !strings.Contains(string(list), "./deploy.tar\n") {
		t.Errorf("the archive: got %v and\n%s", err, list)
	}
}

func TestBackupScript_SaysWhatIsMissing(t *testing.T) {
	s := scriptsWith(t, "")
	if output, err := s.run("backup.sh kept"); err == nil || !strings.Contains(output, "make up makes it") {
		t.Errorf("without repositories: got %v and\n%s", err, output)
	}
	write(t, s.path("deploy/blue.git/HEAD"), "")
	if output, err := s.run("backup.sh kept"); err == nil || !strings.Contains(output, "make build makes it") {
		t.Errorf("without bin/deploy: got %v and\n%s", err, output)
	}
}
