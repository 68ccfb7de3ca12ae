package fleet

import (
	"bytes"
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
)

// Event is an arrow that a server took: an element of the journal events, JSON
// in one line. The script that moves the server pushes it, so none is missing
// and none is invented. Journals are for readers: no program decides by them.
type Event struct {
	At     time.Time `json:"at"`
	What   What      `json:"what"`
	Pool   string    `json:"pool"` // web, blue or green
	Server string    `json:"server"`
	By     string    `json:"by"`            // the program that moved it
	Ms     int64     `json:"ms,omitempty"`  // milliseconds that it took to get here
	Why    string    `json:"why,omitempty"` // at most maxWhy bytes
}

// What happened to a server.
type What string

// The events of a server, in the order of its life.
const (
	Wanted       What = "wanted"        // /spawn allotted its port
	Starting     What = "starting"      // its image is being built and its container started
	Serving      What = "serving"       // it answered and is in rotation
	Adopted      What = "adopted"       // it answered, no list knew it: in rotation
	Switched     What = "switched"      // a release that is now the only one in rotation
	Fails        What = "failing"       // a release that has the requests does not answer as it should
	Recovered    What = "recovered"     // it answers as it should again
	Restarted    What = "restarted"     // it ended, and Docker started it again
	Renewing     What = "renewing"      // out of rotation, to be started with the current code and settings
	SteppedAside What = "stepped aside" // out of rotation, because it is about to stop by itself
	Away         What = "away"          // out of rotation, because it does not answer
	Lost         What = "lost"          // as away, and to be started again
	Unwanted     What = "unwanted"      // /destroy chose it
	Draining     What = "draining"      // out of rotation, its last requests may still run
	Drained      What = "drained"       // the proxy has no request to it any more
	Gone         What = "gone"          // its container and image are removed
	GivenUp      What = "given up"      // failed, and not retried any more
	Forgotten    What = "forgotten"     // off failedServers: a person dismissed it, or it was of another HOST_IP
	SetAside     What = "set aside"     // an element that is not a server, found in a list
	Dropped      What = "dropped"       // a wish that is not allowed
)

// eventsLength is how many events are kept.
const eventsLength = 500

// maxWhy bounds the reason for an event, in bytes.
const maxWhy = 500

// script is a Lua script that moves servers from list to list and pushes an
// event for each: it calls journal(element) where an element moves.
type script struct{ *redis.Script }

// newScript prepares a script. Its KEYS and ARGV are those in its comment: the
// journal's own arguments come after them and are taken off first.
func newScript(source string) script {
	return script{redis.NewScript(`
local events, most = table.remove(KEYS), table.remove(ARGV)
local tail, head = table.remove(ARGV), table.remove(ARGV)
local function journal(element)
  redis.call('LPUSH', events, head .. string.sub(cjson.encode(element):gsub('\\/', '/'), 2, -2) .. tail)
  redis.call('LTRIM', events, 0, most - 1)
end
` + source)}
}

// run runs the script. The journal gets the event for each server that moves.
func (f *Fleet) run(ctx context.Context, script script, event Event, keys []string, arguments ...any) *redis.Cmd {
	event.By = f.program
	if event.Pool == "" {
		event.Pool = "web"
	}
	head, tail := event.around()
	keys = append(append([]string(nil), keys...), eventsKey)
	return script.Run(ctx, f.client, keys, append(arguments, head, tail, eventsLength)...)
}

// around returns the event as JSON in two parts, before and after the server:
// the script may be what chooses the server.
func (e Event) around() (head, tail string) {
	e.At, e.Server = time.Now().UTC().Truncate(time.Millisecond), ""
	e.Why = Shorten(e.Why, maxWhy)
	before, after, _ := bytes.Cut(oneLine(e), []byte(`"server":"`))
	return string(before) + `"server":"`, string(after)
}

// Shorten returns a reason of at most most bytes. What says the most stands at
// the end of a chain of causes, and what failed at its start, so it leaves out
// something in between, and where it can whole words or causes.
func Shorten(why string, most int) string {
	const gap = " … "
	if len(why) <= most {
		return why
	}
	head := firstBytes(why, most/4)
	if at := strings.LastIndexByte(head, ' '); at > 0 {
		head = head[:at]
	}
	tail := why[len(why)-(most-most/4-len(gap)):]
	for len(tail) > 0 && !utf8.RuneStart(tail[0]) {
		tail = tail[1:]
	}
	if _, causes, isChain := strings.Cut(tail, ": "); isChain && len(causes) > len(tail)/2 {
		return head + gap + causes
	}
	if _, words, found := strings.Cut(tail, " "); found {
		return head + gap + words
	}
	return head + gap + tail
}

// firstBytes returns the first n bytes of a text, without a rune cut in half.
func firstBytes(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// because returns the reason for an event, or "".
func because(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
