# One line for each thing that a developer or a newcomer does; `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXPERIMENT ?= quickstart
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)
TEST_WORKERS ?= 2
PYTEST_ARGS ?=
SOAK_MINUTES ?= 30

# The first interpreter that runs, is new enough and can make virtual environments; PYTHON=... comes first.
FIND_PYTHON = for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then command -v $$python; break; fi; done

.PHONY: help setup demo test test-all check docs soak wheel clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create .venv with the pinned versions (again only when they change)

$(STAMP): pyproject.toml constraints.txt
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
		echo "make setup: no Python 3.11 or newer with its venv module was found; install one (Debian: python3-venv) or name it: make setup PYTHON=/path/to/python3." >&2; \
		exit 1; \
	fi; \
	echo "setup: $$("$$python" --version) in $(VENV)"; \
	"$$python" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: setup  ## train every model on every task with a small budget, then report (EXPERIMENT=quickstart_ci: minutes less)
	$(BIN)/harness sweep experiment=$(EXPERIMENT) --workers $(WORKERS)
	$(BIN)/harness report --sweep $(EXPERIMENT)

test: setup  ## every behaviour once, in about 12 minutes on two cores; names the tests left out
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

test-all: setup  ## every test on every case, before a release; service tests and simulations where they can run
	TEST_WORKERS=$(TEST_WORKERS) .ci/test-all

check: setup  ## ruff, mypy and the layers (import-linter)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup  ## the documentation site, build/site/index.html (strict: a warning is an error)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

soak: setup  ## long simulation runs (SOAK_MINUTES=30)
	HARNESS_SOAK_MINUTES=$(SOAK_MINUTES) OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/soak --soak --timeout 0

wheel: setup  ## build dist/*.whl
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

clean:  ## remove .venv, caches and built files; results/ stays
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
