# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Much of the slowest tests is waiting for servers, so three at a time help even on two cores.
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup demo test every unit browser lint format reference pages docs recording screenshots lock clean

help: ## List the targets.
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

setup: $(STAMP) ## Make .venv with the pinned packages.

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	@# pip compiles what it installs on one core.
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[dev,docs,cluster,postgres,dask]'
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib
	touch $(STAMP)

demo: setup ## Watch a program get better from its users' corrections.
	$(BIN)/dspyui demo $(DEMO)

test: setup browser ## Check the code and run every test.
	$(MAKE) --no-print-directory --jobs 2 lint every

every: setup
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

unit: setup ## Run the unit tests only.
	$(BIN)/python -m pytest tests/unit --numprocesses $(WORKERS) --dist loadfile

browser: ## Install Chromium for the browser test, where there is none.
	@.ci/browser

lint: setup ## Format and lint check, strict types of the core, layers.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-cache

format: setup ## Format the code and fix what can be fixed.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: setup ## Write docs/reference anew from the code.
	cd docs && ../$(BIN)/python -m generating

pages: setup ## Run what the README and the docs show, and write down what it prints.
	REWRITE_PAGES=1 $(BIN)/python -m pytest tests/e2e/test_pages.py --quiet --numprocesses $(WORKERS)

docs: setup ## Build the documentation into docs/_build/html.
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build/html

recording: setup ## Record the demonstration as docs/pictures/demo.svg.
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python docs/recording docs/pictures/demo.svg -- dspyui demo

screenshots: setup browser ## Take the pictures of Prefect's user interface anew.
	REWRITE_PICTURES=1 $(BIN)/python -m pytest tests/e2e/test_browser.py --quiet

lock: ## Resolve the dependencies anew and write constraints.txt.
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --editable '.[dev,docs,cluster,postgres,dask]'
	$(VENV)-lock/bin/python -m pip freeze --all --exclude pip --exclude-editable | grep -E '^[A-Za-z0-9._-]+==[^ ]+$$' > constraints.txt
	rm -rf $(VENV)-lock

clean: ## Remove the environment and caches; homes stay.
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
