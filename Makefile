.DEFAULT_GOAL := help
SHELL := bash
py := .venv/bin/python
RATE ?= 5
VEHICLES ?= 206
PORT ?= 8000
DATA ?= var/demo

.PHONY: help demo test thorough lint format e2e chaos-short chaos bench pictures lock docs clean

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 14

demo: ## run the demo city (RATE=5 VEHICLES=206 PORT=8000 DATA=var/demo); Ctrl-C stops it
	@scripts/setup run
	@exec $(py) -m steppe demo --rate $(RATE) --vehicles $(VEHICLES) --port $(PORT) --data-dir "$(DATA)"

test: ## unit, integration and contract tests
	@scripts/setup test
	@scripts/test

thorough: ## the variations that make test leaves out
	@scripts/setup test
	@$(py) -m pytest tests/unit tests/integration -q -n 3 --dist loadgroup -m thorough --durations=15
	@scripts/setup e2e
	@$(py) -m pytest tests/e2e -q -m "needs_browser and thorough" --durations=10

lint: ## style, types, import line
	@scripts/setup test
	@scripts/lint

format: ## rewrite the sources in the house style
	@.venv/bin/ruff check --fix --quiet .; .venv/bin/ruff format --quiet .

e2e: ## the journeys in a real browser
	@scripts/setup e2e
	@$(py) -m pytest tests/e2e -q -m "needs_browser and not thorough" --durations=10

chaos-short: ## kill -9 under load, a few minutes, with mutants
	@scripts/setup test
	@$(py) -m pytest tests/chaos -q -m "chaos_short" --durations=10

chaos: ## the long kill -9 runs; results go to tests/chaos/results
	@scripts/setup test
	@$(py) -m pytest tests/chaos -q -m "chaos_short or chaos_long" --durations=0

bench: ## measure telemetry, links and fences; results go to benchmarks/results and docs/benchmarks.md
	@scripts/setup e2e
	@$(py) -m benchmarks

pictures: ## every surface as a picture, for docs/surfaces.md (9 min)
	@scripts/setup e2e
	@$(py) -m tests.e2e.take_pictures

lock: ## compile requirements/*.lock anew
	@scripts/lock

docs: ## write the generated reference pages
	@$(py) -m steppe.reference
	@$(py) -m benchmarks.report

clean: ## remove what was built (not var/, the demo's data)
	rm -rf .venv build dist dashboard/web/dist dashboard/web/node_modules .mypy_cache .ruff_cache .hypothesis
