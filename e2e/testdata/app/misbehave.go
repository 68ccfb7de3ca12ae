package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// command is what a HEALTHCHECK or bin/deploy run may ask of the app.
func command(arguments []string) {
	switch arguments[0] {
	case "echo": // input to output, a word to the error output, and an exit code
		_, _ = io.Copy(os.Stdout, os.Stdin)
		fmt.Fprintln(os.Stderr, "COLOUR="+os.Getenv("COLOUR"))
		code, _ := strconv.Atoi(arguments[1])
		os.Exit(code)
	case "cat":
		content, err := os.ReadFile(arguments[1])
		fmt.Print(string(content))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case "sleep": // until SIGINT or SIGTERM
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGINT, syscall.SIGTERM)
		fmt.Println("sleeping")
		fmt.Println("told", <-told)
		os.Exit(3)
	case "fork":
		fork()
	default:
		check(arguments[0])
	}
}

// count adds one to the number in a file and answers it.
func count(w http.ResponseWriter, file string) {
	content, _ := os.ReadFile(file)
	n, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	if err := os.WriteFile(file, []byte(fmt.Sprintln(n+1)), 0o644); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintln(w, err)
		return
	}
	fmt.Fprintln(w, n+1)
}

// misbehave does, beside serving, what harms a machine without limits.
func misbehave(how string) {
	switch how {
	case "memory":
		go eatMemory()
	case "cpu":
		for range 8 {
			go func() {
				for {
				}
			}()
		}
	case "log":
		go floodLog()
	case "fork":
		go fork()
	}
}

// fork starts copies of the app, each of which does the same.
func fork() {
	for {
		if exec.Command("/proc/self/exe", "fork").Start() != nil {
			time.Sleep(time.Millisecond)
		}
	}
}

func eatMemory() {
	for kept := [][]byte{}; ; {
		page := make([]byte, 1<<20)
		for i := range page {
			page[i] = 1
		}
		kept = append(kept, page)
	}
}

func floodLog() {
	out, line := bufio.NewWriter(os.Stdout), strings.Repeat("x", 200)
	for {
		fmt.Fprintln(out, line)
	}
}
