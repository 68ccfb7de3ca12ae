package fleet

import (
	"bytes"
	"encoding/json"
)

// entry is an element of a journal. It reports whether it is one at all: any
// JSON object can be read as any other.
type entry interface{ isEntry() bool }

func (e Event) isEntry() bool  { return e.What != "" }
func (l Load) isEntry() bool   { return !l.At.IsZero() }
func (v Vitals) isEntry() bool { return !v.At.IsZero() }
func (s Step) isEntry() bool   { return s.State != "" }

// entries reads the elements of a journal. One that is not an entry, such as
// one that a person pushed, is passed over.
func entries[E entry](elements []string) []E {
	all := make([]E, 0, len(elements))
	for _, element := range elements {
		var one E
		if json.Unmarshal([]byte(element), &one) == nil && one.isEntry() {
			all = append(all, one)
		}
	}
	return all
}

// oneLine is an entry as JSON, for people to read too.
func oneLine(entry any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(entry) // a struct of strings and numbers
	return bytes.TrimSpace(text.Bytes())
}
