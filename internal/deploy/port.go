package deploy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// defaultAppPort is where an app listens in its container unless something says
// otherwise.
const defaultAppPort = 8080

// appPort chooses where the app listens in its container: at the PORT of its
// configuration, else at 8080, unless its image EXPOSEs exactly one other port:
// then there. The note tells a person about a choice that may surprise.
func appPort(exposed []int, configured string) (port int, note string) {
	if port, err := strconv.Atoi(configured); err == nil {
		return port, ""
	}
	switch {
	case len(exposed) == 0 || slices.Contains(exposed, defaultAppPort):
		return defaultAppPort, ""
	case len(exposed) == 1:
		return exposed[0], fmt.Sprintf("The image EXPOSEs port %d: the app is served there, and PORT says so", exposed[0])
	}
	return defaultAppPort, fmt.Sprintf("The image EXPOSEs the ports %s and not %d, but %[2]d is tried: set PORT in the app's configuration to choose one of them",
		numbers(exposed), defaultAppPort)
}

func numbers(all []int) string {
	var words []string
	for _, n := range all {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, ", ")
}
