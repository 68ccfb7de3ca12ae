package webapp

import (
	"net/http"
	"net/url"
	"strings"
)

// question is what a page asks before something changes. As JSON it says why
// nothing did.
type question struct {
	Action   string `json:"-"` // path to POST to
	Title    string `json:"-"`
	Text     string `json:"error"`
	Button   string `json:"-"`
	IsDanger bool   `json:"-"`
}

// questions belong to the pages that a link can lead to.
var questions = map[string]question{
	"/spawn":   {Title: "Spawn a server?", Text: "It is built and started, and then gets its share of the requests.", Button: "Spawn a server"},
	"/destroy": {Title: "Destroy a server?", Text: "One is chosen at random, never the first.", Button: "Destroy one", IsDanger: true},
	"/meow":    {Title: "Look at the newest picture?", Text: "It is shown once, and then it is gone.", Button: "Show it"},
	"/set/":    {Title: "Store a message?", Text: "It replaces what is under this key.", Button: "Store it"},
}

// questionAbout returns what to ask about a page that changes something.
func questionAbout(target *url.URL) (about question, found bool) {
	path := target.Path
	if strings.HasPrefix(path, "/set/") {
		path = "/set/"
	}
	about, found = questions[path]
	about.Action = target.EscapedPath()
	return about, found
}

// askAbout asks for confirmation when the request for target may be the work of
// another site's page.
func askAbout(target *url.URL) reply {
	about, _ := questionAbout(target)
	return reply{http.StatusOK, "ask", about}
}
