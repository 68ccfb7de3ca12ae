package e2e

import "os/exec"

// everythingMoves changes HOST_IP while servers and an app run, and changes it
// back: the address is that of a bridge of the test's own.
func everythingMoves(s *system) {
	bridge := s.fleet + "-elsewhere"
	s.output("docker", "network", "create", bridge)
	s.t.Cleanup(func() { _ = exec.Command("docker", "network", "rm", bridge).Run() })
	home := s.env["HOST_IP"]
	there := s.output("docker", "network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", bridge)

	s.buildTestApp()
	w := s.work("one")
	w.deployed("green")
	var ports []string
	for _, url := range s.spawn(2) {
		ports = append(ports, portOf(url))
	}
	for _, address := range []string{there, home} {
		s.set("HOST_IP=" + address)
		s.output("scripts/up.sh")
		all := []string{s.server(0)}
		for _, port := range ports {
			all = append(all, s.at(port))
		}
		s.want("servers", all...)
		s.want("failedServers")
		for _, url := range all {
			s.serves(url)
		}
		s.eventually("greenServers has the app at "+address, func() bool {
			listed := s.redis.Elements("greenServers")
			return len(listed) == 1 && listed[0] == s.at(portOf(listed[0]))
		})
		s.shows("green", w.head(), "one")
		s.runsOne("green")
	}
}
