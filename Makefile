# make run and make test are all a fresh machine needs: python3 >= 3.11, make and a package registry.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
unexport PYTHONDONTWRITEBYTECODE  # containers often set it: every process would compile torch anew, 3 s each

.PHONY: help run test test-all test-gpu lint lock bench wheel clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(READY) ## set up, then POMAGAN on the embedded data at a small size: two stages, evaluation, report
	$(BIN)/matting reproduce recipe=pomagan scale=quick

test: $(READY) ## set up, then all tests but the slow ones
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: $(READY) ## set up, then all tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-gpu: $(READY) ## the tests that need a CUDA device; skipped where there is none
	$(BIN)/python -m pytest -m gpu -rs

lint: $(READY) ## ruff, mypy and the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## ratios of ours against the plain way, medians
	$(BIN)/python -m benchmarks

lock: $(VENV)/uv ## renew requirements.lock within the ranges of pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra dev --extra sweeps --upgrade \
		--generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock

wheel: $(READY) ## build the package, with conf/ and experiments/, into dist/
	$(BIN)/python -m hatchling build -t wheel

clean: ## remove the environment, keep outputs
	rm -rf $(VENV)

$(VENV)/uv:
	@$(PYTHON) -c 'import sys; sys.exit("matting needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

$(READY): $(VENV)/uv requirements.lock pyproject.toml
	@echo "installing the locked packages into $(VENV) (several GB, once)"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@echo "compiling pymatting's loops (once)"
	@$(BIN)/python -c 'import pymatting'
	@touch $@
