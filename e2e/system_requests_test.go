package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// picture is a PNG of one pixel.
const picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

func pictureForm(t *testing.T) (body []byte, contentType string) {
	t.Helper()
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	file, err := writer.CreateFormFile("image", "cat.png")
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := base64.StdEncoding.DecodeString(picture)
	file.Write(raw)
	writer.Close()
	return form.Bytes(), writer.FormDataContentType()
}

func pictures(s *system) {
	form, contentType := pictureForm(s.t)
	response, err := s.client.Post(s.proxy("/upload"), contentType, bytes.NewReader(form))
	if err != nil || response.StatusCode/100 != 2 {
		s.t.Fatalf("upload: got %v, %v", response, err)
	}
	response.Body.Close()
	shown, err := s.client.Get(s.proxy("/meow"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer shown.Body.Close()
	if page, _ := io.ReadAll(shown.Body); !bytes.Contains(page, []byte("data:image/png;base64,"+picture)) {
		s.t.Errorf("/meow does not show the picture: %s", page)
	}
	if n := len(s.redis.Elements("images")); n != 0 {
		s.t.Errorf("after /meow images holds %d, want 0", n)
	}
}

func drainFinishesTheRequest(s *system) {
	for range 5 {
		if uploadOutlivesItsServer(s) {
			return
		}
	}
	s.t.Error("in five tries no upload went to the server that was destroyed")
}

// uploadOutlivesItsServer destroys a server while it has half of an upload. It
// tells whether the upload was that server's and not the first one's.
func uploadOutlivesItsServer(s *system) bool {
	s.settle()
	s.spawn(1) // whose turn is the next
	upload := s.beginUpload()
	s.fetch(s.proxy("/healthz"), nil) // takes the first server's turn
	gone := s.wish("/destroy")
	s.want("servers", s.server(0))
	stopped := s.goesOnServing(gone)
	if upload.finish() != gone {
		return false
	}
	if stopped != nil {
		s.t.Errorf("the server was stopped with a request in flight: %v", stopped)
	}
	return true
}

// upload is a picture of which half is sent.
type upload struct {
	s        *system
	rest     []byte
	half     *io.PipeWriter
	answered chan error
	response *http.Response
}

func (s *system) beginUpload() *upload {
	form, contentType := pictureForm(s.t)
	body, half := io.Pipe()
	s.t.Cleanup(func() { half.Close() })
	request, err := http.NewRequest(http.MethodPost, s.proxy("/upload"), body)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.ContentLength = int64(len(form))
	u := &upload{s: s, rest: form[len(form)/2:], half: half, answered: make(chan error, 1)}
	go func() {
		var err error
		u.response, err = http.DefaultClient.Do(request) // which has no timeout
		u.answered <- err
	}()
	half.Write(form[:len(form)/2])
	return u
}

// finish sends the rest, and tells which server took it.
func (u *upload) finish() (servedBy string) {
	u.half.Write(u.rest)
	if err := <-u.answered; err != nil {
		u.s.t.Errorf("upload: %v", err)
		return ""
	}
	u.response.Body.Close()
	servedBy = u.response.Header.Get("X-Served-By")
	if u.response.StatusCode/100 != 2 {
		u.s.t.Errorf("upload: got %s, want success from %s", u.response.Status, servedBy)
	}
	u.s.redis.Remove("images")
	return servedBy
}

// goesOnServing looks for a while whether a server was told to stop: it would
// take no more connections.
func (s *system) goesOnServing(server string) error {
	for range 20 {
		response, err := s.client.Get(server + "/healthz")
		if err != nil {
			return err
		}
		response.Body.Close()
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// load sends uploads without a picture. Each must be refused for that, and
// changes nothing.
func (s *system) load() *load {
	return startLoad(s.t, s.proxy("/upload"), 5*time.Millisecond, http.StatusBadRequest)
}

func noRequestFails(s *system) {
	load := s.load()
	s.spawn(4)
	for range 4 {
		s.wish("/destroy")
	}
	s.want("deleteServers")
	s.want("destroyingServers")
	load.stop()
}

// upWhileRenewing returns once make up says that it waits for that renewal, and
// returned waits for the end of make up, which must be well.
func (s *system) upWhileRenewing(waits string) (returned func()) {
	s.t.Helper()
	up := s.command("scripts/up.sh")
	output, err := up.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := up.Start(); err != nil {
		s.t.Fatal(err)
	}
	said, line := "", ""
	lines := bufio.NewReader(output)
	for ; !strings.HasSuffix(line, waits); said += line {
		if line, err = lines.ReadString('\n'); err != nil {
			s.t.Fatalf("up: %v, %v, want that it says %q:\n%s", err, up.Wait(), waits, said)
		}
	}
	return func() {
		s.t.Helper()
		rest, _ := io.ReadAll(lines)
		if err := up.Wait(); err != nil {
			s.t.Errorf("up: %v\n%s%s", err, said, rest)
		}
	}
}

func serversFollowTheFirst(s *system) {
	spawned := s.spawn(2)
	var uploads []*upload // one to each of the spawned
	for len(uploads) < 2 {
		servers := s.redis.Elements("servers")
		next := servers[len(servers)-1]
		if next == s.server(0) {
			s.fetch(s.proxy("/healthz"), nil)
			continue
		}
		uploads = append(uploads, s.beginUpload())
		s.eventually(next+" gets the upload", func() bool { return s.redis.Elements("servers")[0] == next })
	}
	load := s.load()
	s.set("MAX_IMAGES=7") // also for the parts that follow
	renewed := s.upWhileRenewing("renewing: 2 of 3 web servers still run the code or settings from before\n")
	var draining []string
	s.eventually(fmt.Sprintf("drainServers holds one of %q", spawned), func() bool {
		draining = s.redis.Elements("drainServers")
		return len(draining) == 1 && slices.Contains(spawned, draining[0])
	}, func() string { return fmt.Sprintf("got %q", draining) })
	if err := s.goesOnServing(draining[0]); err != nil {
		s.t.Errorf("the server was stopped with a request in flight: %v", err)
	}
	for _, upload := range uploads {
		if servedBy := upload.finish(); !slices.Contains(spawned, servedBy) {
			s.t.Errorf("an upload was served by %q, want one of %q", servedBy, spawned)
		}
	}
	renewed()
	follows := func(server string) bool {
		output, err := s.command("docker", "inspect", "--format", "{{.Config.Env}}", s.container(server)).CombinedOutput()
		return err == nil && strings.Contains(string(output), "MAX_IMAGES=7")
	}
	s.eventually("both servers have the new setting", func() bool { return follows(spawned[0]) && follows(spawned[1]) })
	s.want("servers", append(spawned, s.server(0))...)
	load.stop()
	upAgainChangesNothing(s)
}
