package ledger

import "time"

// Deployment is a push under way, or a command that a person ran instead. It is
// kept in a file from its first step to its last, because git runs two processes
// for a push, and either may be killed at any step.
type Deployment struct {
	Record
	Step       string  `json:"step"`                 // the current step
	Ready      bool    `json:"ready,omitempty"`      // a candidate answers; git may move the ref
	Image      string  `json:"image,omitempty"`      // id of the image that was built
	Container  string  `json:"container,omitempty"`  // id of the candidate
	Port       int     `json:"port,omitempty"`       // of the candidate, on the host
	AppPort    int     `json:"appPort,omitempty"`    // of the candidate, in the container
	PortNote   string  `json:"-"`                    // what a person is told about AppPort
	Generation int     `json:"generation,omitempty"` // of the configuration that the candidate gets
	Git        Process `json:"git"`                  // the process that works on it: git, or a command

	Volumes []string `json:"volumes,omitempty"` // those made for the candidate
}

// UnderWay returns the deployment that started last and has not ended, if there
// is one.
func (l *Ledger) UnderWay() (*Deployment, bool) { return l.readDeployment(underWayFile) }

// Save records how far a deployment has got.
func (l *Ledger) Save(p *Deployment) error { return l.write(underWayFile, p) }

// End records that a deployment is no longer under way. The record of another
// one, which this one found and could not settle, stays.
func (l *Ledger) End(p *Deployment) error {
	saved, under := l.UnderWay()
	if !under || saved.Git != p.Git || saved.Revision != p.Revision {
		return nil
	}
	return l.Drop()
}

// Drop records that no deployment is under way.
func (l *Ledger) Drop() error { return l.remove(underWayFile) }

// Current returns the deployment whose release should run, if there was one.
func (l *Ledger) Current() (*Deployment, bool) { return l.readDeployment(currentFile) }

// SetCurrent records the deployment whose release should run.
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

// MeanDown records that a person took the app down.
func (l *Ledger) MeanDown() error { return l.write(downFile, time.Now().UTC()) }

// MeanUp records that the app is to run.
func (l *Ledger) MeanUp() error { return l.remove(downFile) }

// IsDown reports whether a person took the app down.
func (l *Ledger) IsDown() bool { return l.read(downFile, new(time.Time)) }

// LastPort returns the port that the last candidate was given, or 0.
func (l *Ledger) LastPort() (port int) {
	l.read(portFile, &port)
	return port
}

// SetLastPort records the port that a candidate was given.
func (l *Ledger) SetLastPort(port int) error { return l.write(portFile, port) }
