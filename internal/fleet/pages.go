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

// Why a page has nothing to show or to store.
var (
	ErrNoMessage     = errors.New("no message under this key")
	ErrNoImages      = errors.New("no pictures")
	ErrTooManyImages = errors.New("too many pictures wait to be seen")
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

// SetMessage stores text under key for the given time. The key must not be
// Reserved.
func (f *Fleet) SetMessage(ctx context.Context, key, text string, life time.Duration) error {
	if err := f.client.Set(ctx, key, text, life).Err(); err != nil {
		return fmt.Errorf("storing a message: %w", err)
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

// AddImage stores a picture in base64, or returns ErrTooManyImages when most
// of them wait already.
func (f *Fleet) AddImage(ctx context.Context, base64 string, most int64) error {
	waiting, err := f.client.LLen(ctx, imagesKey).Result()
	if err == nil && waiting >= most {
		return ErrTooManyImages
	}
	if err == nil {
		err = f.client.LPush(ctx, imagesKey, base64).Err()
	}
	if err != nil {
		return fmt.Errorf("storing a picture: %w", err)
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
