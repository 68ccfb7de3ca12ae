package proxy

import (
	"math"
	"net/netip"
	"time"

	"deux/internal/fleet"
	"deux/internal/http1"
	"deux/internal/settings"
)

// Config is the settings of the program, by the names of their variables.
type Config struct {
	Service   string      // SERVICE: proxy, blue or green; says which lists it rotates
	Port      int         // PORT: where it listens, on all addresses
	AdminPort int         // ADMIN_PORT: /healthz, /readyz and /metrics, on 127.0.0.1
	Redis     fleet.Redis // REDIS_ADDR, REDIS_PASSWORD
	Site      fleet.Site  // HOST_IP, FIRST_PORT

	ConnectTimeout  time.Duration // for a connection to a server, which is on this host
	ResponseTimeout time.Duration // RESPONSE_TIMEOUT: from the last byte that the server took to the first of its answer
	HeadTimeout     time.Duration // HEAD_TIMEOUT: for a request's head, from its first byte
	IdleTimeout     time.Duration // IDLE_TIMEOUT: for a client's connection without a request
	BodyTimeout     time.Duration // BODY_TIMEOUT: the longest pause of a client that sends or reads a body
	ShutdownTimeout time.Duration // for requests in flight when told to end

	Limits               http1.Limits   // MAX_HEAD_BYTES, MAX_TARGET_BYTES, MAX_FIELDS
	MaxBodyBytes         int            // MAX_BODY_BYTES: of a request; 0 for any
	MaxConnections       int            // MAX_CONNECTIONS: of all clients together
	MaxClientConnections int            // MAX_CLIENT_CONNECTIONS: of one address that is not trusted
	MaxServerRequests    int            // MAX_SERVER_REQUESTS: in flight to one server
	TrustedProxies       []netip.Prefix // TRUSTED_PROXIES: peers that say on whose behalf they come
	AccessLog            string         // ACCESS_LOG: off, sampled or all
}

// ReadConfig reads the settings, each with its default. The time to end is over
// before stop_grace_period in docker-compose.yml, 30 s.
func ReadConfig(env *settings.Reader) (Config, error) {
	const unit = time.Millisecond
	config := Config{
		Service:   env.String("SERVICE", "proxy"),
		Port:      env.Port("PORT", 3456),
		AdminPort: env.Port("ADMIN_PORT", 3457),
		Redis:     fleet.ReadRedis(env),
		Site:      fleet.ReadSite(env),

		ConnectTimeout:  2 * time.Second,
		ResponseTimeout: env.Duration("RESPONSE_TIMEOUT", time.Minute, unit),
		HeadTimeout:     env.Duration("HEAD_TIMEOUT", 10*time.Second, unit),
		IdleTimeout:     env.Duration("IDLE_TIMEOUT", 2*time.Minute, unit),
		BodyTimeout:     env.Duration("BODY_TIMEOUT", 30*time.Second, unit),
		ShutdownTimeout: 25 * time.Second,

		Limits: http1.Limits{
			Head:   env.Int("MAX_HEAD_BYTES", 64<<10, 1<<10, 1<<20),
			Target: env.Int("MAX_TARGET_BYTES", 8<<10, 128, 1<<20),
			Fields: env.Int("MAX_FIELDS", 100, 10, 10_000),
		},
		MaxBodyBytes:         env.Int("MAX_BODY_BYTES", 0, 0, math.MaxInt),
		MaxConnections:       env.Int("MAX_CONNECTIONS", 1536, 1, 1_000_000),
		MaxClientConnections: env.Int("MAX_CLIENT_CONNECTIONS", 768, 1, 1_000_000),
		MaxServerRequests:    env.Int("MAX_SERVER_REQUESTS", 1024, 1, 1_000_000),
		TrustedProxies:       env.Networks("TRUSTED_PROXIES"),
		AccessLog:            env.Choice("ACCESS_LOG", "off", "sampled", "all"),
	}
	return config, env.Err()
}
