package infrastructure

import (
	"strconv"
	"time"

	"deux/internal/fleet"
	"deux/internal/settings"
)

// Config is the settings of the program, by the names of their variables.
type Config struct {
	Redis         fleet.Redis              // REDIS_ADDR, REDIS_PASSWORD
	Site          fleet.Site               // HOST_IP, FIRST_PORT
	Fleet         string                   // FLEET: name of the system on this host
	Root          string                   // ROOT_DIR: the checkout
	LockFile      string                   // LOCK_FILE: held by the one poller of this host
	Var           string                   // VAR: pid, log, locks and last renewal of what runs on the host
	MaxServers    int                      // MAX_SERVERS: for the servers, which see to it
	MaxImages     int                      // MAX_IMAGES: for the servers, which see to it
	Handed        []string                 // NAME=value of settings that only the servers read
	Password      settings.Secret          // ADMIN_PASSWORD: for the servers, which ask for it
	DeployDir     string                   // DEPLOY_DIR: for bin/deploy, which this program runs
	DockerHost    string                   // DOCKER_HOST: Docker's client reads it, and a change replaces this program
	Parallel      int                      // PARALLEL: servers spawned, and servers destroyed, at once
	Attempts      int                      // SPAWN_ATTEMPTS: tries before a server goes to failedServers
	SpawnTimeout  time.Duration            // SPAWN_TIMEOUT: for one build and start of a server
	StartTimeout  time.Duration            // START_TIMEOUT: from container start to first answer
	DrainTimeout  time.Duration            // DRAIN_TIMEOUT: for requests in flight to a server to be destroyed or renewed
	StopGrace     time.Duration            // STOP_GRACE_SECONDS: between SIGTERM and SIGKILL
	LevelInterval time.Duration            // LEVEL_INTERVAL: between two comparisons of lists and containers
	WatchInterval time.Duration            // WATCH_INTERVAL: between two looks at the deployed apps
	HangTimeout   time.Duration            // HANG_TIMEOUT: for a deployed app to answer anything before it is restarted
	HealthTimeout map[string]time.Duration // BLUE_HEALTH_TIMEOUT, GREEN_HEALTH_TIMEOUT, else HEALTH_TIMEOUT: for a colour's app to start
}

// ReadConfig reads the settings, each with its default.
func ReadConfig(env *settings.Reader) (Config, error) {
	name, folder, lockFile := Places(env)
	config := Config{
		Redis:         fleet.ReadRedis(env),
		Site:          fleet.ReadSite(env),
		Fleet:         name,
		Root:          env.String("ROOT_DIR", "."),
		LockFile:      lockFile,
		Var:           folder,
		MaxServers:    env.MaxServers(),
		MaxImages:     env.MaxImages(),
		Handed:        handed(env),
		Password:      env.Secret("ADMIN_PASSWORD"),
		DeployDir:     env.Handed("DEPLOY_DIR"),
		DockerHost:    env.Handed("DOCKER_HOST"),
		Parallel:      env.Int("PARALLEL", 8, 1, 100),
		Attempts:      env.Int("SPAWN_ATTEMPTS", 3, 1, 100),
		SpawnTimeout:  env.Duration("SPAWN_TIMEOUT", 10*time.Minute, time.Second),
		StartTimeout:  env.Duration("START_TIMEOUT", 30*time.Second, time.Second),
		DrainTimeout:  env.DrainTimeout(),
		StopGrace:     env.StopGrace(),
		LevelInterval: env.Duration("LEVEL_INTERVAL", 5*time.Second, 100*time.Millisecond),
		WatchInterval: env.Duration("WATCH_INTERVAL", 1500*time.Millisecond, 100*time.Millisecond),
		HangTimeout:   env.Duration("HANG_TIMEOUT", 15*time.Second, time.Second),
		HealthTimeout: healthTimeouts(env),
	}
	return config, env.Err()
}

// Places reads the name of the system on this host and where it is known what
// runs: FLEET, VAR and LOCK_FILE.
func Places(env *settings.Reader) (name, folder, lockFile string) {
	name = env.Fleet()
	return name, env.String("VAR", "var/"+name), env.String("LOCK_FILE", "/tmp/deux-"+name+".lock")
}

// healthTimeouts reads how long each colour's app may take to start.
func healthTimeouts(env *settings.Reader) map[string]time.Duration {
	blue, green := env.HealthTimeouts()
	return map[string]time.Duration{"blue": blue, "green": green}
}

// handed reads the settings of which this program needs to know only what they
// are: the servers read them.
func handed(env *settings.Reader) (all []string) {
	for _, name := range []string{"MAX_IMAGE_BYTES", "MAX_KEYS", "HOST_NAME", "ALLOWED_HOSTS", "SESSION_TIMEOUT", "PRIVATE", "READ_ONLY", "TRUSTED_PROXIES",
		"BLUE_PORT", "GREEN_PORT", "READER_PORT", "SERVER_MEMORY", "LOG_SIZE", "LOG_FILES", "LOG_FORMAT"} {
		all = append(all, name+"="+env.Handed(name))
	}
	return all
}

// secretEnv is what the script must know too, and nobody else. The password's
// file may have another one in it by now than the first server was started with.
func (c Config) secretEnv() []string {
	return []string{"ADMIN_PASSWORD=" + string(c.Password), "ADMIN_PASSWORD_FILE="}
}

// scriptEnv is what scripts/spawn_docker.sh must know as this program does.
func (c Config) scriptEnv() []string {
	return append([]string{
		"FLEET=" + c.Fleet,
		"HOST_IP=" + c.Site.Host,
		"FIRST_PORT=" + strconv.Itoa(c.Site.First),
		"MAX_SERVERS=" + strconv.Itoa(c.MaxServers),
		"MAX_IMAGES=" + strconv.Itoa(c.MaxImages),
		"STOP_GRACE_SECONDS=" + strconv.Itoa(int(c.StopGrace.Seconds())),
	}, c.Handed...)
}
