// Package access decides what a request may do: whether it is a person's own wish
// or another site's (site.go), whether it uses one of this system's own names
// (hosts.go), from which address it comes (client.go), and whether it has the
// password (password.go) or a session (sessions.go).
//
// It knows HTTP, but neither pages nor Redis: webapp decides what a refusal looks
// like, and package fleet counts for the whole fleet.
package access
