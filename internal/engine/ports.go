package engine

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// IsHere reports whether the engine's containers have ports and addresses of
// this machine, as far as one can tell: not if it is elsewhere, in a virtual
// machine, or rootless and so in a network of its own.
func (e *Engine) IsHere(ctx context.Context) bool {
	info, err := e.docker.Info(ctx)
	if err != nil || !strings.HasPrefix(e.docker.DaemonHost(), "unix://") {
		return false
	}
	name, err := os.Hostname()
	return err == nil && info.Name == name && !slices.ContainsFunc(info.SecurityOptions, func(option string) bool {
		return strings.Contains(option, "name=rootless")
	})
}

// PortHolder is a running container that has ports of the host.
type PortHolder struct {
	Container string
	Service   string           // of Compose, if it is one
	IsOurs    bool             // of this system
	Ports     []netip.AddrPort // with an invalid address where it is not known
}

// PortHolders returns every running container that has ports of the host:
// published ones or, on the host's network, those that its variables PORT and
// ADMIN_PORT say, as the system's proxies have them.
func (e *Engine) PortHolders(ctx context.Context) ([]PortHolder, error) {
	found, err := e.docker.ContainerList(ctx, container.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	var all []PortHolder
	for _, summary := range found {
		holder := e.portHolder(summary)
		if summary.HostConfig.NetworkMode == "host" {
			holder.Ports = append(holder.Ports, e.hostPorts(ctx, summary.ID)...)
		}
		all = append(all, holder)
	}
	return all, nil
}

// portHolder returns a container with the ports that it publishes.
func (e *Engine) portHolder(summary container.Summary) PortHolder {
	holder := PortHolder{
		Service: summary.Labels[composeService],
		IsOurs:  summary.Labels[FleetLabel] == e.fleet || summary.Labels[composeProject] == e.fleet,
	}
	if len(summary.Names) > 0 {
		holder.Container = strings.TrimPrefix(summary.Names[0], "/")
	}
	for _, port := range summary.Ports {
		if address, err := netip.ParseAddr(port.IP); err == nil && port.Type == "tcp" {
			holder.Ports = append(holder.Ports, netip.AddrPortFrom(address, port.PublicPort))
		}
	}
	return holder
}

// hostPorts returns the ports of a container on the host's network.
func (e *Engine) hostPorts(ctx context.Context, id string) []netip.AddrPort {
	found, err := e.docker.ContainerInspect(ctx, id)
	if err != nil || found.Config == nil {
		return nil
	}
	return portsIn(found.Config.Env)
}

// portsIn returns the ports that variables NAME=value say.
func portsIn(variables []string) (ports []netip.AddrPort) {
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		if port, err := strconv.ParseUint(value, 10, 16); err == nil && (name == "PORT" || name == "ADMIN_PORT") {
			ports = append(ports, netip.AddrPortFrom(netip.Addr{}, uint16(port)))
		}
	}
	return ports
}
