// Sample is a small app to push: a page that says which release of it you see.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

//go:embed page.html
var source string

var page = template.Must(template.New("page").Parse(source))

// release is what the page shows. COLOUR and REVISION come from the deploy.
type release struct{ Colour, Revision, Host string }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	routes.Handle("GET /{$}", show(release{
		Colour:   cmp.Or(os.Getenv("COLOUR"), "grey"),
		Revision: cmp.Or(os.Getenv("REVISION"), "none"),
		Host:     host,
	}))
	routes.HandleFunc("GET /slow", slow)
	return serve(ctx, &http.Server{Addr: ":8080", Handler: routes, ReadHeaderTimeout: 10 * time.Second})
}

func show(this release) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, this)
	})
}

// slow answers after ?seconds=N: a request that a switch must not cut off.
func slow(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(cmp.Or(r.FormValue("seconds"), "3"))
	if err != nil || seconds < 0 || seconds > 60 {
		http.Error(w, "seconds must be a number from 0 to 60", http.StatusBadRequest)
		return
	}
	select {
	case <-r.Context().Done():
	case <-time.After(time.Duration(seconds) * time.Second):
		_, _ = w.Write([]byte("That took " + strconv.Itoa(seconds) + " s.\n"))
	}
}

// grace is how long requests may take to end after SIGTERM. Docker kills after
// ten seconds.
const grace = 9 * time.Second

// serve answers until ctx ends, then lets the requests in flight end.
func serve(ctx context.Context, server *http.Server) error {
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	log.Printf("listening on %s", server.Addr)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(ending); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return server.Close()
}
