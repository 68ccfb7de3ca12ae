package protocol

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// script is a case: what client and server do, and what they must get.
type script struct {
	file   string
	line   int
	name   string
	source string // the RFC's section, or where else the rule comes from
	env    string // settings of the proxy, NAME=VALUE, separated by spaces
	steps  []step
}

// step is one line of a script: a verb and its bytes, still escaped.
type step struct {
	line int
	verb string
	text string
}

// readCases reads a file of cases. testdata/README.md describes the format.
func readCases(file string) ([]script, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parseCases(file, string(content))
}

func parseCases(file, content string) ([]script, error) {
	var cases []script
	env, number := "", 0
	names := make(map[string]bool)
	for line := range strings.Lines(content) {
		number++
		text := strings.TrimRight(line, " \t\r\n")
		if text == "" || text[0] == '#' {
			continue
		}
		verb, rest, _ := strings.Cut(text, " ")
		switch {
		case text[0] == ' ' || text[0] == '\t':
			if len(cases) == 0 || len(cases[len(cases)-1].steps) == 0 {
				return nil, fmt.Errorf("%s:%d: a line that goes on, but nothing before it", file, number)
			}
			steps := cases[len(cases)-1].steps
			steps[len(steps)-1].text += strings.TrimSpace(text)
		case verb == "env":
			env = strings.TrimSpace(rest)
		case verb == "case":
			name := strings.TrimSpace(rest)
			if names[name] {
				return nil, fmt.Errorf("%s:%d: a second case %q", file, number, name)
			}
			names[name] = true
			cases = append(cases, script{file: file, line: number, name: name, env: env})
		case len(cases) == 0:
			return nil, fmt.Errorf("%s:%d: %s before the first case", file, number, verb)
		case verb == "see":
			cases[len(cases)-1].source = strings.TrimSpace(rest)
		case verbs[verb] == nil:
			return nil, fmt.Errorf("%s:%d: unknown verb %q", file, number, verb)
		default:
			last := &cases[len(cases)-1]
			last.steps = append(last.steps, step{line: number, verb: verb, text: strings.TrimSpace(rest)})
		}
	}
	for _, c := range cases {
		if c.source == "" || len(c.steps) == 0 {
			return nil, fmt.Errorf("%s:%d: case %q needs a source (see) and steps", file, c.line, c.name)
		}
	}
	return cases, nil
}

// expand replaces the escapes in text: \r \n \t \0 \\ \xHH, \(N*TEXT) for N
// times TEXT, and \{server} for the server's HOST:PORT.
func expand(text, server string) (string, error) {
	out, rest, err := expandUntil(text, server, false)
	if err == nil && rest != "" {
		err = fmt.Errorf("%q is left over", rest)
	}
	return out, err
}

var simpleEscapes = map[byte]byte{'r': '\r', 'n': '\n', 't': '\t', '0': 0, '\\': '\\'}

// expandUntil stops behind a closing parenthesis if inParentheses.
func expandUntil(text, server string, inParentheses bool) (out, rest string, err error) {
	var b strings.Builder
	for text != "" {
		switch {
		case text[0] == ')' && inParentheses:
			return b.String(), text[1:], nil
		case text[0] != '\\':
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		expanded, rest, err := expandEscape(text, server)
		if err != nil {
			return "", "", err
		}
		b.WriteString(expanded)
		text = rest
	}
	if inParentheses {
		return "", "", fmt.Errorf("a closing parenthesis is missing")
	}
	return b.String(), "", nil
}

// expandEscape replaces the escape that text begins with.
func expandEscape(text, server string) (expanded, rest string, err error) {
	if after, ok := strings.CutPrefix(text, `\{server}`); ok {
		return server, after, nil
	}
	if after, ok := strings.CutPrefix(text, `\(`); ok {
		digits, body, _ := strings.Cut(after, "*")
		n, err := strconv.Atoi(digits)
		if err != nil {
			return "", "", fmt.Errorf(`\(%s: expected \(N*TEXT)`, digits)
		}
		repeated, rest, err := expandUntil(body, server, true)
		return strings.Repeat(repeated, n), rest, err
	}
	if len(text) >= 4 && text[1] == 'x' {
		n, err := strconv.ParseUint(text[2:4], 16, 8)
		return string([]byte{byte(n)}), text[4:], err
	}
	if len(text) >= 2 {
		if c, ok := simpleEscapes[text[1]]; ok {
			return string([]byte{c}), text[2:], nil
		}
	}
	return "", "", fmt.Errorf("unknown escape %.4q", text)
}

func TestExpand_ReplacesEscapesAndRepetitions(t *testing.T) {
	for text, want := range map[string]string{
		`plain (text)`:         "plain (text)",
		`\r\n\t\0\\\x7f\xFF`:   "\r\n\t\x00\\\x7f\xff",
		`<\(3*ab\r)>`:          "<ab\rab\rab\r>",
		`\(2*x\(2*y))`:         "xyyxyy",
		`http://\{server}/`:    "http://127.0.0.1:3000/",
		`\(2*\{server})`:       "127.0.0.1:3000127.0.0.1:3000",
		`\(0*never)something)`: "something)",
	} {
		if got, err := expand(text, "127.0.0.1:3000"); err != nil || got != want {
			t.Errorf("expand(%q): got %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{`\q`, `\x1`, `\xzz`, `\(3*x`, `\(x*y)`, `\`} {
		if got, err := expand(text, ""); err == nil {
			t.Errorf("expand(%q): got %q, want an error", text, got)
		}
	}
}
