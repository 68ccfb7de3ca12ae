// Package internal has no code of its own, only the rule of which of its
// packages may import which: the programs meet in Redis and on a socket, in
// the code as in the running system.
package internal

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// tools may be imported by every package; they import none but one another.
var tools = []string{"program", "settings"}

// allowed says which others a package may import besides tools.
var allowed = map[string][]string{
	"fleet":          {},
	"access":         {},
	"engine":         {},
	"stream":         {},
	"overview":       {"fleet"},
	"preflight":      {"fleet", "engine"},
	"status":         {"fleet", "engine", "overview"},
	"webapp":         {"fleet", "access", "overview"},
	"proxy":          {"fleet", "http1"},
	"infrastructure": {"fleet", "engine", "access"},
	"deploy": {"fleet", "engine", "deploy/appenv", "deploy/health", "deploy/images", "deploy/keptlog",
		"deploy/layers", "deploy/ledger", "deploy/repo", "deploy/volumes"},
	"appenv":     {}, // files, no Docker and no Redis
	"health":     {"engine"},
	"images":     {"engine", "deploy/layers", "deploy/ledger"},
	"keptlog":    {"engine"},
	"layers":     {"deploy/ledger"},
	"volumes":    {"engine", "deploy/ledger"},
	"ledger":     {}, // the same
	"repo":       {}, // git alone
	"http1":      {},
	"protocol":   {}, // only tests: the proxy from outside
	"porttest":   {},
	"redistest":  {"porttest"},
	"repotest":   {},
	"streamtest": {},
	"program":    {},
	"supervisor": {},
	"settings":   {},
}

// owners are the only packages that see a library.
var owners = map[string][]string{
	"github.com/docker/docker/":  {"engine"},
	"github.com/redis/go-redis/": {"fleet", "redistest"},
	"github.com/gin-gonic/gin":   {"webapp"},
	"github.com/prometheus/":     {"proxy"},
	"github.com/gorilla/":        {"access"},
	"golang.org/x/crypto/":       {"access"},
}

func TestImports_PointOneWay(t *testing.T) {
	output, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(output)) {
		path, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		name := path[strings.LastIndex(path, "/")+1:]
		if name == "internal" {
			continue
		}
		may, known := allowed[name]
		if !known {
			t.Errorf("%s is not in this test's table: say what it may import", path)
		}
		for _, imported := range strings.Fields(imports) {
			checkImport(t, name, imported, may)
		}
	}
}

func checkImport(t *testing.T, name, imported string, may []string) {
	t.Helper()
	if local, isLocal := strings.CutPrefix(imported, "deux/internal/"); isLocal {
		if !slices.Contains(may, local) && !slices.Contains(tools, local) {
			t.Errorf("%s imports %s, want only %v and %v", name, local, may, tools)
		}
	}
	for library, names := range owners {
		if strings.HasPrefix(imported, library) && !slices.Contains(names, name) {
			t.Errorf("%s imports %s, want that only in %v", name, imported, names)
		}
	}
}
