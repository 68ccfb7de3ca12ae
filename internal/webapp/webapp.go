// Package webapp is the pages that people and scripts use. Each page is told
// as HTML to a browser and as JSON to who prefers that, and every server of a
// fleet answers alike, since what the pages show and change is in Redis.
//
// A request goes from routes.go to a handler, which returns what to tell or
// an error; reply.go writes the one, refusals.go turns the other into a
// status and a sentence.
package webapp

import (
	"context"
	"html/template"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"deux/internal/access"
	"deux/internal/fleet"
	"deux/internal/settings"
)

// Config is what can be set about a web server.
type Config struct {
	Port            int            // where HTTP is served, on all addresses
	Redis           fleet.Redis    // where the pages find the lists and their own data
	Site            fleet.Site     // where the servers are that /spawn adds to
	MaxServers      int            // as many /spawn allows, the first included
	MaxImages       int            // as many /upload keeps until /meow shows them
	MaxImageBytes   int            // and as much memory they may take together, in base64
	MaxKeys         int            // as many keys /set lets Redis hold
	ShutdownTimeout time.Duration  // what requests have to end in after SIGTERM
	Ports           map[string]int // where people find the apps and the reader, by name
	Access
}

// ReadConfig reads the web server's settings; err has a line for each bad one.
// Of STOP_GRACE_SECONDS, requests have all but two to end in, which are for
// stepping aside and for the end itself.
func ReadConfig(env *settings.Reader) (config Config, err error) {
	config = Config{
		Port:            env.Port("start_port", 3000),
		Redis:           fleet.ReadRedis(env),
		Site:            fleet.ReadSite(env),
		MaxServers:      env.MaxServers(),
		MaxImages:       env.MaxImages(),
		MaxImageBytes:   env.Int("MAX_IMAGE_BYTES", 64<<20, 16<<20, 1<<40), // room for the largest picture
		MaxKeys:         env.Int("MAX_KEYS", 10000, 100, 10_000_000),
		ShutdownTimeout: max(env.StopGrace()-2*time.Second, time.Second),
		Ports: map[string]int{
			"blue":   env.ColourPort("blue"),
			"green":  env.ColourPort("green"),
			"reader": env.ReaderPort(),
		},
		Access: readAccess(env),
	}
	return config, env.Err()
}

// store is what the pages need of the fleet.
type store interface {
	RequestSpawn(ctx context.Context, most int) (fleet.Server, error)
	RequestDestroy(ctx context.Context) (fleet.Server, error)
	RequestDestroyOf(ctx context.Context, server fleet.Server) error
	Retry(ctx context.Context, server fleet.Server, most int) error
	ForgetFailed(ctx context.Context, element string) error
	Lists(ctx context.Context) (fleet.Lists, error)
	Snapshot(ctx context.Context, depth fleet.Depth) (fleet.Snapshot, error)
	StepAside(ctx context.Context, server fleet.Server) (bool, error)
	IsDraining(ctx context.Context, server fleet.Server) (bool, error)
	AwaitDraining(ctx context.Context, server fleet.Server, patience time.Duration) (bool, error)

	SetMessage(ctx context.Context, key, text string, life time.Duration, most int) error
	Message(ctx context.Context, key string) (string, error)

	AddVisit(ctx context.Context, url string) error
	Recent(ctx context.Context) ([]string, error)

	AddImage(ctx context.Context, base64 string, most int, bytes int64) error
	TakeImage(ctx context.Context) (string, error)

	TakeGuess(ctx context.Context, address string) error
	ForgetGuess(ctx context.Context, address string) error
	EndSession(ctx context.Context, id string, life time.Duration) error
	SessionEnded(ctx context.Context, id string) (bool, error)
}

// App is the pages of one web server.
type App struct {
	config   Config
	host     string // its own name, which Docker makes the container's id
	store    store
	log      *slog.Logger
	outage   *outage
	refusals []refusal
	pages    map[string]*template.Template
	live     *live

	hosts    access.Hosts
	clients  access.Clients
	password *access.Password // nil without one
	sessions *access.Sessions // nil without a password

	stopping         atomic.Bool // it steps aside, or has
	stepAsideTimeout time.Duration
}

// New returns the pages over what is in store. The error is that of the
// operating system, when it does not know the host's name.
func New(config Config, store store, log *slog.Logger) (*App, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	app := &App{
		config:   config,
		host:     host,
		store:    store,
		log:      log,
		outage:   &outage{log: log},
		refusals: refusals(config),
		pages:    parsePages(),
		hosts:    access.NewHosts(config.Hosts),
		clients:  access.NewClients(config.Site.Host, config.Trusted),

		stepAsideTimeout: stepAsideTimeout,
	}
	app.live = newLive(config, store, app.outage, log)
	app.keepPassword()
	return app, nil
}

// keepPassword keeps the password's hash, and the password no longer.
func (a *App) keepPassword() {
	if a.config.Password == "" {
		return
	}
	a.password = access.NewPassword(string(a.config.Password), a.config.Fleet)
	a.sessions = access.NewSessions(a.password, a.config.SessionTimeout)
	a.config.Password = ""
}
