# Everything happens in this folder: the packages go to .venv, what is made goes to demo/ and the caches.

PYTHON ?= python3
SCALE ?= 0.01
KIND ?= property_tax

PIP = .venv/bin/python -m pip install -q --disable-pip-version-check

.PHONY: help demo test bench check lint format types imports clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help:
	@echo 'make demo    one made-up run of all cities, from hand-in to cost split, into demo/ (SCALE=$(SCALE), KIND=$(KIND) or all)'
	@echo 'make test    all tests; PostgreSQL and Redis are started from wheels'
	@echo 'make bench   all speeds beside those of other ways to make the same pages; ten minutes or so on two quiet cores'
	@echo 'make check   lint, format, types, and which way the imports run'
	@echo 'make clean   remove demo/ and the caches; .venv stays'

demo: .venv/.runtime
	.venv/bin/printjobs demo --kind $(KIND) --scale $(SCALE) --into demo

# A file of tests stays on one worker, so that what its tests share is made once; tests/conftest.py has their order.
# The tests start the program some two hundred times: where bytecode is not kept, each start compiles it for 0.3 s.
test: .venv/.dev
	PYTHONDONTWRITEBYTECODE= .venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder -q

bench: .venv/.dev
	.venv/bin/printjobs bench --json

# Four targets, so that `make --keep-going check` shows the faults of all.
check: lint format types imports

lint: .venv/.dev
	.venv/bin/ruff check

format: .venv/.dev
	.venv/bin/ruff format --check

types: .venv/.dev
	.venv/bin/mypy

imports: .venv/.dev
	.venv/bin/lint-imports

clean:
	rm -rf demo dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache tests/golden/out
	find printjobs layouts fonts workers tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.runtime: requirements.txt pyproject.toml | .venv/bin/python
	@echo 'Installing what the program needs into .venv; the first time takes a minute or two.'
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements-dev.txt pyproject.toml | .venv/bin/python
	@echo 'Installing what the tests need into .venv; the first time takes a minute or two.'
	@$(PIP) --require-hashes -r requirements-dev.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo >&2 'There is no $(PYTHON). Install Python 3.11 or newer, or name it: make PYTHON=...'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo >&2 "printjobs needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv \
	|| { rm -rf .venv; echo >&2 '$(PYTHON) cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv'; exit 1; }
