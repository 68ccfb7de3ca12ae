package load

import (
	_ "embed"
	"strings"
	"text/template"
)

// Nginx is what the configuration of nginx depends on.
type Nginx struct {
	Listen  string   // as in its directive listen
	Servers []string // HOST:PORT
	Dir     string   // where it may write
}

//go:embed nginx.conf
var nginxConf string

// Conf returns the contents of nginx.conf.
func (n Nginx) Conf() (string, error) {
	var text strings.Builder
	err := template.Must(template.New("nginx.conf").Parse(nginxConf)).Execute(&text, n)
	return text.String(), err
}
