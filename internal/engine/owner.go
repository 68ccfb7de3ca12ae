package engine

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

// ownVolumes gives the volumes of a container that has not started to the
// image's user if they are empty and belong to root: Docker creates them so for
// a path that the image lacks, and an app that is not root could not write
// there. It works through Docker's archives because an image may lack a shell.
func (e *Engine) ownVolumes(ctx context.Context, id string, mounts []mount.Mount) error {
	found, err := e.docker.ContainerInspect(ctx, id)
	if err != nil {
		return err
	}
	user, group, err := e.userOf(ctx, id, found.Config.User)
	if err != nil || user == 0 {
		return err
	}
	for _, m := range mounts {
		if m.Type != mount.TypeVolume {
			continue
		}
		if err := e.own(ctx, id, m.Target, user, group); err != nil {
			return fmt.Errorf("giving %s to user %d: %w", m.Target, user, err)
		}
	}
	return nil
}

// own gives a user a folder that is empty and belongs to root.
func (e *Engine) own(ctx context.Context, id, folder string, user, group int) error {
	archive, _, err := e.docker.CopyFromContainer(ctx, id, folder)
	if err != nil {
		return err
	}
	defer archive.Close()
	entries := tar.NewReader(archive)
	header, err := entries.Next()
	if err != nil || header.Uid != 0 || header.Typeflag != tar.TypeDir {
		return err
	}
	if _, err := entries.Next(); err != io.EOF {
		return err // nil: something is in it
	}
	header.Name, header.Uid, header.Gid, header.Uname, header.Gname = path.Base(folder)+"/", user, group, "", ""
	var changed bytes.Buffer
	writer := tar.NewWriter(&changed)
	if err := errors.Join(writer.WriteHeader(header), writer.Close()); err != nil {
		return err
	}
	return e.docker.CopyToContainer(ctx, id, path.Dir(folder), &changed, container.CopyToContainerOptions{})
}

// userOf returns the user and group id of an image's USER: a name or number, and
// maybe a group after a colon (Dockerfile reference, "USER"). Names are in the
// image's /etc/passwd and /etc/group; Docker itself refuses an unknown one.
func (e *Engine) userOf(ctx context.Context, id, setting string) (user, group int, err error) {
	name, groupName, _ := strings.Cut(setting, ":")
	if name == "" || name == "root" || name == "0" {
		return 0, 0, nil
	}
	user, failed := strconv.Atoi(name)
	if line := e.entry(ctx, id, "/etc/passwd", name); len(line) > 3 {
		user, failed = strconv.Atoi(line[2])
		group, _ = strconv.Atoi(line[3])
	}
	if failed != nil {
		return 0, 0, fmt.Errorf("the image's USER %s is not in its /etc/passwd", name)
	}
	if groupName != "" {
		group, _ = strconv.Atoi(groupName)
		if line := e.entry(ctx, id, "/etc/group", groupName); len(line) > 2 {
			group, _ = strconv.Atoi(line[2])
		}
	}
	return user, group, nil
}

// entry returns the fields of the line in a passwd(5) or group(5) file that has
// the name or number, or nil.
func (e *Engine) entry(ctx context.Context, id, file, name string) []string {
	archive, _, err := e.docker.CopyFromContainer(ctx, id, file)
	if err != nil {
		return nil
	}
	defer archive.Close()
	entries := tar.NewReader(archive)
	if _, err := entries.Next(); err != nil {
		return nil
	}
	for lines := bufio.NewScanner(entries); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) > 2 && (fields[0] == name || fields[2] == name) {
			return fields
		}
	}
	return nil
}
