package webapp

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/fleet"
)

// png, gif and jpeg are as much of a picture as tells its type.
const (
	png  = "\x89PNG\r\n\x1a\n and the rest"
	gif  = "GIF89a and the rest"
	jpeg = "\xff\xd8\xff\xe0 and the rest"
)

var encodedPNG = base64.StdEncoding.EncodeToString([]byte(png))

// form returns a form with one file in field, and its Content-Type.
func form(t *testing.T, field, file string) (body string, contentType string) {
	t.Helper()
	var buffer bytes.Buffer
	writer := multipart.NewWriter(&buffer)
	must(t, writer.WriteField("note", "comes before the picture"))
	part, err := writer.CreateFormFile(field, `<script>"cat.png`)
	must(t, err)
	_, err = io.WriteString(part, file)
	must(t, err)
	must(t, writer.Close())
	return buffer.String(), writer.FormDataContentType()
}

// upload sends a body to /upload, with its length and in chunks, and expects
// the same answer to both.
func upload(t *testing.T, handler http.Handler, accept, contentType, body string) answer {
	t.Helper()
	var answers []answer
	for _, reader := range []io.Reader{strings.NewReader(body), chunked(strings.NewReader(body))} {
		request := httptest.NewRequest("POST", "/upload", reader)
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("Accept", accept)
		answers = append(answers, send(t, handler, request))
	}
	if answers[0].status != answers[1].status || answers[0].body != answers[1].body {
		t.Errorf("upload of %d bytes: got %v with a length, %v in chunks, want no difference",
			len(body), answers[0], answers[1])
	}
	return answers[0]
}

func uploadFile(t *testing.T, handler http.Handler, accept, field, file string) answer {
	t.Helper()
	body, contentType := form(t, field, file)
	return upload(t, handler, accept, contentType, body)
}

// stored takes every stored picture, newest first.
func stored(t *testing.T, f *fleet.Fleet) (pictures []string) {
	t.Helper()
	for {
		encoded, err := f.TakeImage(t.Context())
		if errors.Is(err, fleet.ErrNoImages) {
			return pictures
		}
		must(t, err)
		pictures = append(pictures, encoded)
	}
}

func TestUpload_IsStoredInBase64(t *testing.T) {
	f := open(t)
	got := uploadFile(t, pages(t, f), asJSON, "image", png)
	if want := `{"type":"image/png","bytes":21}`; got.status != 201 || got.body != want {
		t.Errorf("upload: got %v, want 201 %s", got, want)
	}
	if got := stored(t, f); len(got) != 2 || got[0] != encodedPNG {
		t.Errorf("stored: got %q, want twice %q", got, encodedPNG)
	}
	got = uploadFile(t, pages(t, f), asHTML, "image", png)
	if got.status != 201 || !strings.Contains(got.body, `<a href="/meow">`) || strings.Contains(got.body, "<script>") {
		t.Errorf("upload: got %v, want 201 and a link to /meow", got)
	}
}

// slowReader waits a minute before each reading.
type slowReader struct{ io.Reader }

func (r slowReader) Read(buffer []byte) (int, error) {
	time.Sleep(time.Minute)
	return r.Reader.Read(buffer)
}

// memory is a store that keeps pictures, if they are in time.
type memory struct {
	failing
	pictures []string
}

func (m *memory) AddVisit(context.Context, string) error { return nil }

func (m *memory) TakeImage(context.Context) (string, error) {
	if len(m.pictures) == 0 {
		return "", fleet.ErrNoImages
	}
	return m.pictures[0], nil
}

func (m *memory) AddImage(ctx context.Context, base64 string, _ int, _ int64) error {
	m.pictures = append(m.pictures, base64)
	return ctx.Err()
}

func TestUpload_MayTakeLongerThanRedis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memory)
		body, contentType := form(t, "image", png)
		request := httptest.NewRequest("POST", "/upload", slowReader{strings.NewReader(body)})
		request.Header.Set("Content-Type", contentType)
		got := send(t, pages(t, store), request)
		if got.status != 201 || len(store.pictures) != 1 || store.pictures[0] != encodedPNG {
			t.Errorf("slow upload: got %v and %q stored, want 201 and %q", got, store.pictures, encodedPNG)
		}
	})
}

func TestUpload_MayHaveTenMebibytesAndNotAByteMore(t *testing.T) {
	for size, want := range map[int]int{10 << 20: 201, 10<<20 + 1: 413, 11 << 20: 413} {
		store := new(memory)
		file := png + strings.Repeat("x", size-len(png))
		if got := uploadFile(t, pages(t, store), asJSON, "image", file); got.status != want {
			t.Errorf("upload of %d bytes: got %v, want %d", size, got, want)
		}
		kept := store.pictures
		if want == 201 && (len(kept) != 2 || kept[0] != base64.StdEncoding.EncodeToString([]byte(file))) {
			t.Errorf("upload of %d bytes: got %d pictures stored, want 2 whole ones", size, len(kept))
		}
		if want == 413 && len(kept) != 0 {
			t.Errorf("upload of %d bytes: got %d pictures stored, want none", size, len(kept))
		}
	}
}

