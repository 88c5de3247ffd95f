# Barometer's habits. `make` alone lists them. Needs Python 3.11 or newer with venv, and the package index; nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Byte code is kept whatever the surroundings say: without it each process of the tests compiles all of them anew, some 6 s each.
export PYTHONDONTWRITEBYTECODE :=
# A file's tests in one process: what they share is worked out once.
UNIT := $(BIN)/pytest --quiet --numprocesses 2 --dist loadfile --no-loadscope-reorder tests/unit
# Browsers in a process of their own, after the others. Now and then that process dies of a segmentation fault before its first test; why is not known, but that
# a busy machine makes it likely. A run that is shared among processes would wait for it for ever.
BROWSERS := $(BIN)/pytest -p no:xdist tests/real/test_console.py
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env demo lint test coverage check bench recovery warnings chaos screenshots fmt lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: $(VENV)/.jars ## build .venv/ with everything (locked, checked by hash) and fetch the embedded Kafka
	@echo "environment ready: $(BIN)/barometer"

demo: env ## watch it work: real Kafka, a simulated day, live warnings, a worker killed in the middle
	@$(BIN)/barometer demo

lint: env ## format, lint, types, imports
	@$(BIN)/ruff format --check --quiet . || { echo "format: run make fmt"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

check: lint ## lint, and the unit tests but for those marked slow, properties with fewer examples: under a minute
	@BAROMETER_TEST_SCALE=quick $(UNIT) -m "not slow"

test: lint ## everything: lint, unit tests, tests on real Kafka and Redis
	@$(UNIT)
	@echo "now on the real parts:"
	@$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --ignore tests/real/test_console.py tests/real
	@$(BROWSERS) || { code=$$?; [ $$code -ge 128 ] || exit $$code; echo "the browsers' process died (code $$code), and is tried once more"; $(BROWSERS); }

coverage: env ## which lines the unit tests pass; fails below nine tenths
	@$(UNIT) --cov

bench: env ## the benchmark: finished worker, naive Faust and a bare loop, interleaved on real Kafka
	@$(BIN)/python -m benchmarks

recovery: env ## how soon a worker is back: after kill -9 of one of two, and from a million changelog records
	@$(BIN)/python -m benchmarks.recovery

warnings: env ## what is found and what is false on simulated fortnights, beside EARS, NB-CUSUM and the +30 % rule: SEEDS=N
	@$(BIN)/python -m benchmarks.warnings --seeds $(or $(SEEDS),5)

chaos: env ## kill, freeze and cut off a pipeline under load, and recompute: SCALE=short|full SEED=N REPORT=FILE.md
	@$(BIN)/python -m tests.chaos --scale $(or $(SCALE),short) --seed $(or $(SEED),1) $(if $(REPORT),--report $(REPORT))

screenshots: env ## pictures of every page of the console in docs/pictures/, of a simulated morning on real parts
	@$(BIN)/python -m tests.real.pictures

fmt: env ## put every file into the format, fix what can be fixed safely, and write the tables of README and docs
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .
	@$(BIN)/python -m monitoring.dashboards
	@$(BIN)/python -c 'from pathlib import Path; from agents.reference import filled; [page.write_text(filled(page.read_text())) for page in (Path("README.md"), *Path("docs").glob("*.md"))]'

lock: env ## write the locks anew: Python packages and Kafka's jars
	@mkdir -p .cache
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")' > .cache/dev.in
	$(LOCK) --output-file requirements.lock pyproject.toml
	$(LOCK) --constraint requirements.lock --extra embedded --extra console --output-file requirements-dev.lock pyproject.toml .cache/dev.in
	$(BIN)/jgo --resolver python lock

clean: ## delete .venv/, .cache/ and what tools left behind
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build

# No host names in a lock: where packages come from is the machine's business.
LOCK = $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --annotation-style=line \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

# Each step leaves a stamp, so that an environment that is up to date costs nothing.
$(VENV)/.locked: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is older than 3.11; name another: make env PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || { echo "making $(VENV)/ ..."; $(PYTHON) -m venv $(VENV); }
	@echo "installing the locked packages ..."
	@# The lock is complete; without --no-deps an old pip may look at newer versions of an extra and refuse them.
	@$(PIP) install --no-deps --require-hashes --requirement requirements-dev.lock
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.jars: $(VENV)/.installed jgo.lock.toml
	@echo "fetching the embedded Kafka ..."
	@$(BIN)/python -m agents.embedded.jars > /dev/null
	@$(BIN)/python -m agents.embedded.archive > /dev/null
	@touch $@
