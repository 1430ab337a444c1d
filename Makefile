# The few verbs a person needs. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Not from the environment, where it may have been left for another purpose: what is taken down is named.
STACK := dev
# Joined by &&: GNU make 3.81, which macOS brings, does not know .SHELLFLAGS, so its shell goes on after an error.
prepare = exports=$$(setup/environment) && eval "$$exports"
packages = node=$$(setup/node) && export PATH=$$PWD/node_modules/.bin:$$node$${node:+:}$$PATH && setup/packages

.PHONY: help up preview doctor smoke drift-issue down purge env images push-images lock-images test test-fast test-unit types unit-tests test-engine soak bench docs recordings dashboards versions lint format

help: ## list the verbs
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## deploy the dev stack (STACK=… another one; PLAN=… only what was reviewed), with all that it needs
	@./dating up $(STACK) $(if $(PLAN),--plan $(PLAN))

preview: ## show what `make up` would change: risks first, each service in words (STACK=…)
	@$(prepare) && ./dating images build --for $(STACK) && mkdir -p build && ./dating preview $(STACK) $(ARGS)

doctor: ## look at the Docker host of STACK before a deploy: what it is, what speaks against it
	@./dating doctor $(STACK)

smoke: ## ask a deployed stack for its pages and its health (STACK=…)
	@./dating smoke $(STACK)

drift-issue: ## keep one GitHub issue for the drift of STACK
	@$(prepare) && ci/drift-issue $(STACK)

down: ## remove the stack's containers and networks; its volumes and passwords stay
	@./dating down $(STACK)

purge: ## remove the stack with its volumes: all data, after asking
	@./dating purge $(STACK)

env: ## print shell exports after which plain `pulumi` works: eval "$(make -s env)"
	@setup/environment

images: ## build or pull the images of the dev stack
	@./dating images build

push-images: ## build IMAGES, push them to REGISTRY and pin them by digest for STACK
	@./dating images push "$(REGISTRY)" $(STACK) $(IMAGES)

lock-images: ## pin every image of STACK by digest (ARGS=--check: what is newer; ARGS='--update bot': pin again)
	@./dating images lock $(STACK) $(ARGS)

test: ## types, lint, unit tests, toolchain tests and tests on the real engine (PART='engine --shard 1/6': a part of them)
	@$(prepare) && ci/test $(PART)

test-fast: ## what `make test` does without Docker and Go: types, lint, formatting and unit tests
	@$(packages) && ci/test fast

test-unit: ## the fast loop: types and unit tests
	@$(packages) && $(MAKE) --jobs 2 types unit-tests

types:
	@$(packages) && tsc --noEmit --incremental --tsBuildInfoFile build/types.tsbuildinfo

unit-tests:
	@$(packages) && jest $(ARGS) --maxWorkers 100% --selectProjects unit

test-engine: ## tests on the real engine and a real Docker Engine (ARGS='-t NAME' for some)
	@$(prepare) && ./dating images build && node_modules/.bin/jest --runInBand $(ARGS) --selectProjects engine load

soak: ## every test on the real engine, also those that take too long for every change (ARGS='-t NAME' for some)
	@$(prepare) && ./dating images build && SOAK=1 node_modules/.bin/jest $(ARGS) --runInBand --selectProjects engine load soak

versions: ## whether every part still gets fixes (docs/reference/versions.md); fails 60 days before an end
	@./dating versions

lint: ## types, ESLint and formatting
	@$(packages) && tsc --noEmit && eslint . && prettier --check .

bench: ## measure deploys against an empty program and Docker Compose; writes bench/results/, draws the picture
	@$(prepare) && ./dating up dev >/dev/null && for part in noop deploy rollouts absence growth picture; do node --require tsx/cjs bench/$$part.ts || exit; done

docs: ## write the tables of docs/ anew, and draw the picture of the stack
	@$(packages) && node --require tsx/cjs ops/docs.ts && ./dating graph dev --svg docs/pictures/stack.svg

recordings: ## record the previews of tests/unit/previews/ anew, from today's program
	@$(prepare) && ./dating images build && node --import tsx tests/recordings/record.ts && node_modules/.bin/jest tests/unit/review/review.test.ts --selectProjects unit --updateSnapshot
	@echo "Read the changes of the snapshot before you commit them: git diff tests/unit"

dashboards: ## draw docs/dashboards/ from a stack that lives for some minutes, about fifteen minutes
	@$(prepare) && ./dating images build && node --require tsx/cjs tests/recordings/dashboards.ts

format: ## format everything
	@$(packages) && prettier --write --log-level warn .
