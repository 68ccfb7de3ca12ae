package webapp

import (
	"mime"
	"strconv"
	"strings"
)

// prefersJSON reports whether a request wants JSON rather than HTML, by its
// Accept fields (RFC 9110 section 12.5.1). At equal weight it gets JSON only if
// it names JSON more exactly: curl's */* gets HTML, so that a person who tries a
// page by hand sees what a browser shows, and the "application/json, */*" of
// HTTP libraries gets JSON.
func prefersJSON(accept []string) bool {
	ranges := strings.Split(strings.Join(accept, ","), ",")
	json, html := weigh(ranges, "application", "json"), weigh(ranges, "text", "html")
	if json.q == html.q {
		return json.q > 0 && json.exactness > html.exactness
	}
	return json.q > html.q
}

// weight is how much a media type is wanted, and how exactly it was named.
type weight struct {
	q         float64
	exactness int
}

// weigh returns the weight that the most exact range gives a type.
func weigh(ranges []string, kind, subtype string) weight {
	exactness := map[string]int{kind + "/" + subtype: 3, kind + "/*": 2, "*/*": 1}
	var best weight
	for _, text := range ranges {
		name, parameters, err := mime.ParseMediaType(text)
		if err == nil && exactness[name] > best.exactness {
			best = weight{q: quality(parameters["q"]), exactness: exactness[name]}
		}
	}
	return best
}

// quality reads a q-value; without a readable one the range counts in full.
func quality(text string) float64 {
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || q < 0 || q > 1 {
		return 1
	}
	return q
}
