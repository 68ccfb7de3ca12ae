// App is what the tests of git push deploy. The file /behaviour in its image,
// lines of NAME=value, says how it misbehaves.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		command(os.Args[1:])
	}
	behaviour := read("/behaviour")
	misbehave(behaviour["MISBEHAVE"])
	for i := range 60 {
		fmt.Printf("log line %d\n", i+1)
	}
	if os.Getenv("BREAK") != "" {
		fmt.Println("BREAK is set")
		os.Exit(4)
	}
	if code, err := strconv.Atoi(behaviour["EXIT"]); err == nil {
		os.Exit(code)
	}
	if delay, err := time.ParseDuration(behaviour["START_DELAY"]); err == nil {
		time.Sleep(delay)
	}
	listen := ":8080"
	if behaviour["LISTEN"] != "" {
		listen = behaviour["LISTEN"]
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "websocket" {
			echo(w, r)
			return
		}
		if status, err := strconv.Atoi(behaviour["STATUS"]); err == nil {
			w.WriteHeader(status)
		}
		if file := r.URL.Query().Get("count"); file != "" {
			count(w, file)
			return
		}
		if target := r.URL.Query().Get("dial"); target != "" {
			dial(w, target)
			return
		}
		if behaviour["AGENTS"] != "" {
			fmt.Printf("%s %s by %s\n", r.Method, r.URL, r.UserAgent())
		}
		if name := r.URL.Query().Get("env"); name != "" {
			fmt.Fprintln(w, os.Getenv(name))
			return
		}
		if path := r.URL.Query().Get("file"); path != "" {
			content, err := os.ReadFile(path)
			fmt.Fprintf(w, "%s %v %v\n", content, err, os.WriteFile(path, nil, 0o600) == nil)
			return
		}
		seconds, _ := strconv.ParseFloat(r.URL.Query().Get("seconds"), 64)
		time.Sleep(time.Duration(seconds * float64(time.Second)))
		fmt.Fprintf(w, "%s %s %s\n", os.Getenv("COLOUR"), os.Getenv("REVISION"), behaviour["TEXT"])
	})
	if behaviour["DEAF"] != "" {
		signal.Ignore(syscall.SIGTERM)
		_ = http.ListenAndServe(listen, mux)
	}
	server := &http.Server{Addr: listen, Handler: mux}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if behaviour["ABRUPT"] != "" {
		context.AfterFunc(ctx, func() { os.Exit(0) })
	}
	ended := make(chan struct{})
	context.AfterFunc(ctx, func() { _ = server.Shutdown(context.Background()); close(ended) })
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Println(err)
		os.Exit(1)
	}
	<-ended
}

// check is the app as the command of a HEALTHCHECK.
func check(verdict string) {
	if verdict == "healthy" {
		os.Exit(0)
	}
	fmt.Println("not well")
	os.Exit(1)
}

// dial tells whether the app can reach an address.
func dial(w http.ResponseWriter, target string) {
	connection, err := net.DialTimeout("tcp", target, 2*time.Second)
	if err != nil {
		fmt.Fprintln(w, "no connection:", err)
		return
	}
	connection.Close()
	fmt.Fprintln(w, "connected")
}

func read(path string) map[string]string {
	content, _ := os.ReadFile(path)
	values := make(map[string]string)
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = value
	}
	return values
}
