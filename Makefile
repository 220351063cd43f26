# The front door. Every target sets up what it needs: Python 3.11 or later, make and git are enough to begin with.
#
#   make demo    the whole gateway on this machine, with CRMs, people and tokens to try
#   make test    every test
#   make lint    what a machine can say about the code
#   make bench   ours beside nginx and the peers, in one run (rewrites benchmarks/RESULTS.md)
#   make soak    the same properties, many more examples
#   make docs    write the pages of docs/reference that come from the code
#   make clients install the Node clients that the tests judge by (part of make test)
#   make lock    refresh requirements/*.txt

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
CLIENTS := .clients
BIN := $(VENV)/bin
UV := $(BIN)/uv
PLUGINS := $(sort $(wildcard plugins/*/pyproject.toml))
EDITABLES := $(foreach plugin,$(dir $(PLUGINS)),-e $(plugin:/=))
CODE := $(wildcard src tests benchmarks examples $(dir $(PLUGINS)))
# The workers of the test run; one a core is best.
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: demo test lint bench soak docs clients lock clean

demo: $(VENV)/.dev
	@$(BIN)/policy-gateway demo

# The blocks of a page belong to one worker, so work is handed out by page and by class.
test: $(VENV)/.dev $(CLIENTS)/.ready
	@.ci/debian chromium:chromium
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope $(PYTEST)

soak: $(VENV)/.dev
	@POLICY_GATEWAY_HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --timeout 3600 -m "not browser" tests/properties tests/faults $(PYTEST)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry src
	$(BIN)/vulture
	$(BIN)/codespell

bench: $(VENV)/.bench
	@.ci/debian nginx:nginx-light wrk:wrk
	@$(BIN)/python benchmarks/run.py $(BENCH)

clients: $(CLIENTS)/.ready

docs: $(VENV)/.dev
	@$(BIN)/python docs/generate.py

lock: $(VENV)/.uv
	@.ci/lock $(UV)

clean:
	rm -rf $(VENV) $(CLIENTS) .demo .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Each stamp says that the environment matches the locks it was made from.
$(VENV)/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "the venv module is missing: install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/pip || $(BIN)/python -m ensurepip --default-pip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(VENV)/.dev: $(VENV)/.uv requirements/dev.txt pyproject.toml $(PLUGINS)
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . $(EDITABLES)
	@touch $@

$(VENV)/.bench: $(VENV)/.dev requirements/bench.txt
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements/bench.txt
	@touch $@

$(CLIENTS)/.ready: tests/clients/package.json .ci/clients
	@.ci/clients $(CLIENTS)
