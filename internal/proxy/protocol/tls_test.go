package protocol

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deux/internal/porttest"
)

// TestCaddy_InFrontAsTheDocsSay runs Caddy with the lines of docs/security.md,
// names and ports aside, in front of a proxy with the settings that stand there.
func TestCaddy_InFrontAsTheDocsSay(t *testing.T) {
	caddyfile, settings := docsBlock(t, "caddyfile"), docsBlock(t, "sh")
	if _, err := exec.LookPath("caddy"); err != nil {
		if os.Getenv("REQUIRE_TOOLS") != "" {
			t.Fatal("needs caddy in PATH: apt-get install caddy")
		}
		t.Skip("needs caddy in PATH: apt-get install caddy, or run make test")
	}
	h := newTheatre(t)
	s := h.take(t, strings.Join(strings.Fields(settings), " "))
	seen := make(chan *http.Request, 1)
	app := h.listen(t)
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r })}
	go func() { _ = server.Serve(app) }()
	t.Cleanup(func() { _ = server.Close() })
	if err := s.show(t.Context(), app.Addr().String()); err != nil {
		t.Fatal(err)
	}

	front := localPort(t)
	startCaddy(t, strings.NewReplacer("deux.example.org", front, "127.0.0.1:3456", s.address,
		"blue.example.org", localPort(t), "green.example.org", localPort(t)).Replace(caddyfile))
	getTLS(t, "https://"+front+"/")

	got := (<-seen).Header
	for name, want := range map[string]string{
		"X-Forwarded-Proto": "https", "X-Forwarded-Host": front, "X-Forwarded-For": "127.0.0.1, 127.0.0.1",
	} {
		if strings.ReplaceAll(got.Get(name), "::1", "127.0.0.1") != want {
			t.Errorf("the server sees %s: %q, want %q", name, got.Get(name), want)
		}
	}
}

// localPort returns an address that Caddy can listen on.
func localPort(t *testing.T) string {
	t.Helper()
	return fmt.Sprint("localhost:", porttest.Free(t))
}

// docsBlock returns the only block of that language in docs/security.md.
func docsBlock(t *testing.T, language string) string {
	t.Helper()
	docs, err := os.ReadFile("../../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(docs), "\n```"+language+"\n")
	block, _, ended := strings.Cut(rest, "\n```\n")
	if !found || !ended {
		t.Fatalf("docs/security.md has no block of %s", language)
	}
	return block
}

// startCaddy runs Caddy with certificates that it signs itself, until the test
// ends.
func startCaddy(t *testing.T, caddyfile string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "Caddyfile")
	options := "{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n"
	if err := os.WriteFile(path, []byte(options+caddyfile), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	caddy := exec.Command("caddy", "run", "--adapter", "caddyfile", "--config", path)
	caddy.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	caddy.Stderr = &log
	if err := caddy.Start(); err != nil {
		t.Fatalf("starting Caddy: %v", err)
	}
	t.Cleanup(func() {
		_ = caddy.Process.Kill()
		_ = caddy.Wait()
		if t.Failed() {
			t.Logf("Caddy's log:\n%s", &log)
		}
	})
}

// getTLS asks until Caddy listens and has its certificate.
func getTLS(t *testing.T, url string) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		response, err := client.Get(url)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("GET %s: got %s, want 200", url, response.Status)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("Caddy did not answer within %v: %v", startTimeout, err)
		}
	}
}
