# make help tells what there is. Needs git, make and Python 3.11 or newer.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV ?= uv
PIP = .venv/bin/python -m pip install -qq --disable-pip-version-check
EDITABLE = $(PIP) --no-deps --no-build-isolation -e .
COMPILE = $(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 --custom-compile-command "make lock"
PYTEST = .venv/bin/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup serve demo test test-fast check lint types fmt bench chaos docs-check lock

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: .venv/dev.stamp ## make .venv with all tools, pinned by hash

serve: .venv/run.stamp ## run a server on port 3000: make serve ARGS="--port 8080"
	.venv/bin/stentor serve $(ARGS)

demo: .venv/run.stamp ## run a throw-away server with a small community to look at
	.venv/bin/stentor demo $(ARGS)

test: setup ## run all tests, on SQLite and PostgreSQL: make test ARGS="-k markers"
	$(PYTEST) -q -n auto --dist worksteal $(ARGS)

test-fast: setup ## run the tests that need no database (a few seconds)
	$(PYTEST) -q tests/domain tests/test_together.py tests/test_config.py $(ARGS)

check: lint types test ## everything a change must pass: format, lint, types, imports, tests

lint: setup ## check format, style and the direction of imports
	.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/lint-imports

types: setup ## check types
	.venv/bin/mypy

fmt: setup ## format, and mend what can be mended
	.venv/bin/ruff check --fix-only -q . && .venv/bin/ruff format .

bench: setup ## measure, print tables, draw docs/operate/growth.svg (ten minutes)
	.venv/bin/python -m benchmarks --plot docs/operate/growth.svg $(ARGS)

chaos: setup ## let go wrong what can go wrong, and see what is lost (many minutes)
	.venv/bin/python -m tests.chaos $(ARGS)

docs-check: setup ## check that the documentation tells the truth
	$(PYTEST) -q tests/test_house.py $(wildcard tests/test_docs.py)

lock: ## compile requirements/*.txt again (needs uv)
	for name in run build bench dev; do $(COMPILE) $(ARGS) requirements/$$name.in -o requirements/$$name.txt || exit 1; done

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements/run.txt requirements/build.txt | .venv/bin/python
	@echo "installing what a server needs (once; about half a minute)"
	$(PIP) --require-hashes -r requirements/run.txt -r requirements/build.txt
	$(EDITABLE) && touch $@

.venv/dev.stamp: requirements/dev.txt | .venv/bin/python
	@echo "installing the tools (once; about a minute)"
	$(PIP) --require-hashes -r requirements/dev.txt
	$(EDITABLE) && touch $@ .venv/run.stamp
