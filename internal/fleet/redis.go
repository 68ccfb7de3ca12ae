package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"deux/internal/settings"
)

// Redis is where the lists are.
type Redis struct {
	Address  string          // HOST:PORT
	Password settings.Secret // empty if Redis asks for none
}

// ReadRedis reads REDIS_ADDR and REDIS_PASSWORD.
func ReadRedis(env *settings.Reader) Redis {
	return Redis{Address: env.Address("REDIS_ADDR", "127.0.0.1:6379"), Password: env.Secret("REDIS_PASSWORD")}
}

// String returns the address alone, for logs: the password stays out of them.
func (r Redis) String() string { return r.Address }

// Reasons why Redis refuses a command. Both last until a person acts.
var (
	ErrPassword = errors.New("this program does not have the password that Redis asks for: " +
		"set REDIS_PASSWORD and run make up, which gives it to Redis and to every program")
	ErrOutOfMemory = errors.New("Redis is full: " +
		"look at some pictures (/meow), or raise REDIS_MEMORY and run make up")
)

// name puts the matching error above, if any, before what Redis answered. The
// first word of an error is for programs to recognise it (Redis, "RESP protocol
// specification", Simple errors).
func name(err error) error {
	if err == nil {
		return nil
	}
	for _, named := range []struct {
		start   string
		meaning error
	}{
		{"NOAUTH ", ErrPassword},
		{"WRONGPASS ", ErrPassword},
		{"OOM ", ErrOutOfMemory},
	} {
		if strings.HasPrefix(err.Error(), named.start) {
			return fmt.Errorf("%w (%w)", named.meaning, err)
		}
	}
	return err
}

// named is a client hook that names the errors of all commands.
type named struct{}

func (named) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return next(ctx, network, address)
	}
}

func (named) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, command redis.Cmder) error { return name(next(ctx, command)) }
}

func (named) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, commands []redis.Cmder) error {
		err := next(ctx, commands)
		if redis.HasErrorPrefix(err, "EXECABORT") { // the reason is with the command that Redis refused
			refused := slices.IndexFunc(commands, func(command redis.Cmder) bool {
				return command.Err() != nil && !redis.HasErrorPrefix(command.Err(), "EXECABORT")
			})
			if refused >= 0 {
				err = commands[refused].Err()
			}
		}
		return name(err)
	}
}
