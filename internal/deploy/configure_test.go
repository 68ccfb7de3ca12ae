package deploy

import (
	"context"

	"deux/internal/deploy/appenv"
)

// set gives the app variables and files.
func set(variables, files map[string]string) command {
	change := appenv.Change{Set: appenv.Configuration{Variables: variables, Files: make(map[string][]byte)}}
	for name, content := range files {
		change.Set.Files[name] = []byte(content)
	}
	return func(ctx context.Context, d *Deployer) error { return d.Configure(ctx, change) }
}
