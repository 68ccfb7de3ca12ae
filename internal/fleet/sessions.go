package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// What all servers must know about who may use the pages: which sessions were
// ended early, and how many passwords were tried. Both are the web app's own
// data, in short-lived keys that expire by themselves.
const (
	// ownPrefix marks the system's keys that are not lists, so that /set and
	// /get can refuse them.
	ownPrefix = "deux:"
	// endedPrefix and a session's id name the key of a session ended early.
	endedPrefix = ownPrefix + "ended:"
	// guessesPrefix and an address, or allAddresses, name the key that holds
	// when the guesses from there are forgotten, in microseconds since 1970.
	guessesPrefix = ownPrefix + "guesses:"
	allAddresses  = "all"
)

// How many passwords may be tried: some at once, then one per interval.
const (
	guessesAtOnce    = 5
	guessInterval    = time.Second
	allGuessesAtOnce = 20
	allGuessInterval = 200 * time.Millisecond
)

// ErrTooManyGuesses means that nobody is told whether the password was right.
var ErrTooManyGuesses = errors.New("too many passwords were tried")

// guessScript counts a wrong guess unless there were too many, for two counters
// at once, by the generic cell rate algorithm (ITU-T I.371): a counter holds when
// it will be empty, and each guess adds one interval. A right guess is allowed by
// the same rule and adds nothing.
//
//	KEYS  the counters
//	ARGV  for each counter: how many guesses at once, and its interval in µs;
//	      last, 1 if the guess is right, else 0
//	→ 1 if the guess is allowed; 0 if not
//
// No library is used because none decides over two counters in one step.
var guessScript = redis.NewScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local empty = {}
for i, key in ipairs(KEYS) do
  local most, interval = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  empty[i] = math.max(tonumber(redis.call('GET', key) or 0), now) + interval
  if empty[i] - now > most * interval then return 0 end
end
if ARGV[#ARGV] == '1' then return 1 end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%d', empty[i]), 'PX', math.ceil((empty[i] - now) / 1000))
end
return 1
`)

// TakeGuess counts a wrong password tried from address, or returns
// ErrTooManyGuesses when it must wait: one address may try 5 at once and then 1 a
// second, all together 20 at once and then 5 a second. The right password is not
// counted, so that it may be sent at any rate; but among too many wrong ones it is
// refused like them, or a flood would find it.
func (f *Fleet) TakeGuess(ctx context.Context, address string, isRight bool) error {
	keys := []string{guessesPrefix + address, guessesPrefix + allAddresses}
	may, err := guessScript.Run(ctx, f.client, keys,
		guessesAtOnce, guessInterval.Microseconds(), allGuessesAtOnce, allGuessInterval.Microseconds(), isRight).Bool()
	if err != nil {
		return fmt.Errorf("counting a guess: %w", err)
	}
	if !may {
		return ErrTooManyGuesses
	}
	return nil
}

// EndSession records that the session called id has ended, for life: as long as
// a session can last.
func (f *Fleet) EndSession(ctx context.Context, id string, life time.Duration) error {
	if err := f.client.Set(ctx, endedPrefix+id, "", life).Err(); err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

// SessionEnded reports whether EndSession was called for the session id.
func (f *Fleet) SessionEnded(ctx context.Context, id string) (bool, error) {
	found, err := f.client.Exists(ctx, endedPrefix+id).Result()
	if err != nil {
		return false, fmt.Errorf("looking for an ended session: %w", err)
	}
	return found > 0, nil
}
