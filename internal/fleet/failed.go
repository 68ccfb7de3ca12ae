package fleet

import (
	"context"
	"errors"
	"fmt"
)

// ErrNotFailed refuses a wish about an element that is not in failedServers.
var ErrNotFailed = errors.New("not among the failed")

// retryScript queues a server that failed.
//
//	KEYS  the lists that name servers; the first ARGV[4] of them count against
//	      the limit. The first is tempServers, the last failedServers
//	ARGV  1 host  2 first port  3 most servers  4 how many lists count
//	      5 the element
//	→ 1 when it is queued or was under way already; 0 when the limit of
//	  servers is reached; -1 when it is not in failedServers
var retryScript = newScript(survey + `
local failed = KEYS[#KEYS]
if not redis.call('LPOS', failed, ARGV[5]) then return -1 end
local isUnderWay = false
for i = 1, tonumber(ARGV[4]) do isUnderWay = isUnderWay or redis.call('LPOS', KEYS[i], ARGV[5]) end
if not isUnderWay then
  local _, count = survey(KEYS, ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4]))
  if count >= tonumber(ARGV[3]) then return 0 end
  redis.call('LPUSH', KEYS[1], ARGV[5])
  journal(ARGV[5])
end
redis.call('LREM', failed, 0, ARGV[5])
return 1
`)

// retried is the reason given when a failed server is wanted again.
const retried = "retried after it failed"

// Retry moves a server from failedServers to tempServers, to be spawned again
// on its port. It returns ErrNotFailed when it is not there and, as
// RequestSpawn does, ErrFull when there are already most servers without it.
func (f *Fleet) Retry(ctx context.Context, server Server, most int) error {
	if server.Port == f.First {
		return ErrFirstServer
	}
	event := Event{What: Wanted, Why: retried}
	queued, err := f.run(ctx, retryScript, event, fleetKeys, f.Host, f.First, most, occupyingKeys, server.URL).Int()
	switch {
	case err != nil:
		return fmt.Errorf("queueing %s again: %w", server.URL, err)
	case queued == 0:
		return ErrFull
	case queued < 0:
		return ErrNotFailed
	}
	return nil
}

// ForgetFailed takes an element off failedServers, a server or anything else
// that was set aside. A server's port can then be allotted again. It returns
// ErrNotFailed when the element is not there.
func (f *Fleet) ForgetFailed(ctx context.Context, element string) error {
	found, err := f.take(ctx, Event{What: Forgotten}, element, failedKey)
	if err != nil {
		return err
	}
	if found == 0 {
		return ErrNotFailed
	}
	return nil
}
