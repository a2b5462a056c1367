# Everything one does to this template; `make` alone lists it.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
GATEWAY_PORT ?= 8001
BIN := .venv/bin
PICTURES := chat inspector inspector-dark

.DEFAULT_GOAL := help
.PHONY: help demo install test test-long conformance autobahn bench docs screenshots lint format map lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## render the template with its default answers into build/demo and serve it (PORT=8000 GATEWAY_PORT=8001)
	@exec $(PYTHON) tools/demo.py --port $(PORT) --gateway-port $(GATEWAY_PORT)

install: ## the environment that the tests run in: .venv, from requirements.lock
	@$(PYTHON) tools/environment.py

test: install ## everything this repository claims, checked (STAGES="lint types": only these)
	@$(BIN)/python tools/check.py $(STAGES)

test-long: install ## soak and fuzz tests at full length
	@$(BIN)/python tools/check.py --marks slow sqlite postgresql

conformance: install ## what clients and backends see of the emulator (TARGET=aws: of AWS itself)
	@CONFORMANCE_TARGET=$(or $(TARGET),emulator) tools/inplace pytest tests/conformance -q

autobahn: install ## the Autobahn test suite against the emulator; it needs Python 2.7 (ARGS='"7.*"': only these cases)
	@$(BIN)/python tools/wstest/run.py $(ARGS)

bench: install ## the benchmarks, as ratios within one run (ARGS="fan-out --quick")
	@$(BIN)/python tools/bench/run.py $(ARGS)

docs: install ## the documentation as a site in build/site, its reference written from the code
	@$(BIN)/python tools/reference.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

screenshots: install ## the pictures of the documentation, taken by the journeys in a browser
	@rm -rf build/screenshots
	@$(BIN)/python tools/check.py journeys
	@cp $(PICTURES:%=build/screenshots/%.png) docs/images/

lint: install ## lint, types and import rules
	@$(BIN)/python tools/check.py lint types imports

format: install ## let ruff mend what it can
	@tools/inplace format
	@$(BIN)/ruff check -q --fix hooks tools tests; $(BIN)/ruff format -q hooks tools tests

map: install ## write the list of files in the project's ARCHITECTURE.md anew
	@$(BIN)/python tools/architecture.py

lock: install ## renew the lock files (ARGS=--upgrade: newest releases)
	@tools/lock $(ARGS)

clean: ## remove what was built here, the demo and its data included
	rm -rf build .venv
