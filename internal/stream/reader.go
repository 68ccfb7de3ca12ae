package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"deux/internal/program"
)

// Reader answers HTTP requests with the text that the writer's socat sends,
// byte for byte, read after the request came.
type Reader struct {
	config ReaderConfig
	shared *shared
	writer *program.Outage
	grace  time.Duration // for the requests under way at the end
	log    *slog.Logger
}

// NewReader returns a Reader that has not dialled the writer yet.
func NewReader(config ReaderConfig, log *slog.Logger) *Reader {
	r := &Reader{
		config: config, writer: program.NewOutage(log.With("writer", config.Writer), "The writer"), grace: serverGrace, log: log,
	}
	r.shared = &shared{read: r.read, timeout: config.ReadTimeout, gather: gatherTime}
	return r
}

// ServeHTTP knows two pages: /healthz, and the text under every other path.
func (r *Reader) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		answer(w, http.StatusMethodNotAllowed, []byte("Only GET and HEAD are answered here.\n"))
	case req.URL.Path == "/healthz":
		answer(w, http.StatusOK, []byte("ok\n"))
	default:
		r.serveText(w, req)
	}
}

func (r *Reader) serveText(w http.ResponseWriter, req *http.Request) {
	text, err := r.shared.get(req.Context())
	if err != nil {
		answer(w, http.StatusBadGateway, []byte(r.explain(err)+"\n"))
		return
	}
	answer(w, http.StatusOK, text)
}

func answer(w http.ResponseWriter, status int, text []byte) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(text)
}

// explain says in one line what is wrong with the writer and what to do.
func (r *Reader) explain(err error) string {
	switch writer := "The writer at " + r.config.Writer; {
	case errors.Is(err, errTooLarge):
		return fmt.Sprintf("%s sent more than the %d bytes that are taken here: raise MAX_STREAM_BYTES.", writer, r.config.MaxBytes)
	case errors.Is(err, errEmpty):
		return writer + " sent nothing: see in its log whether it can write its file."
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s did not send all within %v: see whether it is overloaded, or raise READ_TIMEOUT.", writer, r.config.ReadTimeout)
	default:
		return fmt.Sprintf("%s can't be read: see that it runs, and try again. (%v)", writer, err)
	}
}

func (r *Reader) read(ctx context.Context) ([]byte, error) {
	text, err := readToEnd(ctx, r.config.Writer, r.config.MaxBytes)
	r.writer.Note(err)
	return text, err
}
