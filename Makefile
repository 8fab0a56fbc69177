# make help lists the targets. CI runs .ci/run, which is make test.

SEEDS ?= 10000
FUZZTIME ?= 2000000x
COUNT ?= 6

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/raftbench
	go build -trimpath -o bin/raftbench ./cmd/raftbench

.PHONY: test
test: ## everything that CI runs
	./scripts/test

.PHONY: fast
fast: ## format, vet, lint and the tests: for the time between two edits
	./scripts/test fast

.PHONY: lint
lint: ## the linters of .golangci.yml
	./scripts/test lint

.PHONY: generate
generate: ## generated code (needs protoc)
	./scripts/generate

.PHONY: bench
bench: ## speed benchmarks, benchstat-ready on stdout; COUNT=6
	@./scripts/bench -count $(COUNT)

.PHONY: fuzz
fuzz: ## every fuzz target; FUZZTIME=2000000x each
	FUZZTIME=$(FUZZTIME) ./scripts/test fuzz

.PHONY: sim
sim: ## long simulation of the Raft core; SEEDS=10000
	go test ./core/rafttest -run '^TestSeeds$$' -timeout 0 -seeds=$(SEEDS)

.PHONY: seedbugs
seedbugs: ## how many simulated worlds it takes to find each seeded bug
	go run ./core/rafttest/seedbugs

.PHONY: clean
clean: ## remove what build made
	rm -rf bin
