package webapp

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	// streamPause is how long the browser waits before it asks again, in ms.
	streamPause = "250"
	// beatInterval is the time between two comments that keep a silent stream
	// alive: the proxies end an answer that is silent for BODY_TIMEOUT, 30 s.
	beatInterval = 15 * time.Second
	// slowViewer is how long sending a message may take.
	slowViewer = 5 * time.Second
)

// events streams the dashboard as server-sent events (HTML Living Standard,
// section 9.2): all of it, then what changes.
func (a *App) events(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), a.storeTimeout)
	viewer, err := a.live.watch(ctx)
	if cancel(); err != nil {
		a.write(c, a.refuse(c, err))
		return
	}
	defer a.live.leave(viewer)
	c.Header("Content-Type", "text/event-stream")
	s := stream{c.Writer, http.NewResponseController(c.Writer)}
	// The deadline of other requests would end a healthy stream.
	_ = s.SetReadDeadline(time.Time{})
	if s.send("retry: "+streamPause+"\n\n") != nil {
		return
	}
	beat := time.NewTicker(beatInterval)
	defer beat.Stop()
	for err == nil {
		select {
		case <-c.Request.Context().Done():
			return
		case text, open := <-viewer.messages:
			if !open {
				return
			}
			err = s.send("id: " + time.Now().UTC().Format("150405.000") + "\ndata: " + string(text) + "\n\n")
		case <-beat.C:
			err = s.send(": still here\n\n")
		}
	}
}

// stream is an answer that is sent as it is written.
type stream struct {
	http.ResponseWriter
	*http.ResponseController
}

// send sends a text at once, or fails if the viewer takes too long.
func (s stream) send(text string) error {
	_ = s.SetWriteDeadline(time.Now().Add(slowViewer))
	if _, err := s.Write([]byte(text)); err != nil {
		return err
	}
	return s.Flush()
}
