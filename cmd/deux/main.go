// Deux answers questions about the system as a whole: whether its settings are
// good (check), and how it does (status). Both need the settings in the
// environment, as the scripts export them: make status.
package main

import (
	"context"
	"fmt"
	"os"

	"deux/internal/program"
)

func main() {
	program.Command("deux", func(ctx context.Context) error { return run(ctx, os.Args[1:]) })
}

const usage = `usage: bin/deux check [SERVICE]...       name each bad setting and what is in the way
                                         of starting the services, else of all
       bin/deux status [--wait SECONDS | --renewed SECONDS]
                                         say how the system is, or wait until it is healthy,
                                         or until every web server runs what the first one runs
`

func run(ctx context.Context, arguments []string) error {
	switch {
	case len(arguments) > 0 && arguments[0] == "check" && areServices(arguments[1:]):
		return runCheck(ctx, arguments[1:], os.Stderr)
	case len(arguments) > 0 && arguments[0] == "status":
		if what, patience, ok := readPatience(arguments[1:]); ok {
			return runStatus(ctx, what, patience)
		}
	}
	fmt.Fprint(os.Stderr, usage)
	return program.Exit(2)
}
