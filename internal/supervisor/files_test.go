package supervisor

import (
	"os"
	"strings"
	"testing"
)

// make clean removes the files by name, because VAR may be anybody's folder.
func TestFiles_AreThoseThatMakeCleanRemoves(t *testing.T) {
	script, err := os.ReadFile("../../scripts/down.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{turnFile, lockFile, pidFile, fingerprintFile, logFile, olderLogFile, "." + pidFile + "-*", "." + fingerprintFile + "-*"} {
		if !strings.Contains(string(script), `"$VAR"/`+file+" ") {
			t.Errorf("scripts/down.sh does not remove %s", file)
		}
	}
}
