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

// String returns the address alone: it is for logs, the password is not.
func (r Redis) String() string { return r.Address }

// Why Redis refuses a command. Both last until a person does something.
var (
	ErrPassword = errors.New("this program does not have the password that Redis asks for: " +
		"set REDIS_PASSWORD and run make up, which gives it to Redis and to every program")
	ErrOutOfMemory = errors.New("Redis is full: " +
		"look at some pictures (/meow), or raise REDIS_MEMORY and run make up")
)

// name puts one of the errors above before what Redis answered, if that is
// what it means. Redis gives the first word of an error for programs to know
// it by (Redis, "RESP protocol specification", Simple errors).
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

// named is a hook of the client that names the errors of all commands.
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
		if redis.HasErrorPrefix(err, "EXECABORT") { // the command that Redis refused has the reason
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
