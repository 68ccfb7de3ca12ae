package stream

import (
	"fmt"
	"math/rand/v2"
	"time"
)

var (
	moods   = []string{"bold", "calm", "curious", "gentle", "hungry", "lazy", "merry", "polite", "proud", "quiet", "shy", "sleepy", "sly", "tiny", "wise", "witty"}
	animals = []string{"badger", "bear", "crane", "fox", "hare", "hedgehog", "heron", "lynx", "mole", "newt", "otter", "owl", "raven", "seal", "toad", "wren"}
	deeds   = []string{"borrows", "buries", "collects", "counts", "draws", "finds", "folds", "hides", "juggles", "paints", "polishes", "repairs", "sells", "stacks", "trades", "weighs"}
	things  = []string{"acorns", "bells", "buttons", "candles", "coins", "feathers", "kettles", "lanterns", "letters", "maps", "pebbles", "ribbons", "shells", "spoons", "stamps", "teapots"}
	places  = []string{"behind the mill", "below the bridge", "by the harbour", "in the attic", "in the orchard", "near the well", "on the hill", "under the stars"}
)

// randomLine returns a line without its newline: the time in RFC 3339 and a
// random sentence.
func randomLine(now time.Time) string {
	return fmt.Sprintf("%s The %s %s %s %d %s %s.", now.UTC().Format(time.RFC3339),
		pick(moods), pick(animals), pick(deeds), 2+rand.IntN(98), pick(things), pick(places))
}

func pick(words []string) string { return words[rand.IntN(len(words))] }
