// Package webapp is the pages that people and scripts use. Each page is HTML to a
// browser and JSON to a client that prefers it, and every server of a fleet
// answers alike, because what the pages show and change is in Redis.
//
// A request goes from routes.go to a handler, which returns a reply or an error;
// reply.go writes the reply, refusals.go turns the error into a status and a
// sentence.
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
	"deux/internal/program"
	"deux/internal/settings"
)

// Config is what can be set about a web server.
type Config struct {
	Port            int            // where HTTP is served, on all addresses
	Redis           fleet.Redis    // where the lists and the pages' own data are
	Site            fleet.Site     // where the servers are, and where /spawn adds more
	MaxServers      int            // how many servers /spawn allows, the first included
	MaxImages       int            // how many pictures /upload keeps until /meow shows them
	MaxImageBytes   int            // how much memory they may take together, in base64
	MaxKeys         int            // how many keys /set lets Redis hold
	ShutdownTimeout time.Duration  // how long requests may take to end after SIGTERM
	Ports           map[string]int // where people find the apps and the reader, by name
	Access
}

// ReadConfig reads the web server's settings; err has a line for each bad one.
// Requests have all but two of STOP_GRACE_SECONDS to end in; those are for
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

// store is what the pages need from the fleet.
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

	TakeGuess(ctx context.Context, address string, isRight bool) error
	EndSession(ctx context.Context, id string, life time.Duration) error
	SessionEnded(ctx context.Context, id string) (bool, error)
}

// App is the pages of one web server.
type App struct {
	config   Config
	host     string // its own name: in Docker, the container's id
	store    store
	log      *slog.Logger
	redis    *program.Outage
	refusals []refusal
	pages    map[string]*template.Template
	live     *live

	hosts    access.Hosts
	clients  access.Clients
	password *access.Password // nil without one
	sessions *access.Sessions // nil without a password

	stopping         atomic.Bool // it is stepping aside, or has stepped aside
	stepAsideTimeout time.Duration
	storeTimeout     time.Duration
	pictureTimeout   time.Duration
	slots            chan struct{} // one element for each picture on its way
}

// New returns the pages over store. The error is the operating system's, if it
// does not know the host's name.
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
		redis:    program.NewOutage(log, "Redis"),
		refusals: refusals(config),
		pages:    parsePages(),
		hosts:    access.NewHosts(config.Hosts),
		clients:  access.NewClients(config.Site.Host, config.Trusted),

		stepAsideTimeout: stepAsideTimeout,
		storeTimeout:     storeTimeout,
		pictureTimeout:   pictureTimeout,
		slots:            make(chan struct{}, maxPictures),
	}
	app.live = newLive(config, store, app.redis, log)
	app.keepPassword()
	return app, nil
}

// keepPassword keeps the password's hash and drops the password.
func (a *App) keepPassword() {
	if a.config.Password == "" {
		return
	}
	a.password = access.NewPassword(string(a.config.Password), a.config.Fleet)
	a.sessions = access.NewSessions(a.password, a.config.SessionTimeout)
	a.config.Password = ""
}
