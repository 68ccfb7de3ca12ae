package proxy

import (
	"net/netip"

	"deux/internal/http1"
)

// trusts reports whether a peer's forwarding fields are believed.
func (p *Proxy) trusts(peer netip.Addr) bool {
	for _, network := range p.config.TrustedProxies {
		if network.Contains(peer) {
			return true
		}
	}
	return false
}

// isExtended reports whether the proxy writes a field itself, after what a
// trusted peer put into it.
func isExtended(name []byte) bool {
	return http1.EqualFold(name, "x-forwarded-for") || http1.EqualFold(name, "forwarded") || http1.EqualFold(name, "via")
}

// appendForwarding appends the fields that say where the request came from:
// Forwarded (RFC 7239), its older relatives X-Forwarded-*, and Via (RFC 9110
// section 7.6.3). What a trusted peer said is kept and extended.
func (c *client) appendForwarding(to []byte) []byte {
	var peer [64]byte
	address := c.peer.AppendTo(peer[:0])
	to = append(c.appendEarlier(append(to, "X-Forwarded-For: "...), "x-forwarded-for"), address...)
	to = append(to, "\r\n"...)
	if !c.trusted || !c.has("x-forwarded-proto") {
		to = append(to, "X-Forwarded-Proto: http\r\n"...)
	}
	if c.request.HasHost && (!c.trusted || !c.has("x-forwarded-host")) {
		to = append(append(append(to, "X-Forwarded-Host: "...), c.request.Host...), "\r\n"...)
	}
	to = c.appendEarlier(append(to, "Forwarded: "...), "forwarded")
	if c.peer.Is6() {
		to = append(append(append(to, `for="[`...), address...), `]"`...)
	} else {
		to = append(append(to, "for="...), address...)
	}
	if c.request.HasHost {
		to = appendPair(append(to, ";host="...), c.request.Host)
	}
	to = append(to, ";proto=http\r\n"...)
	to = c.appendEarlier(append(to, "Via: "...), "via")
	if c.request.Minor == 0 {
		return append(to, "1.0 deux\r\n"...)
	}
	return append(to, "1.1 deux\r\n"...)
}

// appendPair appends the value of a pair, in quotes if it is not a token
// (RFC 7239 section 4).
func appendPair(to, value []byte) []byte {
	if http1.IsToken(value) {
		return append(to, value...)
	}
	return append(append(append(to, '"'), value...), '"')
}

// appendEarlier appends what a trusted peer put into the fields called name, as
// one list (RFC 9110 section 5.3).
func (c *client) appendEarlier(to []byte, name string) []byte {
	if !c.trusted {
		return to
	}
	for i := range c.request.Fields {
		field := &c.request.Fields[i]
		if field.Role == http1.Forwarding && len(field.Value) > 0 && http1.EqualFold(field.Name, name) {
			to = append(append(to, field.Value...), ", "...)
		}
	}
	return to
}

func (c *client) has(name string) bool {
	for i := range c.request.Fields {
		if c.request.Fields[i].Role == http1.Forwarding && http1.EqualFold(c.request.Fields[i].Name, name) {
			return true
		}
	}
	return false
}
