# Everything one does to this template; `make` alone lists it.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
GATEWAY_PORT ?= 8001

.DEFAULT_GOAL := help
.PHONY: help demo bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## render the template with its default answers into build/demo and serve it (PORT=8000 GATEWAY_PORT=8001)
	@exec $(PYTHON) tools/demo.py --port $(PORT) --gateway-port $(GATEWAY_PORT)

bench: ## measure against the published peer package: ratios, targets, met or missed (PARTS="inbound races" QUICK=1)
	@exec .venv/bin/python tools/bench/run.py $(PARTS) $(if $(QUICK),--quick)
