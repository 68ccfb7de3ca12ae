package main

import (
	"cmp"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"deux/bench/load"
)

// peer is a proxy to be measured.
type peer struct {
	key     string // in the flag -peers
	name    string
	missing func(s *site) string                       // what to install, empty if it is there
	command func(s *site, port int) (*exec.Cmd, error) // listens on 127.0.0.1:port
	version func(s *site) string
	inRedis bool // asks Redis for the server of each request

	port    int
	process *process // nil for the backend itself
}

func (p *peer) url(path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", p.port, path) }

// reference is the peer by whose figures the others' are divided.
const reference = "nginx"

func allPeers() []*peer {
	return []*peer{
		{key: "ours", name: "deux", inRedis: true, missing: nothing, command: ourCommand,
			version: asked("git", "describe", "--always", "--dirty")},
		{key: "before", name: "deux before", inRedis: true, missing: needsBefore, command: beforeCommand,
			version: func(*site) string { return "(an earlier build)" }},
		{key: reference, name: "nginx", missing: needs("nginx-light", "nginx"), command: nginxCommand,
			version: asked("nginx", "-v")},
		{key: "haproxy", name: "HAProxy", missing: needs("haproxy", "haproxy"), command: haproxyCommand,
			version: asked("haproxy", "-v")},
		{key: "caddy", name: "Caddy", missing: needsCaddy, command: caddyCommand,
			version: func(s *site) string { return asked(s.caddy, "version")(s) }},
		{key: "seed", name: "seed's loop (Node.js)", inRedis: true, missing: needsNode, command: seedCommand,
			version: asked("node", "--version")},
		{key: "direct", name: "no proxy", missing: nothing},
	}
}

func nothing(*site) string { return "" }

// needs returns a peer's missing: the package of a program not installed.
func needs(debian, program string) func(*site) string {
	return func(*site) string {
		if _, err := exec.LookPath(program); err != nil {
			return "apt-get install " + debian
		}
		return ""
	}
}

func needsBefore(s *site) string {
	if s.before == "" {
		return "name an earlier build of it with -before"
	}
	return ""
}

func needsCaddy(s *site) string {
	if s.caddy == "" {
		return "it could not be built"
	}
	return ""
}

// nodeModules is where Debian's packages put them.
const nodeModules = "/usr/share/nodejs"

func needsNode(*site) string {
	for _, module := range []string{"http-proxy", "redis"} {
		if _, err := os.Stat(filepath.Join(nodeModules, module)); err != nil {
			return "apt-get install nodejs node-http-proxy node-redis"
		}
	}
	return needs("nodejs", "node")(nil)
}

// number is how most programs write their version.
var number = regexp.MustCompile(`\d+(\.\d+)+`)

// asked returns a peer's version: the number in the first line that a command
// prints, else the line.
func asked(program string, arguments ...string) func(*site) string {
	return func(*site) string {
		output, _ := exec.Command(program, arguments...).CombinedOutput()
		line, _, _ := strings.Cut(string(output), "\n")
		return cmp.Or(number.FindString(line), line)
	}
}

func ourCommand(s *site, port int) (*exec.Cmd, error) { return s.deux(s.proxy, port), nil }

func beforeCommand(s *site, port int) (*exec.Cmd, error) { return s.deux(s.before, port), nil }

// deux gives a build of cmd/proxy its settings. Earlier ones ignore ADMIN_PORT.
func (s *site) deux(program string, port int) *exec.Cmd {
	command := exec.Command(program)
	command.Env = append(os.Environ(), "SERVICE=proxy", "PORT="+strconv.Itoa(port), "ADMIN_PORT="+strconv.Itoa(port+adminOffset),
		"REDIS_ADDR="+s.redisAddress(), "HOST_IP=127.0.0.1", "FIRST_PORT="+strconv.Itoa(s.firstPort))
	return command
}

func nginxCommand(s *site, port int) (*exec.Cmd, error) {
	conf, err := load.Nginx{Listen: fmt.Sprintf("127.0.0.1:%d", port), Servers: s.backends(), Dir: s.dir}.Conf()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(s.dir, "nginx.conf")
	return exec.Command("nginx", "-c", path, "-e", "stderr", "-g", "daemon off;"), os.WriteFile(path, []byte(conf), 0o644)
}

func haproxyCommand(s *site, port int) (*exec.Cmd, error) {
	path, err := s.conf("haproxy.cfg", port)
	return exec.Command("haproxy", "-db", "-f", path), err
}

func caddyCommand(s *site, port int) (*exec.Cmd, error) {
	path, err := s.conf("caddy.json", port)
	command := exec.Command(s.caddy, "run", "--config", path)
	command.Env = append(os.Environ(), "HOME="+s.dir, "XDG_DATA_HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir)
	return command, err
}

func seedCommand(s *site, port int) (*exec.Cmd, error) {
	path, err := s.conf("seed.js", port)
	command := exec.Command("node", path)
	command.Env = append(os.Environ(), "NODE_PATH="+nodeModules, "NODE_ENV=production",
		"PORT="+strconv.Itoa(port), "REDIS_PORT="+strconv.Itoa(s.redisPort()))
	return command, err
}

//go:embed conf
var templates embed.FS

// conf writes a peer's configuration and returns its path.
func (s *site) conf(name string, port int) (string, error) {
	parsed, err := template.ParseFS(templates, "conf/"+name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.dir, name)
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	err = parsed.Execute(file, struct {
		Port    int
		Servers []string
	}{port, s.backends()})
	if closed := file.Close(); err == nil {
		err = closed
	}
	return path, err
}
