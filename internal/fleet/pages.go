package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// The web app's own data. It lives in the same Redis, so that any server can
// answer for any other, but coordinates nothing.

// recentLength is how many visited URLs are kept.
const recentLength = 5

// Errors of pages that have nothing to show, or no room to store.
var (
	ErrNoMessage       = errors.New("no message under this key")
	ErrTooManyMessages = errors.New("too many keys")
	ErrNoImages        = errors.New("no pictures")
	ErrTooManyImages   = errors.New("too many pictures are waiting")
	ErrImagesTooLarge  = errors.New("the waiting pictures take too much memory")
)

// AddVisit remembers url as the one visited last.
func (f *Fleet) AddVisit(ctx context.Context, url string) error {
	_, err := f.client.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.LPush(ctx, recentKey, url)
		tx.LTrim(ctx, recentKey, 0, recentLength-1)
		return nil
	})
	if err != nil {
		return fmt.Errorf("remembering a visit: %w", err)
	}
	return nil
}

// Recent returns the last visited URLs, newest first.
func (f *Fleet) Recent(ctx context.Context) ([]string, error) {
	urls, err := f.client.LRange(ctx, recentKey, 0, recentLength-1).Result()
	if err != nil {
		return nil, fmt.Errorf("reading recent visits: %w", err)
	}
	return urls, nil
}

// messageScript stores a text that expires, unless there are too many keys. The
// lists and the system's own keys, which are few, count too.
//
//	KEYS  1 the key
//	ARGV  1 the text  2 its lifetime in ms  3 most keys
//	→ 1 if it is stored; 0 if not
var messageScript = redis.NewScript(`
if redis.call('EXISTS', KEYS[1]) == 0 and redis.call('DBSIZE') >= tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`)

// SetMessage stores text under key for the given time, or returns
// ErrTooManyMessages when Redis already holds most keys. The key must not be
// Reserved.
func (f *Fleet) SetMessage(ctx context.Context, key, text string, life time.Duration, most int) error {
	stored, err := messageScript.Run(ctx, f.client, []string{key}, text, life.Milliseconds(), most).Bool()
	if err != nil {
		return fmt.Errorf("storing a message: %w", err)
	}
	if !stored {
		return ErrTooManyMessages
	}
	return nil
}

// Message returns the text under key, or ErrNoMessage.
func (f *Fleet) Message(ctx context.Context, key string) (string, error) {
	text, err := f.client.Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) {
		return "", ErrNoMessage
	}
	if err != nil {
		return "", fmt.Errorf("reading a message: %w", err)
	}
	return text, nil
}

// imageScript stores a picture unless there are too many, or they take too much
// memory. MEMORY USAGE adds up what Redis allocated for each element without
// reading any: for 64 MiB of pictures it takes microseconds.
//
//	KEYS  1 images
//	ARGV  1 the picture  2 most pictures  3 most bytes in total
//	→ 1 if it is stored; 0 if there are too many; -1 if they are too large
var imageScript = redis.NewScript(`
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
local taken = redis.call('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', 0) or 0
if taken + #ARGV[1] > tonumber(ARGV[3]) then return -1 end
redis.call('LPUSH', KEYS[1], ARGV[1])
return 1
`)

// AddImage stores a picture in base64, in one step. It returns ErrTooManyImages
// when most pictures are already waiting, and ErrImagesTooLarge when with this
// one they would take more than bytes of Redis's memory.
func (f *Fleet) AddImage(ctx context.Context, base64 string, most int, bytes int64) error {
	stored, err := imageScript.Run(ctx, f.client, []string{imagesKey}, base64, most, bytes).Int()
	switch {
	case err != nil:
		return fmt.Errorf("storing a picture: %w", err)
	case stored == 0:
		return ErrTooManyImages
	case stored < 0:
		return ErrImagesTooLarge
	}
	return nil
}

// TakeImage returns the newest picture in base64 and removes it, or returns
// ErrNoImages.
func (f *Fleet) TakeImage(ctx context.Context) (string, error) {
	base64, err := f.client.LPop(ctx, imagesKey).Result()
	if errors.Is(err, redis.Nil) {
		return "", ErrNoImages
	}
	if err != nil {
		return "", fmt.Errorf("taking a picture: %w", err)
	}
	return base64, nil
}
