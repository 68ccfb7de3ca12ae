.PHONY: help up down clean status logs backup restore install uninstall deploy-init sample remotes infrastructure build base-images test test-unit soak fuzz lint bench bench-proxy

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 18
up: ## start everything, wait until it is healthy, print the addresses
	@scripts/up.sh
down: ## end everything and remove the spawned servers; data and pushed apps stay
	@scripts/down.sh
clean: ## down, and remove the data, the images and bin/
	@scripts/clean.sh
status: ## say how the system is, and fail if it needs attention
	@scripts/status.sh
logs: ## follow the logs of everything (Ctrl-C ends it)
	@scripts/logs.sh
backup: ## keep data, pushed apps and settings in FILE=backup.tar.gz
	@scripts/backup.sh $(FILE)
restore: ## bring back what FILE=backup.tar.gz keeps (ARGS=--replace)
	@scripts/restore.sh $(ARGS) $(FILE)
install: ## have systemd start the system at boot
	@scripts/install.sh
uninstall: ## undo install
	@scripts/install.sh --remove
deploy-init: ## make the repositories to push to, the registry, the blue and green proxies
	@scripts/deploy_init.sh
sample: ## make a repository of the sample app, to push from (APP=dir, else sample)
	@scripts/sample.sh $(APP)
remotes: ## give the repository APP=dir the remotes blue and green
	@scripts/remotes.sh $(APP)
infrastructure: build ## run the infrastructure program in this terminal
	@scripts/infrastructure.sh run
build: ## build the host's programs into bin/
	@scripts/build.sh
base-images: ## make sure that the base images exist
	@scripts/base_images.sh
test: ## run all tests, against real Docker, Redis and socat
	@scripts/test.sh
test-unit: ## run the tests that need no Docker; takes seconds
	@go test -short ./cmd/... ./internal/...
soak: ## run a system under load and harm it at random (ARGS="30m SEED")
	@scripts/soak.sh $(ARGS)
fuzz: ## look for inputs that break what reads data from outside (ARGS="10m FuzzRequest")
	@scripts/fuzz.sh $(ARGS)
lint: ## gofmt, vet, staticcheck, ShellCheck
	@scripts/lint.sh
bench: ## measure spawn, stream, deploy and the programs at rest, as ratios
	@scripts/bench.sh
bench-proxy: ## measure the proxy beside nginx, HAProxy, Caddy (ARGS="programs -rounds 3")
	@scripts/bench_proxy.sh $(ARGS)
