package protocol

import (
	"errors"
	"time"
)

// verbs are what a line of a case can say. testdata/README.md explains them.
var verbs = map[string]func(p *play, text string) error{
	"client-sends":       func(p *play, text string) error { p.client.send(text); return nil },
	"client-half-closes": func(p *play, _ string) error { p.client.halfClose(); return nil },
	"client-closes":      func(p *play, _ string) error { p.client.close(); return nil },
	"client-resets":      func(p *play, _ string) error { p.client.reset(); return nil },
	"client-connects":    func(p *play, _ string) error { return p.connect() },
	"client-gets":        func(p *play, text string) error { return p.clientGets(text, false) },
	"client-gets-head":   func(p *play, text string) error { return p.clientGets(text, true) },
	"client-gets-part":   (*play).clientGetsPart,
	"client-gets-more":   func(p *play, text string) error { return p.client.getsMore(text) },
	"client-gets-end":    func(p *play, text string) error { return p.client.getsEnd(text) },
	"client-gets-cut":    func(p *play, _ string) error { return p.client.getsCut() },
	"client-gets-bytes":  func(p *play, text string) error { return p.client.getsBytes(text) },
	"client-has":         func(p *play, text string) error { return p.client.has(text) },
	"client-lacks":       func(p *play, text string) error { return p.client.lacks(text) },

	"server-gets":          (*play).serverGets,
	"server-gets-part":     (*play).serverGetsPart,
	"server-gets-no-whole": func(p *play, _ string) error { return p.serverGetsNothingWhole() },
	"server-gets-more":     onServer((*peer).getsMore),
	"server-gets-end":      onServer((*peer).getsEnd),
	"server-gets-cut":      onServer(func(c *peer, _ string) error { return c.getsCut() }),
	"server-gets-bytes":    onServer((*peer).getsBytes),
	"server-has":           onServer((*peer).has),
	"server-lacks":         onServer((*peer).lacks),
	"server-sends":         onServer(func(c *peer, text string) error { c.send(text); return nil }),
	"server-half-closes":   onServer(func(c *peer, _ string) error { c.halfClose(); return nil }),
	"server-closes":        (*play).serverCloses,
	"server-resets":        (*play).serverResets,
	"server-closed":        onServer(func(c *peer, _ string) error { return c.closed() }),
	"server-kept":          onServer(func(c *peer, _ string) error { return c.wasKept(true) }),
	"server-fresh":         onServer(func(c *peer, _ string) error { return c.wasKept(false) }),
	"server-refuses":       func(p *play, _ string) error { return p.listener.Close() },
	"no-server":            func(p *play, _ string) error { return p.listener.Close() },

	"passes":    (*play).passes,
	"relays":    (*play).relays,
	"asks":      (*play).asks,
	"answered":  func(p *play, _ string) error { return p.answered() },
	"refused":   (*play).refused,
	"fails":     func(p *play, _ string) error { return p.fails() },
	"open":      func(p *play, _ string) error { return p.open() },
	"closed":    func(p *play, _ string) error { return p.client.closed() },
	"unreached": func(p *play, _ string) error { return p.untouched() },
}

// onServer does something on the connection that brought the last request.
func onServer(act func(c *peer, text string) error) func(*play, string) error {
	return func(p *play, text string) error {
		if p.server == nil {
			return errors.New("the case's server has no connection here")
		}
		if err := p.server.SetReadDeadline(time.Now().Add(stepTimeout)); err != nil {
			return err
		}
		return act(p.server, text)
	}
}
