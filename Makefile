# Everything a fresh machine with Python 3.11+ needs. `make score` runs the main job, `make test` passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: score test check format browser slow clean

score: $(VENV)/installed  ## score the example answers with the built-in floor
	$(BIN)/judge score examples/answers.jsonl
	$(BIN)/judge report runs/answers-baseline-open_qa

test: $(VENV)/installed-dev  ## all tests, then the three files whose every branch must be tested
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup
	$(BIN)/python -m coverage run -m pytest -q -p no:randomly tests/test_rubric.py tests/scoring/test_parse.py tests/scoring/test_store.py
	$(BIN)/python -m coverage report --show-missing --fail-under=100

check: $(VENV)/installed-dev  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

slow: $(VENV)/installed-dev  ## soak tests: 30 kills, 5,000 items with every fault
	$(BIN)/python -m pytest -q -m slow

browser:  ## Chromium for the tests of the rating page and the report (Debian, as root); without it they are skipped
	command -v chromium >/dev/null || { apt-get update -q && apt-get install -y -q --no-install-recommends chromium; }

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, found " + sys.version.split()[0] + "; name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
