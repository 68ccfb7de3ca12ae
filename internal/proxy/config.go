package proxy

import (
	"time"

	"deux/internal/fleet"
	"deux/internal/settings"
)

// Config is the settings of the program, by the names of their variables.
type Config struct {
	Service         string        // SERVICE: proxy, blue or green; says which lists it rotates
	Port            int           // PORT: where it listens
	RedisAddr       string        // REDIS_ADDR
	Site            fleet.Site    // HOST_IP, FIRST_PORT
	ConnectTimeout  time.Duration // CONNECT_TIMEOUT: for a connection to a server
	ResponseTimeout time.Duration // RESPONSE_TIMEOUT: from the request to the first byte of its answer
	ShutdownTimeout time.Duration // SHUTDOWN_TIMEOUT: for requests in flight when told to end
}

// ReadConfig reads the settings, each with its default.
func ReadConfig(env *settings.Reader) (Config, error) {
	config := Config{
		Service:         env.String("SERVICE", "proxy"),
		Port:            env.Port("PORT", 3456),
		RedisAddr:       env.Address("REDIS_ADDR", "127.0.0.1:6379"),
		Site:            fleet.Site{Host: env.IPv4("HOST_IP", "172.17.0.1"), First: env.Port("FIRST_PORT", 3000)},
		ConnectTimeout:  env.Duration("CONNECT_TIMEOUT", 2*time.Second, time.Millisecond),
		ResponseTimeout: env.Duration("RESPONSE_TIMEOUT", time.Minute, time.Millisecond),
		ShutdownTimeout: env.Duration("SHUTDOWN_TIMEOUT", 25*time.Second, 0),
	}
	return config, env.Err()
}
