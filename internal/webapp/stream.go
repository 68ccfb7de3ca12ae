package webapp

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	// streamPause is how long the browser waits before it asks again, in ms.
	streamPause = "250"
	// beatInterval is the time between two beats, which keep a silent stream alive,
	// and between two looks at its session: the proxies end an answer that is silent
	// for BODY_TIMEOUT, 30 s, and a page gives up a stream that is silent for 35 s.
	beatInterval = 15 * time.Second
	// idFormat makes a message's id of the server's time, by which the page tells
	// ages whatever the time of its browser.
	idFormat = "2006-01-02T15:04:05.000Z"
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
	if s.send("retry: "+streamPause+"\n\n") == nil {
		a.pass(c, viewer, s)
	}
}

// pass sends a viewer's messages until either side ends the stream.
func (a *App) pass(c *gin.Context, viewer *viewer, s stream) {
	beat := time.NewTicker(beatInterval)
	defer beat.Stop()
	for {
		var text string
		select {
		case <-c.Request.Context().Done():
			return
		case message, open := <-viewer.messages:
			if !open {
				return
			}
			text = "data: " + string(message)
		case <-beat.C:
			if a.hasLoggedOut(c) {
				return
			}
			text = "event: beat\ndata: still here"
		}
		if s.send("id: "+time.Now().UTC().Format(idFormat)+"\n"+text+"\n\n") != nil {
			return
		}
	}
}

// hasLoggedOut reports whether the session with which the stream was opened has
// ended and is needed. Without Redis nobody knows, and the stream goes on.
func (a *App) hasLoggedOut(c *gin.Context) bool {
	ctx, cancel := context.WithTimeout(c.Request.Context(), a.storeTimeout)
	defer cancel()
	return errors.Is(a.mayRead(ctx, c), errLogin)
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