func TestUpload_ThatIsAnnouncedTooLargeIsNotRead(t *testing.T) {
	body := strings.NewReader("the beginning")
	request := httptest.NewRequest("POST", "/upload", body)
	request.ContentLength = 11 << 20
	got := send(t, pages(t, new(memory)), request)
	if got.status != 413 || body.Len() != len("the beginning") {
		t.Errorf("upload: got %v with %d bytes unread, want 413 with all %d", got, body.Len(), len("the beginning"))
	}
}

func TestUpload_WithoutAPictureIsRefusedAndNotStored(t *testing.T) {
	t.Parallel()
	whole, contentType := form(t, "image", png)
	elsewhere, elsewhereType := form(t, "picture", png)
	empty, emptyType := form(t, "image", "")
	text, textType := form(t, "image", "just text")
	page, pageType := form(t, "image", "<html><script>alert(1)</script>")
	svg, svgType := form(t, "image", `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	xml, xmlType := form(t, "image", `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`)
	long, longType := form(t, "other", strings.Repeat("x", 11<<20))

	f := open(t)
	handler := pages(t, f)
	for name, test := range map[string]struct {
		body, contentType string
		status            int
		sentence          string
	}{
		"no form":                {png, "image/png", 400, "The form is incomplete."},
		"no type":                {whole, "", 400, "The form is incomplete."},
		"no boundary":            {whole, "multipart/form-data", 400, "The form is incomplete."},
		"another boundary":       {whole, "multipart/form-data; boundary=other", 400, "The form is incomplete."},
		"cut in the picture":     {whole[:len(whole)-70], contentType, 400, "The form is incomplete."},
		"cut in a field's head":  {whole[:90], contentType, 400, "The form has no field image."},
		"nothing":                {"", contentType, 400, "The form is incomplete."},
		"the field is elsewhere": {elsewhere, elsewhereType, 400, "The form has no field image."},
		"an empty file":          {empty, emptyType, 400, "No picture was chosen, or its file is empty."},
		"text":                   {text, textType, 415, "That is not a picture:"},
		"a page":                 {page, pageType, 415, "That is not a picture:"},
		"an SVG":                 {svg, svgType, 415, "That is not a picture:"},
		"an SVG as XML":          {xml, xmlType, 415, "That is not a picture:"},
		"a long other field":     {long, longType, 413, "The picture is too large: 10 MiB at most."},
	} {
		for _, accept := range []string{asJSON, asHTML} {
			got := upload(t, handler, accept, test.contentType, test.body)
			if got.status != test.status || !strings.Contains(got.body, test.sentence) {
				t.Errorf("%s: got %v, want %d %q", name, got, test.status, test.sentence)
			}
		}
	}
	if kept := stored(t, f); len(kept) != 0 {
		t.Errorf("stored: got %q, want nothing", kept)
	}
}

func TestUpload_IsRefusedWhenTooManyPicturesWait(t *testing.T) {
	f := open(t)
	handler := pages(t, f)
	uploadFile(t, handler, asJSON, "image", png) // twice
	got := uploadFile(t, handler, asJSON, "image", gif)
	want := `{"error":"The limit of 2 pictures is reached. Look at some at /meow first."}`
	if got.status != 507 || got.body != want {
		t.Errorf("third upload: got %v, want 507 %s", got, want)
	}
	if kept := stored(t, f); len(kept) != 2 || kept[0] != encodedPNG {
		t.Errorf("stored: got %q, want the first two", kept)
	}
}

func TestMeow_ShowsTheNewestPictureOnce(t *testing.T) {
	f := open(t)
	handler := pages(t, f)
	for _, file := range []string{gif, jpeg, png} {
		must(t, f.AddImage(t.Context(), base64.StdEncoding.EncodeToString([]byte(file)), 9, 64<<20))
	}
	expectHTML(t, handler, "GET", "/meow", 200, `<img src="data:image/png;base64,`+encodedPNG+`" `)
	expectHTML(t, handler, "GET", "/meow", 200, `<img src="data:image/jpeg;base64,`)
	expectJSON(t, handler, "GET", "/meow", 200,
		`{"type":"image/gif","base64":"`+base64.StdEncoding.EncodeToString([]byte(gif))+`"}`)
	expectJSON(t, handler, "GET", "/meow", 404, `{"error":"No pictures left."}`)
	expectHTML(t, handler, "GET", "/meow", 404, "No pictures left.")
}

func TestMeow_PassesOverWhatIsNotAPicture(t *testing.T) {
	f := open(t)
	handler := pages(t, f)
	for _, element := range []string{
		encodedPNG, "", `"><script>alert(1)</script>`, "bm8gcGljdHVyZQ==", encodedPNG + `" onerror="alert(1)`,
		encodedPNG[:len(encodedPNG)-1], strings.Repeat(encodedPNG, 99) + "!",
	} {
		must(t, f.AddImage(t.Context(), element, 99, 64<<20))
	}
	expectJSON(t, handler, "GET", "/meow", 200, `{"type":"image/png","base64":"`+encodedPNG+`"}`)
	expectJSON(t, handler, "GET", "/meow", 404, `{"error":"No pictures left."}`)
}
