package webapp

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	maxForm    = maxImage + 64<<10 // bytes of a picture with the form around it
	imageField = "image"           // the picture's name in the form
)

type uploadData struct {
	Type  string `json:"type"`
	Bytes int64  `json:"bytes"`
}

// upload reads the form as a stream: ParseMultipartForm would write it to disk,
// which the container does not have.
func (a *App) upload(c *gin.Context) (reply, error) {
	if c.Request.ContentLength > maxForm {
		return reply{}, errLargeImage
	}
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(a.pictureTimeout))
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
	part, err := imagePart(c.Request)
	if err != nil {
		return reply{}, err
	}
	encoded := roomFor(c.Request)
	kind, size, err := encodeImage(encoded, part)
	if err != nil {
		return reply{}, err
	}
	// The form may have taken longer than a page may wait for Redis.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), a.storeTimeout)
	defer cancel()
	err = a.store.AddImage(ctx, encoded.String(), a.config.MaxImages, int64(a.config.MaxImageBytes))
	return reply{http.StatusCreated, "upload", uploadData{kind, size}}, err
}

// roomFor returns a builder with room for the largest picture that a form may
// hold. One that grew as the picture comes would hold it twice while it grows.
func roomFor(form *http.Request) *strings.Builder {
	most := maxImage + 1
	if form.ContentLength >= 0 {
		most = min(most, int(form.ContentLength))
	}
	room := new(strings.Builder)
	room.Grow(base64.StdEncoding.EncodedLen(most))
	return room
}

// imagePart returns the first field called image.
func imagePart(request *http.Request) (io.Reader, error) {
	form, err := request.MultipartReader()
	for err == nil {
		var part *multipart.Part
		part, err = form.NextPart()
		if err == nil && part.FormName() == imageField {
			return formReader{part}, nil
		}
	}
	if err == io.EOF {
		return nil, errNoImage
	}
	return nil, formError(err)
}

// formReader reads a form's field and returns errors that the pages know.
type formReader struct{ field io.Reader }

func (r formReader) Read(buffer []byte) (int, error) {
	n, err := r.field.Read(buffer)
	if err != nil && err != io.EOF {
		err = formError(err)
	}
	return n, err
}

// formError returns what is wrong with a form that failed to read.
func formError(err error) error {
	tooLarge := new(http.MaxBytesError)
	switch {
	case errors.As(err, &tooLarge):
		return errLargeImage
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlowImage
	}
	return errBrokenForm
}

// meow takes pictures until one can be shown. Anything else in the list is
// dropped: it would hide the pictures below it for ever.
func (a *App) meow(c *gin.Context) (reply, error) {
	for {
		encoded, err := a.store.TakeImage(c.Request.Context())
		if err != nil {
			return reply{}, err
		}
		kind, err := verify(encoded)
		if err == nil {
			_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(a.pictureTimeout))
			return reply{http.StatusOK, "meow", pictureData{kind, encoded}}, nil
		}
		a.log.Warn("Element of images dropped", "bytes", len(encoded), "error", err)
	}
}
