// Package deploy turns a git push into a running release of the blue or the
// green app. Git calls twice. Its update hook may refuse a push, so everything
// that can fail happens there, up to a new container that answers beside the
// old one. Its post-receive hook runs after the ref has moved, so it only
// switches over. recipe.go has the steps, top to bottom.
package deploy

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"deux/internal/fleet"
	"deux/internal/settings"
)

// Config is the settings of the program, with the names of their variables.
type Config struct {
	Fleet        string        // FLEET: name of the system on this host
	Dir          string        // DEPLOY_DIR: the bare repositories and their checkouts
	Redis        fleet.Redis   // REDIS_ADDR, REDIS_PASSWORD
	HostIP       string        // HOST_IP: where releases are published, as in the lists
	RegistryPort int           // REGISTRY_PORT: of the registry, on 127.0.0.1
	BluePort     int           // BLUE_PORT: of the blue proxy
	GreenPort    int           // GREEN_PORT: of the green proxy
	BlueFirst    int           // BLUE_FIRST_PORT: first of the ports for blue releases
	GreenFirst   int           // GREEN_FIRST_PORT: first of the ports for green releases
	Ports        int           // RELEASE_PORTS: how many ports each colour has
	Keep         int           // KEEP_RELEASES: how many releases of a colour keep their images
	BuildMemory  int64         // BUILD_MEMORY: bytes for each step of a build, if the builder can limit it
	BuildTimeout time.Duration // BUILD_TIMEOUT: for a build
	BlueHealth   time.Duration // BLUE_HEALTH_TIMEOUT, else HEALTH_TIMEOUT: from a release's start to its first good answer
	GreenHealth  time.Duration // GREEN_HEALTH_TIMEOUT, else HEALTH_TIMEOUT: the same for green
	DrainTimeout time.Duration // DRAIN_TIMEOUT: for requests in flight to the old release
	StopGrace    time.Duration // STOP_GRACE_SECONDS: between SIGTERM and SIGKILL
	BlueApp      AppLimits     // BLUE_APP_…, else APP_…: the limits of the blue app
	GreenApp     AppLimits     // GREEN_APP_…, else APP_…
}

// ReadConfig reads the settings, each with its default. DEPLOY_DIR is dir
// unless set.
func ReadConfig(env *settings.Reader, dir string) (Config, error) {
	config := Config{
		Fleet:        env.Fleet(),
		Dir:          env.String("DEPLOY_DIR", dir),
		Redis:        fleet.ReadRedis(env),
		HostIP:       env.HostIP(),
		RegistryPort: env.RegistryPort(),
		BluePort:     env.ColourPort("blue"),
		GreenPort:    env.ColourPort("green"),
		BlueFirst:    env.ColourFirstPort("blue"),
		GreenFirst:   env.ColourFirstPort("green"),
		Ports:        env.ReleasePorts(),
		Keep:         env.Int("KEEP_RELEASES", 5, 1, 100),
		BuildMemory:  env.Size("BUILD_MEMORY", "1g", 32<<20),
		BuildTimeout: env.Duration("BUILD_TIMEOUT", 15*time.Minute, time.Second),
		DrainTimeout: env.DrainTimeout(),
		StopGrace:    env.StopGrace(),
	}
	config.BlueHealth, config.GreenHealth = env.HealthTimeouts()
	config.BlueApp, config.GreenApp = readAppLimits(env)
	return config, env.Err()
}

// variables returns every setting as NAME=value, for the file that hooks read.
func (c Config) variables() []string {
	return slices.Concat([]string{
		"FLEET=" + c.Fleet,
		"DEPLOY_DIR=" + c.Dir,
		"REDIS_ADDR=" + c.Redis.Address,
		"HOST_IP=" + c.HostIP,
		fmt.Sprintf("REGISTRY_PORT=%d", c.RegistryPort),
		fmt.Sprintf("BLUE_PORT=%d", c.BluePort),
		fmt.Sprintf("GREEN_PORT=%d", c.GreenPort),
		fmt.Sprintf("BLUE_FIRST_PORT=%d", c.BlueFirst),
		fmt.Sprintf("GREEN_FIRST_PORT=%d", c.GreenFirst),
		fmt.Sprintf("RELEASE_PORTS=%d", c.Ports),
		fmt.Sprintf("KEEP_RELEASES=%d", c.Keep),
		fmt.Sprintf("BUILD_MEMORY=%d", c.BuildMemory),
		"BUILD_TIMEOUT=" + c.BuildTimeout.String(),
		"BLUE_HEALTH_TIMEOUT=" + c.BlueHealth.String(),
		"GREEN_HEALTH_TIMEOUT=" + c.GreenHealth.String(),
		"DRAIN_TIMEOUT=" + c.DrainTimeout.String(),
		fmt.Sprintf("STOP_GRACE_SECONDS=%.0f", c.StopGrace.Seconds()),
	}, c.BlueApp.variables("blue"), c.GreenApp.variables("green"))
}

// colour is one of the two apps with all its names.
type colour struct {
	name       string        // blue
	git        string        // the bare repository
	www        string        // its checkout
	app        string        // the container that runs
	image      string        // the image that runs, on this host
	repository string        // its images' name in the registry, localhost:PORT/…
	proxyPort  int           // where people reach it
	health     time.Duration // from a release's start to its first good answer, at most
	site       fleet.Site
	limits     AppLimits

	volumePrefix string // before the names of its volumes on this host
}

// Colours are the names of the two apps.
var Colours = fleet.Colours

// CheckColour returns an error unless name is blue or green.
func CheckColour(name string) error {
	if !slices.Contains(Colours, name) {
		return fmt.Errorf("unknown colour %q: expected blue or green", name)
	}
	return nil
}

func (c Config) colour(name string) (colour, error) {
	if err := CheckColour(name); err != nil {
		return colour{}, err
	}
	first, port, health, limits := c.BlueFirst, c.BluePort, c.BlueHealth, c.BlueApp
	if name == "green" {
		first, port, health, limits = c.GreenFirst, c.GreenPort, c.GreenHealth, c.GreenApp
	}
	prefix := ""
	if c.Fleet != settings.DefaultFleet {
		prefix = c.Fleet + "-"
	}
	return colour{
		name:       name,
		git:        filepath.Join(c.Dir, name+".git"),
		www:        filepath.Join(c.Dir, name+"-www"),
		app:        prefix + name + "-app",
		image:      prefix + name + "-image",
		repository: fmt.Sprintf("localhost:%d/%s-registry", c.RegistryPort, name),
		proxyPort:  port,
		health:     health,
		site:       fleet.Site{Host: c.HostIP, First: first},
		limits:     limits,

		volumePrefix: c.Fleet + "_" + name + "_",
	}, nil
}
