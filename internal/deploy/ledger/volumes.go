package ledger

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Volume is data of a colour's app that outlives its containers.
type Volume struct {
	Name  string `json:"name"`            // as people say it; Docker's name starts with the system and the colour
	Path  string `json:"path"`            // in the container
	Auto  bool   `json:"auto,omitempty"`  // made for an image's VOLUME, and mounted only if the image has it
	Going bool   `json:"going,omitempty"` // to be removed, and no longer mounted
}

// Volumes is the volumes of a colour, as the ledger holds them.
type Volumes []Volume

// At returns the volume that is mounted at the path.
func (all Volumes) At(path string) (Volume, bool) {
	i := slices.IndexFunc(all, func(v Volume) bool { return v.Path == path && !v.Going })
	if i < 0 {
		return Volume{}, false
	}
	return all[i], true
}

// Named returns the volume of that name.
func (all Volumes) Named(name string) (Volume, bool) {
	i := slices.IndexFunc(all, func(v Volume) bool { return v.Name == name })
	if i < 0 {
		return Volume{}, false
	}
	return all[i], true
}

// Without returns all volumes but one.
func (all Volumes) Without(name string) Volumes {
	return slices.DeleteFunc(slices.Clone(all), func(v Volume) bool { return v.Name == name })
}

// Add returns all and one that a person asked for, or why it is refused.
func (all Volumes) Add(v Volume) (Volumes, error) {
	if other, taken := all.At(v.Path); taken {
		return nil, fmt.Errorf("%s is already the volume %s", v.Path, other.Name)
	}
	if other, taken := all.Named(v.Name); taken {
		return nil, fmt.Errorf("the volume %s is already at %s: choose another name", v.Name, other.Path)
	}
	return append(slices.Clone(all), v), nil
}

// ForImage returns all and one more for each path of the image's VOLUMEs that
// has none. A leftover volume, such as one whose repository was deleted, is
// reused for its path.
func (all Volumes) ForImage(paths []string, left []Volume) Volumes {
	all = slices.Clone(all)
	for _, at := range paths {
		at, err := checkPath(at)
		if _, has := all.At(at); has || err != nil {
			continue
		}
		i := slices.IndexFunc(left, func(v Volume) bool {
			_, known := all.Named(v.Name)
			return v.Path == at && !known
		})
		if i >= 0 {
			all = append(all, Volume{Name: left[i].Name, Path: at, Auto: true})
			continue
		}
		all = append(all, Volume{Name: all.nameFor(at, left), Path: at, Auto: true})
	}
	return all
}

// nameFor makes an unused volume name from a path.
func (all Volumes) nameFor(at string, left []Volume) string {
	base := strings.Trim(notInName.ReplaceAllString(strings.ToLower(at), "-"), "-.")
	base = strings.Trim(base[:min(len(base), 40)], "-.")
	if base == "" {
		base = "volume"
	}
	for name, i := base, 2; ; name, i = fmt.Sprintf("%s-%d", base, i), i+1 {
		_, known := all.Named(name)
		if !known && !slices.ContainsFunc(left, func(v Volume) bool { return v.Name == name }) {
			return name
		}
	}
}

// Mounted returns the volumes for a release of an image with these VOLUMEs.
func (all Volumes) Mounted(paths []string) Volumes {
	return slices.DeleteFunc(slices.Clone(all), func(v Volume) bool {
		return v.Going || v.Auto && !slices.ContainsFunc(paths, func(p string) bool { return path.Clean(p) == v.Path })
	})
}

var (
	volumeName = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,47}$`)
	notInName  = regexp.MustCompile(`[^a-z0-9_.]+`)
)

// ParseVolume reads NAME:/path.
func ParseVolume(text string) (Volume, error) {
	name, at, found := strings.Cut(text, ":")
	if !found {
		return Volume{}, fmt.Errorf("%q: expected NAME:/path, such as data:/data", text)
	}
	if !volumeName.MatchString(name) {
		return Volume{}, fmt.Errorf("%q: a volume's name is lower-case letters, digits, -, _ and ., starting with a letter or digit, 48 at most", name)
	}
	at, err := checkPath(at)
	return Volume{Name: name, Path: at}, err
}

// Paths where a volume is refused.
var (
	kernelPaths  = []string{"/proc", "/sys", "/dev", "/run/secrets"}
	programPaths = []string{"/bin", "/sbin", "/lib", "/lib64", "/usr", "/etc", "/usr/bin", "/usr/sbin", "/usr/lib"}
)

// checkPath returns the path without ., .. and extra slashes, or why a volume is
// refused there.
func checkPath(at string) (string, error) {
	clean := path.Clean(at)
	switch {
	case !path.IsAbs(at):
		return "", fmt.Errorf("%q: a volume's path starts with a slash", at)
	case strings.ContainsAny(at, ":,\"\n\x00"):
		return "", fmt.Errorf("%q: a volume's path has no colon, comma, quote or line break", at)
	case clean == "/":
		return "", errors.New("/ is the whole container: name a folder in it")
	case clean == "/run" || slices.ContainsFunc(kernelPaths, func(p string) bool { return clean == p || strings.HasPrefix(clean, p+"/") }):
		return "", fmt.Errorf("%s belongs to Docker and the kernel: name another folder", clean)
	case slices.Contains(programPaths, clean):
		return "", fmt.Errorf("%s holds programs and settings of the image, and a volume would keep today's for every later push: name a folder for data", clean)
	}
	return clean, nil
}

// Volumes returns the colour's volumes.
func (l *Ledger) Volumes() (all Volumes) {
	l.read(volumesFile, &all)
	return all
}

// SetVolumes records the colour's volumes.
func (l *Ledger) SetVolumes(all Volumes) error { return l.write(volumesFile, all) }
