package deploy

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"deux/internal/deploy/ledger"
	"deux/internal/program"
)

// openTerminal returns a terminal of that many columns and 24 rows (pts(4)).
func openTerminal(t *testing.T, columns uint16) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this host has no terminals: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	err = errors.Join(err, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	slave, failure := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err := errors.Join(err, failure); err != nil {
		t.Skipf("this host has no terminals: %v", err)
	}
	t.Cleanup(func() { slave.Close() })
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return slave
}

// echoes reports whether the terminal shows what is typed.
func echoes(t *testing.T, terminal *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func TestOneOff_HasTheTerminalWhileItRunsAndGivesItBackAsItWas(t *testing.T) {
	d, _ := offline(t)
	d.reaper = func(string) (func(), error) { return func() {}, nil }
	at := openTerminal(t, 100)
	a := newAttached(func(a *fakeAttached) (int, error) {
		if size := <-a.sizes; size != [2]int{100, 24} {
			t.Errorf("got %v as its size, want 100 columns and 24 rows", size)
		}
		err := unix.IoctlSetWinsize(int(at.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 132})
		err = errors.Join(err, unix.Kill(os.Getpid(), unix.SIGWINCH))
		if size := <-a.sizes; size != [2]int{132, 40} {
			t.Errorf("made larger: got %v, want 132 columns and 40 rows", size)
		}
		if echoes(t, at) {
			t.Error("the terminal echoes, want that to be up to the command")
		}
		return 1, err
	})
	if err := d.attend(t.Context(), "id", a, Console{In: at, Out: at, Err: at}); !errors.Is(err, program.Exit(1)) {
		t.Errorf("got %v, want the exit code 1", err)
	}
	if !echoes(t, at) {
		t.Error("afterwards the terminal does not echo, want it as it was")
	}
}

func TestOneOff_IsToldWhichTerminalItHasIfInputAndOutputAreOne(t *testing.T) {
	s := newScene(t)
	s.failing["Attach"] = errAttach
	at, none := openTerminal(t, 80), console(t)
	for _, test := range []struct {
		name string
		Console
		want bool
	}{
		{"both", Console{In: at, Out: at, Err: at}, true},
		{"the output alone", Console{In: none.In, Out: at, Err: at}, false},
		{"the input alone", Console{In: at, Out: none.Out, Err: at}, false},
	} {
		if err := s.gives(runOnce(test.Console)); !errors.Is(err, errAttach) {
			t.Errorf("%s: got %v, want Docker's answer", test.name, err)
		}
		told := slices.Contains(s.runtime.Env, "TERM="+os.Getenv("TERM"))
		if s.oneOff.Terminal != test.want || told != test.want {
			t.Errorf("%s: got a terminal: %v, and TERM: %v, want both: %v", test.name, s.oneOff.Terminal, told, test.want)
		}
	}
}

func TestWidth_IsTheTerminalsElseThatOfColumnsElse80(t *testing.T) {
	file := console(t).Out
	for _, test := range []struct {
		file    *os.File
		columns string
		want    int
	}{
		{openTerminal(t, 100), "70", 100}, {openTerminal(t, 0), "70", 70}, {openTerminal(t, 0), "", 80}, {file, "70", 70},
		{file, "", 80}, {file, "0", 80}, {file, "-5", 80}, {file, "wide", 80},
	} {
		t.Setenv("COLUMNS", test.columns)
		if got := Width(test.file); got != test.want {
			t.Errorf("%s with COLUMNS=%s: got %d, want %d", test.file.Name(), test.columns, got, test.want)
		}
		if test.file == file && test.want == 80 {
			test.want = math.MaxInt
		}
		if got := WidthOrNone(test.file); got != test.want {
			t.Errorf("%s with COLUMNS=%s, or none: got %d, want %d", test.file.Name(), test.columns, got, test.want)
		}
	}
}

func TestHistory_HasAHeaderAboveItsColumns(t *testing.T) {
	d, out := offline(t)
	if err := d.History(80); err != nil || out.String() != "nothing has been pushed yet: git push blue main\n" {
		t.Errorf("before the first push: got %q, %v, want what to do", out, err)
	}
	r := built(10, "abcdef0123")
	r.Time, r.Result, r.Who, r.Subject = r.Built, ledger.Forwarded, "ann", "first"
	if err := d.ledger.Append(r); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := d.History(80); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for head, below := range map[string]string{"RESULT": "FORWARD ", "COMMIT": "rabcdef", "WHO": "ann ", "WHAT": "first"} {
		if at := strings.Index(lines[0], head); at < 0 || strings.Index(lines[1], below) != at {
			t.Errorf("got\n%s\nwant %q below %s", out, below, head)
		}
	}
}
