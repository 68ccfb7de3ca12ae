package access

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"runtime/debug"
	"sync"

	"golang.org/x/crypto/argon2"
)

// The cost of a guess, from OWASP's "Password Storage Cheat Sheet": with the
// least memory that it offers, because a web server has little.
const (
	passes  = 2
	memory  = 19 << 10 // KiB
	threads = 1
	keySize = 32 // bytes
)

// Password is what is kept of a password: its argon2id hash (RFC 9106). Every
// server of a fleet derives the same hash from the same password, and so accepts
// the sessions that another server started.
type Password struct {
	fleet string
	hash  []byte
	turn  sync.Mutex // memory suffices for one guess at a time
}

// NewPassword returns the Password for secret in the fleet of that name. It takes
// some 20 ms. The name is the salt: all servers know it without asking one
// another, and it keeps apart two systems with the same password.
func NewPassword(secret, fleet string) *Password {
	p := &Password{fleet: fleet}
	p.hash = p.derive(secret)
	return p
}

// Matches reports whether guess is the password, in a time that does not depend
// on how much of the guess is right.
func (p *Password) Matches(guess string) bool {
	return subtle.ConstantTimeCompare(p.derive(guess), p.hash) == 1
}

// Fingerprint returns a short text that changes with the password. It lets nobody
// try passwords faster than they can be hashed.
func (p *Password) Fingerprint() string { return hex.EncodeToString(p.key("fingerprint")[:6]) }

// derive hashes a text and returns the memory to the system: a server that kept
// it would look full.
func (p *Password) derive(text string) []byte {
	p.turn.Lock()
	defer p.turn.Unlock()
	defer debug.FreeOSMemory()
	return argon2.IDKey([]byte(text), []byte("deux/password/"+p.fleet), passes, memory, threads, keySize)
}

// key returns a key for one purpose (RFC 5869), so that no two share one.
func (p *Password) key(purpose string) []byte {
	key, err := hkdf.Expand(sha256.New, p.hash, "deux "+purpose, keySize)
	if err != nil { // only a key longer than 255 hashes is an error
		panic(err)
	}
	return key
}
