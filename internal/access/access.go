// Package access decides who may do something: whether a request is a person's
// own wish or another site's (site.go), whether it names this system by a name
// that is its own (hosts.go), from which address it comes (client.go), and
// whether it knows the password (password.go) or was given a session for it
// (sessions.go).
//
// It knows HTTP, and neither pages nor Redis: what a refusal looks like is for
// webapp to say, and what is counted for the whole fleet for fleet.
package access
