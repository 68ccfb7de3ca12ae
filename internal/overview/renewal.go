package overview

import "fmt"

// Renewal is how far the web servers have followed the first one to new code or
// settings: infrastructure starts them again one by one.
type Renewal struct {
	Old     int  // servers that run other code or settings than the first
	All     int  // servers that serve or start, with the first
	IsKnown bool // whether the version of the first server is known
	IsHeld  bool // whether a server has failed, which may hold up the others
}

// Renewal returns how far the web servers have been renewed. A server whose
// version is not known yet, such as one that has just started, is not old.
func (o Overview) Renewal() (r Renewal) {
	web := o.web()
	wanted := ""
	for _, card := range web.Cards {
		if card.IsFirst && card.Usage != nil {
			wanted = card.Usage.Version
		}
	}
	r.IsKnown, r.IsHeld = wanted != "", len(web.In(Failed)) > 0
	for _, card := range append(web.In(Serving), web.In(Starting)...) {
		r.All++
		if r.IsKnown && card.runsAnother(wanted) {
			r.Old++
		}
	}
	return r
}

// runsAnother reports whether the server's container is known to run another
// version.
func (c Card) runsAnother(wanted string) bool {
	return c.Usage != nil && c.Usage.State == "running" && c.Usage.Version != "" && c.Usage.Version != wanted
}

// String says how many servers are old.
func (r Renewal) String() string {
	verb := "run"
	if r.Old == 1 {
		verb = "runs"
	}
	return fmt.Sprintf("%d of %d web servers still %s the code or settings from before", r.Old, r.All, verb)
}

// ofRenewal returns that servers are being renewed.
func (o *Overview) ofRenewal() []Problem {
	renewal := o.Renewal()
	switch {
	case renewal.Old == 0:
		return nil
	case renewal.IsHeld:
		return []Problem{{Level: Busy, What: renewal.String() + "."}}
	}
	return []Problem{{Level: Busy, What: "Renewing: " + renewal.String() + "."}}
}
