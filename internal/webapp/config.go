package webapp

import (
	"net/netip"
	"time"

	"deux/internal/settings"
)

// Access is the settings that say who may use the pages.
type Access struct {
	Fleet          string          // FLEET: name of the system
	Hosts          []string        // ALLOWED_HOSTS: names under which pages answer, besides IP addresses and localhost
	Password       settings.Secret // ADMIN_PASSWORD: required for changes; empty for none
	SessionTimeout time.Duration   // SESSION_TIMEOUT: how long a login lasts
	Private        bool            // PRIVATE: reading requires the password too
	ReadOnly       bool            // READ_ONLY: nothing can be changed
	Trusted        []netip.Prefix  // TRUSTED_PROXIES: in front of the system's proxy
}

// readAccess reads the settings, each with its default. HOST_NAME holds the
// machine's own names, which a container does not know.
func readAccess(env *settings.Reader) Access {
	access := Access{
		Fleet:          env.Fleet(),
		Hosts:          env.Hosts("ALLOWED_HOSTS", env.Handed("HOST_NAME")),
		Password:       env.Secret("ADMIN_PASSWORD"),
		SessionTimeout: env.Duration("SESSION_TIMEOUT", 12*time.Hour, time.Second),
		Private:        env.Bool("PRIVATE"),
		ReadOnly:       env.Bool("READ_ONLY"),
		Trusted:        env.Networks("TRUSTED_PROXIES"),
	}
	if file := env.String("ADMIN_PASSWORD_FILE", ""); file != "" && access.Password == "" {
		env.Reject("ADMIN_PASSWORD_FILE", file, "to be started by make up or scripts/compose.sh up, which read the file: Compose alone does not")
	}
	if access.Private && access.Password == "" {
		env.Reject("PRIVATE", "yes", "a password in ADMIN_PASSWORD or ADMIN_PASSWORD_FILE too, or nobody could log in")
	}
	return access
}
