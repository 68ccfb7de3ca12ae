package protocol

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

func (c *peer) halfClose() { c.work <- func() { _ = c.CloseWrite() } }
func (c *peer) close()     { c.work <- func() { _ = c.Close() } }

// reset ends the connection with RST.
func (c *peer) reset() {
	c.work <- func() { _ = c.SetLinger(0); _ = c.Close() }
}

func (c *peer) getsMore(want string) error {
	got, err := c.message.readBody(len(want))
	if err != nil {
		return fmt.Errorf("got %q of the body, want %q: %w", got, want, err)
	}
	if got != want {
		return fmt.Errorf("got %q of the body, want %q", got, want)
	}
	return nil
}

// getsEnd wants the end of the body, with the trailers in text.
func (c *peer) getsEnd(text string) error {
	rest, err := c.message.readRest()
	if err != nil {
		return fmt.Errorf("got %q more of the body, want its end: %w", rest, err)
	}
	if rest != "" {
		return fmt.Errorf("got %q more of the body, want its end", rest)
	}
	got := ""
	for _, f := range c.message.trailers {
		got += f.String() + "\r\n"
	}
	if got != text {
		return fmt.Errorf("got trailers %q, want %q", got, text)
	}
	return nil
}

// getsCut wants the connection to end before the message does.
func (c *peer) getsCut() error {
	rest, err := c.message.readRest()
	if err == nil {
		return fmt.Errorf("got a whole message that ends with %q, want it cut", rest)
	}
	if !gone(err) {
		return err
	}
	return nil
}

func (c *peer) getsBytes(want string) error {
	got := make([]byte, len(want))
	n, err := io.ReadFull(c.in, got)
	if err != nil {
		return fmt.Errorf("got %q, want %q: %w", got[:n], want, err)
	}
	if string(got) != want {
		return fmt.Errorf("got %q, want %q", got, want)
	}
	return nil
}

// closed wants the other side to end the connection and send nothing before.
func (c *peer) closed() error {
	if _, err := c.in.Peek(1); err == nil {
		return fmt.Errorf("got %q, want the connection closed", unread(c))
	} else if !gone(err) {
		return fmt.Errorf("want the connection closed: %w", err)
	}
	return nil
}

// has wants the last message to have the field NAME once, with a value that
// matches the expression behind the name.
func (c *peer) has(text string) error {
	name, expression, _ := strings.Cut(text, " ")
	pattern, err := regexp.Compile("^(?:" + expression + ")$")
	if err != nil {
		return err
	}
	values := c.message.values(name)
	if len(values) != 1 || !pattern.MatchString(values[0]) {
		return fmt.Errorf("got %s %q, want one that matches %s", name, values, pattern)
	}
	return nil
}

func (c *peer) lacks(name string) error {
	if values := c.message.values(name); len(values) != 0 {
		return fmt.Errorf("got %s %q, want none", name, values)
	}
	return nil
}

func (c *peer) wasKept(want bool) error {
	if c.kept != want {
		return fmt.Errorf("the request came on a connection that was used before: %v, want %v", c.kept, want)
	}
	return nil
}
