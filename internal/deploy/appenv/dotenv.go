package appenv

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ParseLines reads variables from lines of NAME=value. Blank lines and lines
// that start with # are skipped. A value may be 'literal' or "with \n, \t, \r,
// \", \\ and \$", and may then span lines; without quotes it ends with its line.
// Nothing is expanded. Errors name a line but never show it.
func ParseLines(text string) (map[string]string, error) {
	variables := make(map[string]string)
	p := &parser{rest: strings.ReplaceAll(text, "\r\n", "\n"), line: 1}
	for p.rest != "" {
		at := p.line
		name, value, err := p.next()
		if _, twice := variables[name]; err == nil && twice {
			err = fmt.Errorf("%s is set a second time", name)
		}
		if err == nil && name != "" {
			err = CheckVariable(name, value)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", at, err)
		}
		if name != "" {
			variables[name] = value
		}
	}
	return variables, nil
}

// parser is a position in a text.
type parser struct {
	rest string
	line int
}

var (
	errNoAssignment = errors.New("expected NAME=value")
	errOpenQuote    = errors.New("the quote is not closed")
	errBehindQuote  = errors.New("there is text after the closing quote")
	errComment      = errors.New("put a comment on a line of its own, or the value between quotes")
)

// next reads one assignment. For a line that is skipped the name is empty.
func (p *parser) next() (name, value string, err error) {
	line, _, _ := strings.Cut(p.rest, "\n")
	if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed[0] == '#' {
		p.skip(len(line))
		return "", "", nil
	}
	name, rest, found := strings.Cut(line, "=")
	if !found {
		return "", "", errNoAssignment
	}
	name = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), "export "))
	value = strings.TrimSpace(rest)
	if value != "" && (value[0] == '\'' || value[0] == '"') {
		p.skip(len(line) - len(strings.TrimLeft(rest, " \t")))
		value, err = p.quoted(value[0])
		return name, value, err
	}
	if strings.Contains(value, " #") || strings.Contains(value, "\t#") {
		return "", "", errComment
	}
	p.skip(len(line))
	return name, value, nil
}

// skip advances by n bytes, and past a line end that follows.
func (p *parser) skip(n int) {
	if n < len(p.rest) && p.rest[n] == '\n' {
		n++
	}
	p.line += strings.Count(p.rest[:n], "\n")
	p.rest = p.rest[n:]
}

// escapes maps a byte after a backslash in double quotes to its meaning. Before
// any other byte a backslash stands for itself.
var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '"': '"', '\\': '\\', '$': '$'}

// quoted reads a value up to its closing quote, which ends its line.
func (p *parser) quoted(quote byte) (string, error) {
	value := new(strings.Builder)
	for i := 1; i < len(p.rest); i++ {
		c := p.rest[i]
		if c == quote {
			behind, _, _ := strings.Cut(p.rest[i+1:], "\n")
			if strings.TrimSpace(behind) != "" {
				return "", errBehindQuote
			}
			p.skip(i + 1 + len(behind))
			return value.String(), nil
		}
		if c == '\\' && quote == '"' && i+1 < len(p.rest) && escapes[p.rest[i+1]] != 0 {
			i++
			c = escapes[p.rest[i]]
		}
		value.WriteByte(c)
	}
	return "", errOpenQuote
}

// Lines returns the variables in the form that ParseLines reads.
func (c Configuration) Lines() string {
	text := new(strings.Builder)
	for _, name := range slices.Sorted(maps.Keys(c.Variables)) {
		fmt.Fprintf(text, "%s=%s\n", name, quote(c.Variables[name]))
	}
	return text.String()
}

// quote puts a value in quotes if it would be read differently without.
func quote(value string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("_-+.,:;/@%=?&~", r) || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	if strings.IndexFunc(value, func(r rune) bool { return !plain(r) }) < 0 {
		return value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\r", `\r`).Replace(value) + `"`
}
