# Each target works alone on a fresh clone: it makes .venv, installs what it needs, then runs.
# A second call installs nothing unless a requirements file has changed.

PORT ?=
PYTEST_ARGS ?=
MARKED :=
VENV := .venv
PY := $(VENV)/bin/python

export TF_CPP_MIN_LOG_LEVEL ?= 2

.DEFAULT_GOAL := help
.PHONY: help app test test-fast check format

help:
	@echo 'make app        the dashboard: prints its link (PORT=... for another port than 8501)'
	@echo 'make test       the tests (PYTEST_ARGS="tests/models -k bundle" for some of them)'
	@echo 'make test-fast  those that take no browser, no Ray and few seconds'
	@echo 'make check      formatting, lint, types and import rules'
	@echo 'make format     formats the code and repairs what lint can repair'

app: $(VENV)/.installed-app
	$(PY) -m bloodui serve --address 127.0.0.1 $(if $(PORT),--port $(PORT))

# Three workers on two processors, since browser tests also wait for their pages; the tests of one file
# stay together, since they share a model, and files go out in the order of tests/conftest.py.
test: $(VENV)/.installed-dev
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(MARKED) $(PYTEST_ARGS)

test-fast: MARKED = -m "not browser and not slow and not ray"
test-fast: test

check: $(VENV)/.installed-dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy .
	$(PY) -m pytest -q -p no:xdist tests/test_imports.py

format: $(VENV)/.installed-dev
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

# Python 3.11 is looked for under its usual names; PYTHON=/path/to/python3.11 names another.
$(VENV)/.made:
	@set -e; \
	is_311='import sys; sys.exit(sys.version_info[:2] != (3, 11))'; \
	if [ -x $(PY) ]; then \
	  $(PY) -c "$$is_311" || { \
	    echo 'The folder $(VENV) holds another Python than 3.11. Remove it, then run make again.' >&2; \
	    exit 1; }; \
	else \
	  found=; \
	  for candidate in $(PYTHON) python3.11 python3 python; do \
	    if "$$candidate" -c "$$is_311" 2>/dev/null; then found=$$candidate; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo 'Python 3.11 is needed and was not found. Install it (Debian 12: apt-get install' >&2; \
	    echo 'python3.11-venv), or name it: make PYTHON=/path/to/python3.11 app' >&2; \
	    exit 1; \
	  fi; \
	  "$$found" -m venv $(VENV) || { \
	    rm -rf $(VENV); \
	    echo 'The virtual environment could not be made (Debian: apt-get install python3.11-venv).' >&2; \
	    exit 1; }; \
	fi
	@touch $@

$(VENV)/.installed-app: requirements.txt $(VENV)/.made
	$(PY) -m pip install -r requirements.txt
	@$(PY) -c 'import cv2' || { \
	  echo 'OpenCV needs two system libraries (Debian: apt-get install libgl1 libglib2.0-0).' >&2; \
	  exit 1; }
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed-app
	$(PY) -m pip install -r requirements-dev.txt
	@touch $@
