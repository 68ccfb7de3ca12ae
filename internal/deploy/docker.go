package deploy

import (
	"context"
	"io"
	"time"

	"deux/internal/deploy/health"
	"deux/internal/deploy/images"
	"deux/internal/deploy/volumes"
	"deux/internal/engine"
	"deux/internal/fleet"
)

// docker is everything that a Deployer asks of the engine. Each part serves the
// steps that need only that part.
type docker interface {
	builder
	runner
	examiner
	volumes.Docker
	attacher
	Close() error
}

// builder makes images and moves them: to the registry, back, and away.
type builder interface {
	Build(ctx context.Context, dir, tag string, labels []string, memory int64, out io.Writer) (id string, err error)
	Tag(ctx context.Context, source, target string) error
	Push(ctx context.Context, reference string) (digest string, err error)
	Pull(ctx context.Context, reference string) error
	HasImage(ctx context.Context, reference string) (bool, error)
	ImageConfig(ctx context.Context, reference string) (engine.ImageConfig, error)
	images.Docker
}

// runner starts and ends the containers of releases.
type runner interface {
	Ping(ctx context.Context) error
	NameTaken(ctx context.Context, name string) (bool, error)
	Releases(ctx context.Context, colour string) ([]engine.Release, error)
	Start(ctx context.Context, release engine.Release, runtime engine.Runtime, repository, host string) (id string, err error)
	Keep(ctx context.Context, id string) error
	Rename(ctx context.Context, id, name string) error
	Stop(ctx context.Context, id string, grace time.Duration) error
	RemoveRelease(ctx context.Context, id string) error
	RemoveAppsNetwork(ctx context.Context) error
}

// examiner looks at one container and changes nothing.
type examiner interface {
	health.Docker
	Condition(ctx context.Context, id string) (engine.Condition, error)
	Process(ctx context.Context, id string) (engine.Process, error)
	Logs(ctx context.Context, id string, lines int, follow bool, out io.Writer) error
	TimedLogs(ctx context.Context, id string, since time.Time, follow bool, out io.Writer) error
}

// attacher runs single commands beside a release.
type attacher interface {
	Attach(ctx context.Context, oneOff engine.OneOff, runtime engine.Runtime) (*engine.Attached, error)
	OneOffs(ctx context.Context, colour string) (owners map[string]string, err error)
	RemoveOneOff(ctx context.Context, id string) error
}

// rotation is the colour's servers, among which its proxy takes turns.
type rotation interface {
	Read(ctx context.Context) (listed, draining []fleet.Server, err error)
	Switch(ctx context.Context, server fleet.Server, running ...fleet.Server) error
	StillDrains(ctx context.Context, server, successor fleet.Server) (bool, error)
	Forget(ctx context.Context, server fleet.Server) error
}

// lists is everything else that a Deployer asks of Redis.
type lists interface {
	stepRecorder
	Ping(ctx context.Context) error
	LastEnd(ctx context.Context, colour string) (end fleet.Step, has bool, err error)
	Close() error
}
