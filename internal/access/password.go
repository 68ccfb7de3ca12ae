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

// The cost of a guess, from OWASP's "Password Storage Cheat Sheet": the least
// memory that it names, because a web server has little of its own.
const (
	passes  = 2
	memory  = 19 << 10 // KiB
	threads = 1
	keySize = 32 // bytes
)

// Password is what is kept of a password: its argon2id hash (RFC 9106). Every
// server of a fleet derives the same from the same password, and so knows the
// sessions that another one began.
type Password struct {
	fleet string
	hash  []byte
	turn  sync.Mutex // one guess at a time has memory
}

// NewPassword returns the Password of secret in the fleet of that name, which
// takes some 20 ms. The name is the salt: it has to be known to all servers
// before they know one another, and keeps apart two systems that have the same
// password.
func NewPassword(secret, fleet string) *Password {
	p := &Password{fleet: fleet}
	p.hash = p.derive(secret)
	return p
}

// Matches reports whether guess is the password, in a time that does not
// depend on how much of it is right.
func (p *Password) Matches(guess string) bool {
	return subtle.ConstantTimeCompare(p.derive(guess), p.hash) == 1
}

// Fingerprint returns a short text that changes with the password. Who reads it
// cannot try passwords faster than one can hash them.
func (p *Password) Fingerprint() string { return hex.EncodeToString(p.key("fingerprint")[:6]) }

// derive hashes a text and gives the memory back, of which a server would
// otherwise look full until it is needed.
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
