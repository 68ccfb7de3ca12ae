package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"deux/bench/load"
)

//go:embed nginx.Dockerfile
var nginxDockerfile string

// nginxContainer is nginx as people run it: on Docker's bridge, its port published.
const nginxContainer = "deuxbench-nginx"

// startNginx builds and starts nginx in front of servers, published on port.
// The caller must stop it, also after an error.
func startNginx(ctx context.Context, port string, servers []string) error {
	dir, err := os.MkdirTemp("", "deuxbench-nginx-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	conf, err := load.Nginx{Listen: "80", Servers: servers, Dir: "/run"}.Conf()
	if err != nil {
		return err
	}
	for name, content := range map[string]string{"Dockerfile": nginxDockerfile, "nginx.conf": conf} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	for _, line := range [][]string{
		{"docker", "build", "--quiet", "--tag", nginxContainer, dir},
		{"docker", "run", "--detach", "--name", nginxContainer, "--publish", port + ":80", nginxContainer},
	} {
		if _, err := command(ctx, line[0], line[1:]...); err != nil {
			return err
		}
	}
	return poll(ctx, func() bool {
		_, err := get(ctx, "http://127.0.0.1:"+port+"/healthz")
		return err == nil
	})
}

// stopNginx removes container and image, even after an interruption. The
// builder's cache stays.
func stopNginx(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for _, line := range [][]string{{"rm", "--force", nginxContainer}, {"rmi", nginxContainer}} {
		if _, err := command(ctx, "docker", line...); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}
}
