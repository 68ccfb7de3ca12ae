package webapp

import (
	"context"
	"errors"
	"html/template"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

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
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
	part, err := imagePart(c.Request)
	if err != nil {
		return reply{}, err
	}
	var encoded strings.Builder
	kind, size, err := encodeImage(&encoded, part)
	if err != nil {
		return reply{}, err
	}
	// The form may have taken longer than a page may wait for Redis.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), a.storeTimeout)
	defer cancel()
	err = a.store.AddImage(ctx, encoded.String(), a.config.MaxImages, int64(a.config.MaxImageBytes))
	return reply{http.StatusCreated, "upload", uploadData{kind, size}}, err
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
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return errLargeImage
	}
	return errBrokenForm
}

type pictureData struct {
	Type   string `json:"type"`
	Base64 string `json:"base64"`
}

// Tag shows the picture. It needs no escaping: the type is one of
// DetectContentType's, and verify has read the base64 to its end. As a
// template.URL, megabytes would pass through the escaper three times.
func (p pictureData) Tag() template.HTML {
	return template.HTML(`<img src="data:` + p.Type + `;base64,` + p.Base64 + `" alt="The newest picture">`)
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
			return reply{http.StatusOK, "meow", pictureData{kind, encoded}}, nil
		}
		a.log.Warn("Element of images dropped", "bytes", len(encoded), "error", err)
	}
}
