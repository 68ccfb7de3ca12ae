package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"deux/internal/redistest"
)

// TestSystem brings one system up and tries everything on it, each part from
// the same start: the first server alone.
func TestSystem(t *testing.T) {
	t.Parallel()
	s := prepare(t, "deuxtest")
	s.up()
	for _, part := range []struct {
		name string
		try  func(*system)
	}{
		{"every service answers", everyServiceAnswers},
		{"up again changes nothing", upAgainChangesNothing},
		{"up with a bad setting names it and changes nothing", badSetting},
		{"what is in the way of a setting is named", whatIsInTheWay},
		{"spawned servers take turns and destroyed ones are gone", spawnAndDestroy},
		{"eight spawns at once", eightSpawnsAtOnce},
		{"more servers than may be are refused", tooManyServersAreRefused},
		{"logs follow a server that is spawned later", logsFollow},
		{"at rest Redis hears less than two commands a second", quietAtRest},
		{"every container has limits", everyContainerHasLimits},
		{"the password of Redis is seen nowhere", passwordIsSeenNowhere},
		{"a picture goes up and is shown once", pictures},
		{"a request in flight to a server being destroyed finishes", drainFinishesTheRequest},
		{"no request fails while servers come and go", noRequestFails},
		{"servers follow the first to other settings and no request fails", serversFollowTheFirst},
		{"garbage is set aside and never run", garbageIsSetAside},
		{"a port that another program holds", foreignPort},
		{"a stranger's container is not touched", strangersContainer},
		{"the page spawns a server, shows it die and return, and destroys it", pageFollowsAServer},
		{"twenty viewers of the page hold up no destroy", viewersHoldUpNothing},
		{"the page shows a push, and one that is refused", pageFollowsAPush},
		{"infrastructure killed in the middle of a spawn", infrastructureKilled},
		{"a server that dies comes back", serverDies},
		{"a proxy restart forgets nobody", proxyRestarts},
		{"redis away and back", redisRestarts},
		{"redis flushed", redisFlushed},
		{"the stream survives socat and says when the writer is away", streamSurvives},
		{"down leaves nothing but the data, and up brings it back", downAndUp},
	} {
		t.Run(part.name, func(t *testing.T) {
			here := *s
			here.t = t
			part.try(&here)
			here.settle()
		})
		if t.Failed() {
			break // what follows would fail for the same reason
		}
	}
}

