# `make demo` and `make test` do all the set-up themselves; both need Python >= 3.11 and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(wildcard plugins/*)
INSTALLED := $(VENV)/.installed

.PHONY: demo test test-fast lint types check clean setup docs

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml $(wildcard plugins/*/pyproject.toml)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vsslfw needs Python 3.11 or later, this is " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test,dev,docs]' $(foreach plugin,$(PLUGINS),--editable $(plugin))
	touch $@

demo: $(INSTALLED)          ## the main job on the embedded synthetic data
	$(BIN)/vsslfw run recipes/seizure_bart.py

# Two processes of one thread are faster than one of two, and do not fight for the cores.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

test: $(INSTALLED)          ## the whole test suite, the slow part too
	$(PYTEST)

test-fast: $(INSTALLED)     ## without the tests marked slow
	$(PYTEST) -m 'not slow'

docs: $(INSTALLED)          ## the documentation site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

check: lint types test

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
