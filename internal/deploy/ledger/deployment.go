package ledger

import "time"

// Deployment is one push under way, or what a person does instead of one. It is
// kept in a file from its first step to its last, since git runs two processes
// for a push, either of which may be killed at any step.
type Deployment struct {
	Record
	Aim        string  `json:"aim,omitempty"`        // the result when all goes well; empty for Deployed
	Step       string  `json:"step"`                 // the step that it is at
	Ready      bool    `json:"ready,omitempty"`      // a candidate answers; the ref is git's to move now
	Image      string  `json:"image,omitempty"`      // id of the image that was built
	Container  string  `json:"container,omitempty"`  // id of the candidate
	Port       int     `json:"port,omitempty"`       // of the candidate, on the host
	AppPort    int     `json:"appPort,omitempty"`    // of the candidate, in the container
	PortNote   string  `json:"-"`                    // what a person is told of AppPort
	Generation int     `json:"generation,omitempty"` // of the configuration that the candidate gets
	Git        Process `json:"git"`                  // the process, git's or a command's, that works on it

	Volumes []string `json:"volumes,omitempty"` // that were made for the candidate
}

// UnderWay returns the deployment that was begun last and has not ended, if
// there is one.
func (l *Ledger) UnderWay() (*Deployment, bool) { return l.readDeployment(underWayFile) }

// Save writes down how far a deployment has come.
func (l *Ledger) Save(p *Deployment) error { return l.write(underWayFile, p) }

// End says that a deployment is no longer under way. That of another one, which
// this one found and could not settle, stays.
func (l *Ledger) End(p *Deployment) error {
	saved, under := l.UnderWay()
	if !under || saved.Git != p.Git || saved.Revision != p.Revision {
		return nil
	}
	return l.Drop()
}

// Drop says that no deployment is under way.
func (l *Ledger) Drop() error { return l.remove(underWayFile) }

// Current returns the deployment whose release should run, if there was one.
func (l *Ledger) Current() (*Deployment, bool) { return l.readDeployment(currentFile) }

// SetCurrent writes down whose release should run.
func (l *Ledger) SetCurrent(p *Deployment) error { return l.write(currentFile, p) }

// HasCurrent reports whether there is a release that should run.
func (l *Ledger) HasCurrent() bool {
	_, has := l.Current()
	return has
}

func (l *Ledger) readDeployment(file string) (*Deployment, bool) {
	p := new(Deployment)
	return p, l.read(file, p)
}

// MeanDown writes down that a person took the app down.
func (l *Ledger) MeanDown() error { return l.write(downFile, time.Now().UTC()) }

// MeanUp writes down that the app is to run.
func (l *Ledger) MeanUp() error { return l.remove(downFile) }

// IsDown reports whether a person took the app down.
func (l *Ledger) IsDown() bool { return l.read(downFile, new(time.Time)) }

// LastPort returns the port that a candidate was given last, or 0.
func (l *Ledger) LastPort() (port int) {
	l.read(portFile, &port)
	return port
}

// SetLastPort writes down which port a candidate was given.
func (l *Ledger) SetLastPort(port int) error { return l.write(portFile, port) }