func everyServiceAnswers(s *system) {
	for _, path := range []string{"/", "/listservers", "/recent", "/healthz", "/set/greeting", "/get/greeting"} {
		response := s.get(s.proxy(path), nil)
		if response.StatusCode != 200 || response.Header.Get("X-Served-By") != s.server(0) {
			s.t.Errorf("%s: got %s from %q, want 200 from %s", path, response.Status, response.Header.Get("X-Served-By"), s.server(0))
		}
	}
	response, err := s.client.Get("http://127.0.0.1:" + s.env["READER_PORT"] + "/")
	if err != nil {
		s.t.Fatalf("reader: %v", err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != 200 || !bytes.HasSuffix(text, []byte("\r\n")) {
		s.t.Errorf("reader: got %s %q, want lines that socat ended with CR LF", response.Status, text)
	}
	if status := s.status(); strings.Contains(status, "Type: make up") || !strings.Contains(status, "\n  infrastructure  works\n") {
		s.t.Errorf("status: got\n%s\nwant nothing that make up mends", status)
	}
}

// changesNothing fails if after work other containers run, or infrastructure is
// another process.
func (s *system) changesNothing(work func()) {
	s.t.Helper()
	labelled := func(label string) string {
		return s.output("docker", "ps", "--quiet", "--no-trunc", "--filter", "label="+label+"="+s.env["FLEET"])
	}
	running := func() string {
		pid, _ := os.ReadFile(s.env["LOCK_FILE"])
		return labelled("com.docker.compose.project") + "\n" + labelled("deux.fleet") + "\n" + string(pid)
	}
	before := running()
	work()
	if after := running(); after != before {
		s.t.Errorf("containers and infrastructure's process: got\n%s\nwant\n%s", after, before)
	}
}

func upAgainChangesNothing(s *system) {
	s.changesNothing(func() { s.script("up.sh") })
}

func badSetting(s *system) {
	s.changesNothing(func() {
		up := s.command(filepath.Join(s.root, "scripts/up.sh"))
		up.Env = append(up.Env, "MAX_IMAGES=many", "WRITE_INTERVAL=often")
		output, err := up.CombinedOutput()
		for _, want := range []string{`setting MAX_IMAGES="many": expected`, `setting WRITE_INTERVAL="often": expected`} {
			if err == nil || !strings.Contains(string(output), want) {
				s.t.Errorf("up with a bad setting: got %v, want it to fail with %q\n%s", err, want, output)
			}
		}
	})
}

// whatIsInTheWay tries settings that are good, each by itself, on the system
// that is up.
func whatIsInTheWay(s *system) {
	s.spawn(1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer listener.Close()
	_, taken, _ := net.SplitHostPort(listener.Addr().String())
	s.changesNothing(func() {
		for setting, want := range map[string]string{
			"HOST_IP=203.0.113.1":                    "this machine does not have that address", // RFC 5737: nobody's
			"WRITER_PORT=" + taken:                   "expected a free port, but e2e.test (process " + strconv.Itoa(os.Getpid()) + ") has it",
			"READER_PORT=" + s.env["WRITER_PORT"]:    "expected another port than that of",
			"READER_PORT=" + strconv.Itoa(s.port(5)): "which are those of FIRST_PORT",
			"FIRST_PORT=" + strconv.Itoa(s.port(2)):  "redis-cli lpush deleteServers " + s.server(1),
			"FIRST_PORT=" + strconv.Itoa(s.port(1)):  "redis-cli lpush deleteServers " + s.server(1),
			"FLEET=deuxother":                        "belongs to FLEET=" + s.env["FLEET"],
			"FIRST_PORT=" + s.env["FIRST_PORT"]:      "", // what it has
		} {
			check := s.command("sh", "-c", "root=$PWD; . scripts/settings.sh; bin/deux check")
			check.Env = append(check.Env, setting)
			output, err := check.CombinedOutput()
			if (err == nil) != (want == "") || !strings.Contains(string(output), want) {
				s.t.Errorf("%s: got %v, want it to fail with %q\n%s", setting, err, want, output)
			}
		}
	})
}

func spawnAndDestroy(s *system) {
	all := append(s.spawn(3), s.server(0))
	turns := func() map[string]int {
		served := make(map[string]int)
		for range 2 * len(all) {
			served[s.get(s.proxy("/recent"), nil).Header.Get("X-Served-By")]++
		}
		return served
	}
	want := make(map[string]int)
	for _, url := range all {
		want[url] = 2
	}
	served := turns()
	if !maps.Equal(served, want) {
		served = turns() // the proxy's own health check may have taken a turn
	}
	if !maps.Equal(served, want) {
		s.t.Errorf("requests by server: got %v, want %v", served, want)
	}
	var listing struct {
		Servers []struct{ URL, State string }
	}
	s.get(s.proxy("/listservers"), &listing)
	if len(listing.Servers) != len(all) || listing.Servers[3].State != "running" {
		s.t.Errorf("/listservers: got %v, want %d running", listing.Servers, len(all))
	}

	gone := s.wish("/destroy")
	s.want("deleteServers")
	s.want("destroyingServers")
	if slices.Contains(s.list("servers"), gone) {
		s.t.Errorf("%s is still listed", gone)
	}
	port := gone[strings.LastIndex(gone, ":")+1:]
	if names := s.output("docker", "ps", "--all", "--format", "{{.Names}}"); strings.Contains(names, "webapp_"+port+"_app") {
		s.t.Errorf("docker ps still shows webapp_%s_app", port)
	}
	if images := s.output("docker", "images", "--quiet", "webapp_"+port); images != "" {
		s.t.Errorf("docker images still shows webapp_%s", port)
	}
}

func eightSpawnsAtOnce(s *system) {
	urls := make(chan string, 8)
	var wishes sync.WaitGroup
	for range 8 {
		wishes.Go(func() { urls <- s.wish("/spawn") })
	}
	wishes.Wait()
	close(urls)
	want := []string{s.server(0)}
	for url := range urls {
		if slices.Contains(want, url) {
			s.t.Errorf("%s was given twice", url)
		}
		want = append(want, url)
	}
	s.want("servers", want...)
}

func tooManyServersAreRefused(s *system) {
	ctx := context.Background()
	for n := 1; n < 12; n++ { // named in servers they count, whether they run or not
		s.redis.RPush(ctx, "destroyingServers.aside", s.server(n))
	}
	s.output("kill", "-STOP", s.poller()) // so that it doesn't mend the lists meanwhile
	defer func() {
		s.redis.Del(ctx, "destroyingServers", "destroyingServers.aside")
		s.output("kill", "-CONT", s.poller())
	}()
	s.redis.Rename(ctx, "destroyingServers.aside", "destroyingServers")
	var answer struct{ Error string }
	response := s.get(s.proxy("/spawn"), &answer)
	if response.StatusCode != http.StatusTooManyRequests || !strings.Contains(answer.Error, "12") {
		s.t.Errorf("got %s %q, want 429 and a sentence that names the limit of 12", response.Status, answer.Error)
	}
}

// quietAtRest listens with the default LEVEL_INTERVAL, that of every system
// but the tests'.
func quietAtRest(s *system) {
	s.spawn(1)
	often := s.env["LEVEL_INTERVAL"]
	s.env["LEVEL_INTERVAL"] = "5s"
	s.script("infrastructure.sh", "start")
	defer func() {
		s.env["LEVEL_INTERVAL"] = often
		s.script("infrastructure.sh", "start")
	}()
	listen := func(during time.Duration) (perSecond float64, heard []string) {
		heard = redistest.Listen(s.t, s.env["REDIS_ADDR"], canary, func() { time.Sleep(during) })
		return float64(len(heard)) / during.Seconds(), heard
	}
	for range 10 { // what has just happened has its last words
		if perSecond, _ := listen(3 * time.Second); perSecond < 2 {
			break
		}
	}
	if perSecond, heard := listen(10 * time.Second); perSecond >= 2 {
		s.t.Errorf("at rest Redis hears %.1f commands a second, want less than 2: %v", perSecond, redistest.Commands(heard))
	}
}

// poller returns the process id of infrastructure.
func (s *system) poller() string {
	s.t.Helper()
	pid, err := os.ReadFile(s.env["LOCK_FILE"])
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(pid))
}

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
	if n := s.redis.LLen(context.Background(), "images").Val(); n != 0 {
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
	s.get(s.proxy("/healthz"), nil) // takes the first server's turn
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
	u.s.redis.Del(context.Background(), "images")
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

func serversFollowTheFirst(s *system) {
	spawned := s.spawn(2)
	var uploads []*upload // one to each of the spawned
	for len(uploads) < 2 {
		servers := s.list("servers")
		next := servers[len(servers)-1]
		if next == s.server(0) {
			s.get(s.proxy("/healthz"), nil)
			continue
		}
		uploads = append(uploads, s.beginUpload())
		s.eventually(func() bool { return s.list("servers")[0] == next }, func() string { return next + " did not get the upload" })
	}
	load := s.load()
	s.env["MAX_IMAGES"] = "7" // also for the parts that follow
	s.script("up.sh")
	var draining []string
	s.eventually(func() bool {
		draining = s.list("drainServers")
		return len(draining) == 1 && slices.Contains(spawned, draining[0])
	}, func() string { return fmt.Sprintf("drainServers: got %q, want one of %q", draining, spawned) })
	if err := s.goesOnServing(draining[0]); err != nil {
		s.t.Errorf("the server was stopped with a request in flight: %v", err)
	}
	for _, upload := range uploads {
		if servedBy := upload.finish(); !slices.Contains(spawned, servedBy) {
			s.t.Errorf("an upload was served by %q, want one of %q", servedBy, spawned)
		}
	}
	follows := func(server string) bool {
		container := "webapp_" + server[strings.LastIndex(server, ":")+1:] + "_app"
		output, err := s.command("docker", "inspect", "--format", "{{.Config.Env}}", container).CombinedOutput()
		return err == nil && strings.Contains(string(output), "MAX_IMAGES=7")
	}
	s.eventually(func() bool { return follows(spawned[0]) && follows(spawned[1]) },
		func() string { return "not both servers have the new setting\n" + s.infrastructureLog() })
	s.want("servers", append(spawned, s.server(0))...)
	load.stop()
	upAgainChangesNothing(s)
}

func garbageIsSetAside(s *system) {
	trap := filepath.Join(s.t.TempDir(), "trap")
	bad := []string{
		s.server(1) + ";touch " + trap, "http://" + s.env["HOST_IP"] + ":99999", "http://elsewhere:" + fmt.Sprint(s.port(1)), "", "$(touch " + trap + ")",
	}
	for _, key := range []string{"tempServers", "deleteServers", "servers"} {
		for _, element := range bad {
			s.redis.LPush(context.Background(), key, element)
		}
	}
	s.want("failedServers", bad...)
	s.want("servers", s.server(0))
	if _, err := os.Stat(trap); err == nil {
		s.t.Error("an element was run in a shell")
	}
}

func foreignPort(s *system) {
	next := s.wish("/spawn")
	s.want("servers", s.server(0), next)
	port, _ := strconv.Atoi(next[strings.LastIndex(next, ":")+1:])
	foreign, err := net.Listen("tcp", fmt.Sprintf("%s:%d", s.env["HOST_IP"], port+1))
	if err != nil {
		s.t.Fatal(err)
	}
	defer foreign.Close()
	failed := s.wish("/spawn")
	s.want("failedServers", failed)
	another := s.wish("/spawn")
	s.want("servers", s.server(0), next, another)
	if another == failed {
		s.t.Errorf("the next /spawn got %s again", failed)
	}
	if log := s.infrastructureLog(); !strings.Contains(log, "address already in use") && !strings.Contains(log, "already allocated") {
		s.t.Errorf("the log does not say that the port is in use")
	}
}

func strangersContainer(s *system) {
	next := s.port(2 + len(s.list("failedServers")) + 20)
	name := fmt.Sprintf("webapp_%d_app", next)
	s.output("docker", "run", "--detach", "--name", name, "debian:bookworm-slim", "sleep", "600")
	defer s.output("docker", "rm", "--force", name)
	url := fmt.Sprintf("http://%s:%d", s.env["HOST_IP"], next)
	s.redis.LPush(context.Background(), "tempServers", url)
	s.want("failedServers", url)
	s.redis.LPush(context.Background(), "deleteServers", url)
	s.want("deleteServers")
	s.want("destroyingServers")
	if state := s.output("docker", "inspect", "--format", "{{.State.Running}}", name); state != "true" {
		s.t.Errorf("the stranger's container: running is %s, want true", state)
	}
}

func infrastructureKilled(s *system) {
	killed := s.poller()
	wished := []string{s.wish("/spawn"), s.wish("/spawn")}
	s.eventually(func() bool { return len(s.list("tempServers")) == 0 && len(s.list("spawningServers")) > 0 },
		func() string { return "not claimed" })
	pid, _ := strconv.Atoi(killed)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	s.want("servers", append(wished, s.server(0))...)
	s.want("spawningServers")
	if s.poller() == killed {
		s.t.Error("infrastructure was not started again")
	}
	for _, url := range wished {
		port := url[strings.LastIndex(url, ":")+1:]
		if ids := s.lines("docker", "ps", "--quiet", "--filter", "label=deux.port="+port); len(ids) != 1 {
			s.t.Errorf("%s has %d containers, want 1", url, len(ids))
		}
	}
}

func serverDies(s *system) {
	url := s.spawn(1)[0]
	port := url[strings.LastIndex(url, ":")+1:]
	s.output("docker", "rm", "--force", "webapp_"+port+"_app")
	s.eventually(func() bool { return !slices.Contains(s.list("servers"), url) }, func() string { return "still listed" })
	s.want("servers", s.server(0), url)
	if response := s.get(url+"/healthz", nil); response.StatusCode != 200 {
		s.t.Errorf("got %s from %s", response.Status, url)
	}
}

func proxyRestarts(s *system) {
	s.spawn(1)
	before := s.list("servers")
	slices.Sort(before)
	s.output("docker", "restart", s.service("proxy"))
	s.eventually(func() bool {
		response, err := s.client.Get(s.proxy("/healthz"))
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == 200
	}, func() string { return "the proxy does not answer" })
	s.want("servers", before...)
}

func redisRestarts(s *system) {
	url := s.spawn(1)[0]
	before := len(s.infrastructureLog())
	s.output("docker", "stop", s.service("redis"))
	for range 4 {
		if response := s.get(s.proxy("/healthz"), nil); response.StatusCode != 200 {
			s.t.Errorf("with Redis away /healthz through the proxy: got %s, want 200", response.Status)
		}
	}
	if response := s.get(s.proxy("/spawn"), nil); response.StatusCode != http.StatusServiceUnavailable {
		s.t.Errorf("with Redis away /spawn: got %s, want 503", response.Status)
	}
	s.output("docker", "start", s.service("redis"))
	s.want("servers", s.server(0), url)
	another := s.wish("/spawn")
	s.want("servers", s.server(0), url, another)
	log := s.infrastructureLog()[before:]
	if n := strings.Count(log, `while="claiming work"`); n != 2 {
		s.t.Errorf("the log speaks %d times of Redis while claiming work, want twice: once away, once back", n)
	}
}

func redisFlushed(s *system) {
	urls := s.spawn(2)
	s.redis.FlushAll(context.Background())
	s.want("servers", append(urls, s.server(0))...)
}

func streamSurvives(s *system) {
	read := func() (int, string) {
		response, err := s.client.Get("http://127.0.0.1:" + s.env["READER_PORT"] + "/")
		if err != nil {
			s.t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(text)
	}
	writer := s.service("writer")
	top := func() string { return s.output("docker", "top", writer, "-o", "pid,stat,args") }
	killed := 0
	for line := range strings.Lines(top()) {
		fields := strings.Fields(line)
		if len(fields) > 2 && fields[2] == "socat" && s.command("kill", "-9", fields[0]).Run() == nil {
			killed++ // but for a child that has just ended
		}
	}
	if killed == 0 {
		s.t.Errorf("no socat in the writer:\n%s", top())
	}
	s.eventually(func() bool { status, _ := read(); return status == 200 }, func() string { return "socat did not come back" })
	s.eventually(func() bool { return !strings.Contains(top(), "<defunct>") }, func() string { return "zombies in the writer:\n" + top() })
	s.output("docker", "stop", writer)
	if status, text := read(); status != http.StatusBadGateway || strings.Count(strings.TrimSpace(text), "\n") != 0 {
		s.t.Errorf("with the writer away: got %d %q, want 502 and one line", status, text)
	}
	s.output("docker", "start", writer)
	s.eventually(func() bool { status, _ := read(); return status == 200 }, func() string { return "the writer did not come back" })
}

func downAndUp(s *system) {
	url := s.spawn(1)[0]
	s.script("down.sh")
	fleet := s.env["FLEET"]
	for what, command := range map[string][]string{
		"containers": {"ps", "--all", "--quiet", "--filter", "label=deux.fleet=" + fleet},
		"services":   {"ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project=" + fleet},
		"networks":   {"network", "ls", "--quiet", "--filter", "name=^" + fleet},
		"images":     {"images", "--quiet", "--filter", "label=deux.image=" + fleet, "webapp_*"},
	} {
		if left := s.lines("docker", command...); len(left) != 0 {
			s.t.Errorf("down left %s: %q", what, left)
		}
	}
	if err := s.command(filepath.Join(s.root, "scripts/infrastructure.sh"), "running").Run(); err == nil {
		s.t.Error("infrastructure still runs after down")
	}
	s.script("up.sh")
	s.want("servers", s.server(0), url)
	s.eventually(func() bool {
		response, err := s.client.Get(url + "/healthz")
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == 200
	}, func() string { return url + " does not answer after up" })
}
