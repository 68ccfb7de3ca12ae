package webapp

import (
	"bufio"
	"html/template"
	"io"
	"iter"
	"net/http"

	"github.com/gin-gonic/gin/render"
)

// pictureData is a picture that is shown. It is sent in parts, because whoever
// takes it as a whole copies it: the template once more, and JSON twice.
type pictureData struct {
	Type   string
	Base64 string
}

// partSize is how much of a picture is sent at once, in bytes.
const partSize = 32 << 10

// Tag shows the picture. It needs no escaping: the type is one of
// DetectContentType's, and verify has read the base64 to its end.
func (p pictureData) Tag() iter.Seq[template.HTML] {
	return func(yield func(template.HTML) bool) {
		if !yield(template.HTML(`<img src="data:` + p.Type + `;base64,`)) {
			return
		}
		for rest := p.Base64; rest != ""; {
			size := min(len(rest), partSize)
			if !yield(template.HTML(rest[:size])) {
				return
			}
			rest = rest[size:]
		}
		yield(`" alt="The newest picture">`)
	}
}

// Render writes the picture as JSON, and so makes it a render.Render.
func (p pictureData) Render(w http.ResponseWriter) error {
	p.WriteContentType(w)
	buffered := bufio.NewWriterSize(struct{ io.Writer }{w}, partSize) // a writer of strings would get the whole
	for _, part := range []string{`{"type":"`, p.Type, `","base64":"`, p.Base64, `"}`} {
		_, _ = buffered.WriteString(part) // Flush returns the error
	}
	return buffered.Flush()
}

// WriteContentType says that it is JSON.
func (pictureData) WriteContentType(w http.ResponseWriter) { render.JSON{}.WriteContentType(w) }
