# The only list of commands. `make` alone prints it.

.DEFAULT_GOAL := help
.PHONY: help quickstart build test check format bench bench-endpoint bench-engine crash docs model clean nightly

help: ## Print this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

quickstart: ## Install what is missing, build, and make a first corpus with a small local model
	@scripts/quickstart.sh

build: ## Build the release binary, .build/release/corpusmith
	@scripts/install-build-deps.sh build
	@scripts/build-release.sh

test: ## Install what the tests need, then `make check`
	@scripts/test.sh

check: ## Format, arrows, build, docs, tests: all that a change must pass
	@scripts/check.sh

format: ## Format all Swift files in place
	@swift format --in-place --parallel --recursive Package.swift Sources Tests

bench: ## Time the release binary's start and its work on the shipped recipes
	@scripts/bench.sh

bench-endpoint: ## Measure model calls against a local server, beside a hand-written client; ten minutes or so
	@scripts/install-build-deps.sh build
	@Tests/Benchmarks/Endpoint/run.py

crash: ## Kill runs, fill disks and damage ledgers on purpose, and compare with an undisturbed run; ten minutes or so
	@scripts/install-build-deps.sh build
	@scripts/build-release.sh
	@Tests/Crash/run.py .build/release/corpusmith --kills 200

bench-engine: ## Measure the engine and its ledger without models, beside SQLite's own speed
	@scripts/install-build-deps.sh build
	@Tests/Benchmarks/Engine/run.py

docs: ## Check links, paths and recipes in the documentation
	@scripts/check-docs.sh

model: ## Fetch the small local model into .local-model
	@scripts/get-local-model.sh

clean: ## Remove what builds leave; keeps output/ and .local-model
	@rm -rf .build .build-*

nightly: ## `make check`, then the live-model and sanitizer runs that take long
	@scripts/nightly.sh
