package webapp

import "encoding/json"

// update is what the stream carries: fragments that are new or changed, and the
// ids of those that are gone. With IsAll, every fragment not in Put is gone, and
// Version is that of the page that they belong to.
type update struct {
	IsAll   bool       `json:"all,omitempty"`
	Put     []fragment `json:"put,omitempty"`
	Gone    []string   `json:"gone,omitempty"`
	Version string     `json:"version,omitempty"`
}

// scene is the dashboard at one moment.
type scene struct {
	title     string
	fragments []fragment
}

func encode(u update) []byte {
	text, _ := json.Marshal(u) // strings and numbers
	return text
}

// difference returns the update that turns before into after.
func difference(before, after []fragment) (change update) {
	known := make(map[string]fragment, len(before))
	for _, one := range before {
		known[one.ID] = one
	}
	for _, one := range after {
		if known[one.ID] != one {
			change.Put = append(change.Put, one)
		}
		delete(known, one.ID)
	}
	for _, one := range before {
		if _, isGone := known[one.ID]; isGone {
			change.Gone = append(change.Gone, one.ID)
		}
	}
	return change
}
