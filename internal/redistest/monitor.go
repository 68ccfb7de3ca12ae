package redistest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Listen returns the commands that the Redis at address is given while do runs,
// each as the line that redis-cli monitor prints. The commands of a script have
// their own lines. The password is empty if Redis asks for none.
func Listen(t testing.TB, address, password string, do func()) []string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatalf("listening to Redis: %v", err)
	}
	defer conn.Close()
	client := redis.NewClient(&redis.Options{Addr: address, Password: password, DisableIdentity: true})
	defer client.Close()
	if err := client.Ping(t.Context()).Err(); err != nil { // says HELLO before the listening starts
		t.Fatalf("listening to Redis: %v", err)
	}
	lines := bufio.NewScanner(conn)
	if password != "" {
		fmt.Fprintf(conn, "*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n", len(password), password)
		if !lines.Scan() || lines.Text() != "+OK" {
			t.Fatalf("listening to Redis: got %q to the password, want +OK", lines.Text())
		}
	}
	if _, err := conn.Write([]byte("MONITOR\r\n")); err != nil || !lines.Scan() || lines.Text() != "+OK" {
		t.Fatalf("listening to Redis: got %q, %v, want +OK", lines.Text(), err)
	}
	do()
	const end = "redistest.Listen ends"
	client.Echo(context.WithoutCancel(t.Context()), end)
	var heard []string
	for lines.Scan() {
		if strings.Contains(lines.Text(), end) {
			return heard
		}
		heard = append(heard, strings.TrimPrefix(lines.Text(), "+"))
	}
	t.Fatalf("listening to Redis: it hung up: %v", lines.Err())
	return nil
}

// Commands counts the lines of Listen by their command, in lower case.
func Commands(heard []string) map[string]int {
	commands := make(map[string]int)
	for _, line := range heard {
		_, rest, _ := strings.Cut(line, `] "`)
		command, _, _ := strings.Cut(rest, `"`)
		commands[strings.ToLower(command)]++
	}
	return commands
}
