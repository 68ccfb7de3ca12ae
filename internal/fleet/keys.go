package fleet

// The lists are the whole protocol between the programs. An element of those
// that name servers is a URL such as http://172.17.0.1:3001, and the list that
// holds it is that server's state. New elements enter on the left and old ones
// leave on the right, unless stated otherwise. The methods walk the arrows.
//
//	/spawn   → tempServers → spawningServers → servers             RequestSpawn, ClaimSpawn, Join
//	                                        ↘ failedServers        Fail
//	failedServers → tempServers, or forgotten                      Retry, ForgetFailed
//	servers  → spawningServers → servers, when it died             Respawn, Join
//	servers  → spawningServers → servers, with other settings      Renew, Join
//	         ↘ drainServers until its last request has ended       Drained
//	/destroy → deleteServers → destroyingServers → gone            RequestDestroy, ClaimDestroy, Forget
//	                         ↘ drainServers → gone                 BeginDrain, Drained
//	servers  → drainServers → servers, when the first one restarts StepAside, Drained, Adopt
//	servers  → nowhere → servers, when one dies and comes back     Leave, Adopt
const (
	// serversKey holds the servers that answer. The proxy rotates it for each
	// request; a new one enters on the right, so that it is the next to serve.
	serversKey = "servers"
	// tempKey holds what /spawn allotted and nobody has started.
	tempKey = "tempServers"
	// spawningKey holds what infrastructure is building and starting.
	spawningKey = "spawningServers"
	// failedKey holds what infrastructure gave up, and every element of
	// another list that was not a valid server URL.
	failedKey = "failedServers"
	// deleteKey holds what /destroy chose and nobody has started to remove.
	// Its servers are still in serversKey.
	deleteKey = "deleteServers"
	// destroyingKey holds what infrastructure is draining and removing.
	destroyingKey = "destroyingServers"
	// drainKey holds servers out of rotation whose last requests may still
	// run. The proxy takes one off when it has no request to it in flight.
	drainKey = "drainServers"

	blueKey       = "blueServers"
	drainBlueKey  = "drainBlueServers"
	greenKey      = "greenServers"
	drainGreenKey = "drainGreenServers"

	// failedBlueKey holds the release in blueKey while it does not answer as it
	// should. It stays in blueKey too: no other can serve.
	failedBlueKey  = "failedBlueServers"
	failedGreenKey = "failedGreenServers"

	// recentKey holds the last visited URLs, newest on the left.
	recentKey = "recent"
	// eventsKey holds the journal of events, newest on the left: see Event.
	eventsKey = "events"
	// webLoadKey holds the proxy's load by second, newest on the left: see Load.
	webLoadKey   = "webLoad"
	blueLoadKey  = "blueLoad"
	greenLoadKey = "greenLoad"
	// vitalsKey holds the state of the machine and its containers, newest on
	// the left: see Vitals.
	vitalsKey = "vitals"
	// blueDeployKey holds the steps of pushes, newest on the left: see Step.
	blueDeployKey  = "blueDeploy"
	greenDeployKey = "greenDeploy"
	// imagesKey holds pictures in base64, newest on the left, where /meow
	// takes them.
	imagesKey = "images"
)

// fleetKeys are the lists in which a server of the fleet may be. A port is
// free only if none of them names it.
var fleetKeys = []string{
	tempKey, serversKey, spawningKey, destroyingKey, deleteKey, drainKey, failedKey,
}

// occupyingKeys is how many of fleetKeys, from the front, name servers that
// take up room on the machine or soon will.
const occupyingKeys = 4

var reservedKeys = append([]string{
	blueKey, drainBlueKey, failedBlueKey, greenKey, drainGreenKey, failedGreenKey, recentKey, imagesKey,
	eventsKey, vitalsKey, webLoadKey, blueLoadKey, greenLoadKey, blueDeployKey, greenDeployKey,
}, fleetKeys...)
