package access

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"runtime/debug"

	"golang.org/x/crypto/argon2"
)

// The cost of a guess to whoever has a session's cookie or the fingerprint, from
// OWASP's "Password Storage Cheat Sheet": with the least memory that it offers,
// because a web server has little.
const (
	passes  = 2
	memory  = 19 << 10 // KiB
	threads = 1
	keySize = 32 // bytes
)

// Password is what is kept of a password: its argon2id hash (RFC 9106), from
// which every server of a fleet derives the same keys and so accepts the sessions
// that another server started, and a tag that only this process can make.
type Password struct {
	fleet string
	hash  []byte
	own   []byte // random key of the tag
	tag   []byte
}

// NewPassword returns the Password for secret in the fleet of that name. It takes
// some 20 ms. The name is the salt: all servers know it without asking one
// another, and it keeps apart two systems with the same password.
func NewPassword(secret, fleet string) *Password {
	p := &Password{fleet: fleet, hash: derive(secret, fleet), own: make([]byte, keySize)}
	_, _ = rand.Read(p.own) // never fails
	p.tag = p.tagOf(secret)
	return p
}

// Matches reports whether guess is the password, in a time that does not depend
// on how much of the guess is right. It compares tags, in microseconds: a hundred
// requests with the password may come at once, and a slow hash would protect
// nothing, because the environment of the process holds the password itself. How
// often somebody may guess is for the caller to count.
func (p *Password) Matches(guess string) bool { return hmac.Equal(p.tagOf(guess), p.tag) }

// tagOf returns a text's HMAC (RFC 2104).
func (p *Password) tagOf(text string) []byte {
	mac := hmac.New(sha256.New, p.own)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// Fingerprint returns a short text that changes with the password. It lets nobody
// try passwords faster than they can be hashed.
func (p *Password) Fingerprint() string { return hex.EncodeToString(p.key("fingerprint")[:6]) }

// derive hashes a password and returns the memory to the system: a server that
// kept it would look full.
func derive(secret, fleet string) []byte {
	defer debug.FreeOSMemory()
	return argon2.IDKey([]byte(secret), []byte("deux/password/"+fleet), passes, memory, threads, keySize)
}

// key returns a key for one purpose (RFC 5869), so that no two share one.
func (p *Password) key(purpose string) []byte {
	key, err := hkdf.Expand(sha256.New, p.hash, "deux "+purpose, keySize)
	if err != nil { // only a key longer than 255 hashes is an error
		panic(err)
	}
	return key
}
