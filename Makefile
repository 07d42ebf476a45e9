# Every command of the project; `make` lists them. The work is done by the scripts in .ci.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run stop build test unit check bench fmt clean setup setup-test

# Folders count too: removing a file changes its folder's time.
SOURCES := $(shell find src 2>/dev/null) deno.json deno.lock .ci/build.sh .ci/env.sh

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12 | sed 's/^/  make /'

run: build ## build, mount a demonstration pool (or BRANCHES=/a:/b MOUNT=/mnt/pool) and show it
	@BRANCHES='$(BRANCHES)' MOUNT='$(MOUNT)' .ci/demo.sh start

stop: ## unmount what `make run` mounted
	@MOUNT='$(MOUNT)' .ci/demo.sh stop

build: setup ## compile dist/mergerfs-ts
	@$(MAKE) --no-print-directory dist/mergerfs-ts

dist/mergerfs-ts: $(SOURCES) .tools/libfuse3.so.3
	@.ci/build.sh

test: setup-test build ## run every test; ends with "N passed, N failed"
	@.ci/test.sh

unit: setup ## run the tests that need neither a mount nor root
	@.ci/test.sh unit

check: setup ## format, lint, types, and the rules of the source tree
	@.ci/check.sh

bench: setup ## how long policy decisions take, as the tables of docs/benchmarks.md (a minute)
	@. .ci/env.sh && deno bench --quiet --allow-all --no-check --json tests/bench | deno run --allow-all --no-check .ci/benchmark_tables.ts

fmt: setup ## format the sources
	@. .ci/env.sh && deno fmt --quiet

clean: ## remove what was built (what was fetched stays in .tools)
	rm -rf dist .tools/build.json .tools/test_logs .tools/hypothesis

setup:
	@.ci/setup.sh build

setup-test:
	@.ci/setup.sh test
