package http1

// Response is the head of an answer.
type Response struct {
	Status    int
	Line      []byte // the status line after the version: 200 OK
	Fields    []Field
	Body      Framing
	KeepAlive bool // the server accepts another request on the connection
	HasDate   bool
	Upgraded  []byte // the protocol of a 101, or nil
}

// Errors of an answer.
var (
	errStatusLine = bad("The status line is malformed")
	errStatus     = bad("The status is not from 100 to 599")
)

// Parse reads a head that Reader.Head returned, as the answer to a request
// with method.
func (p *Response) Parse(head []byte, method []byte, limits Limits) error {
	*p = Response{Fields: p.Fields[:0]}
	first, rest := line(head)
	minor, err := p.parseLine(first)
	if err != nil {
		return err
	}
	if p.Fields, err = parseFields(p.Fields, rest, limits.Fields, true); err != nil {
		return err
	}
	connection := readConnection(p.Fields, &staysInAnswer)
	p.KeepAlive = !connection.close && (minor > 0 || connection.keepAlive)
	for i := range p.Fields {
		p.HasDate = p.HasDate || p.Fields[i].Role == Date
		if p.Status == 101 && connection.upgrade && EqualFold(p.Fields[i].Name, "upgrade") {
			p.Upgraded = p.Fields[i].Value
		}
	}
	return p.parseFraming(method, minor)
}

// parseLine reads VERSION SP STATUS SP REASON (RFC 9112 section 4). The last
// space may be missing together with the reason.
func (p *Response) parseLine(text []byte) (minor int, err error) {
	if len(text) < len("HTTP/1.1 200") || text[8] != ' ' || len(text) > 12 && text[12] != ' ' || !isText(text) {
		return 0, errStatusLine
	}
	major, minor, ok := parseVersion(text[:8])
	status, numeric := decimal(text[9:12])
	if !ok || major != 1 || !numeric {
		return 0, errStatusLine
	}
	if status < 100 || status > 599 {
		return 0, errStatus
	}
	p.Status, p.Line = int(status), text[9:]
	return min(minor, 1), nil
}

// parseFraming says how long the body is (RFC 9112 section 6.3).
func (p *Response) parseFraming(method []byte, minor int) error {
	fields := readFraming(p.Fields)
	fields.joinEqual()
	for i := range p.Fields {
		if p.Fields[i].Role == Framed && EqualFold(p.Fields[i].Name, "content-length") {
			p.Fields[i].Value = fields.length
		}
	}
	framing, err := fields.framing(minor)
	if err != nil {
		return err
	}
	if framing.Kind == Empty {
		framing.Kind = UntilClose
	}
	if p.HasNoBody(method) {
		framing = Framing{}
	}
	p.Body = framing
	return nil
}

// HasNoBody reports whether the answer ends with its head, whatever its fields
// say (RFC 9112 section 6.3, rule 1).
func (p *Response) HasNoBody(method []byte) bool {
	return p.Status < 200 || p.Status == 204 || p.Status == 304 || string(method) == "HEAD"
}
