package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"regexp"
	"time"

	"deux/internal/deploy"
)

// logs shows what an app printed.
func logs(ctx context.Context, d *deploy.Deployer, arguments []string) error {
	query, err := logQuery(arguments, time.Now())
	if err != nil {
		return err
	}
	return d.Logs(ctx, query)
}

// logQuery reads the options of logs.
func logQuery(arguments []string, now time.Time) (query deploy.LogQuery, err error) {
	options := flag.NewFlagSet("logs", flag.ContinueOnError)
	options.SetOutput(io.Discard)
	options.BoolVar(&query.Follow, "f", false, "")
	options.StringVar(&query.Release, "release", "", "")
	since, grep := options.String("since", "", ""), options.String("grep", "", "")
	if options.Parse(arguments) != nil || options.NArg() > 0 || query.Follow && query.Release != "" {
		return query, errUsage
	}
	if query.Since, err = parseSince(*since, now); err != nil {
		return query, err
	}
	if *grep != "" {
		if query.Grep, err = regexp.Compile(*grep); err != nil {
			return query, fmt.Errorf("--grep %s is not a regular expression in Go's syntax (RE2): %w", *grep, err)
		}
	}
	return query, nil
}

// parseSince reads a time, or how long ago it was.
func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("--since %s: expected a duration such as 90s, 10m or 2h, or a time such as %s", text, now.UTC().Format(time.RFC3339))
	}
	return at, nil
}
