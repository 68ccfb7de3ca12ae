package fleet

import (
	"bytes"
	"encoding/json"
)

// entry is an element of a journal. isEntry reports whether it is a real one:
// any JSON object can be decoded into any struct.
type entry interface{ isEntry() bool }

func (e Event) isEntry() bool  { return e.What != "" }
func (l Load) isEntry() bool   { return !l.At.IsZero() }
func (v Vitals) isEntry() bool { return !v.At.IsZero() }
func (s Step) isEntry() bool   { return s.State != "" }

// entries reads the elements of a journal. It skips those that are not entries,
// such as text that a person pushed.
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

// oneLine returns an entry as JSON that people can read too.
func oneLine(entry any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(entry) // a struct of strings and numbers
	return bytes.TrimSpace(text.Bytes())
}
