# On a machine that has only Python 3.11, git and make: `make demo` runs the demo, `make test` passes the tests,
# `make faults ARGS="--submissions 1000 --faults 200 --seed 1"` is the long run of docs/guarantees.md.
PYTHON ?= python3.11
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: demo test faults lint bench bench-compare bench-smoke lock clean

demo: $(VENV)/.demo
	$(BIN)/runtask demo $(ARGS)

test: $(VENV)/.dev lint
	$(BIN)/pytest $(ARGS)

faults: $(VENV)/.dev
	$(BIN)/python -m tests.faults $(ARGS)

# docs/performance.md: about 20 minutes, needs PostgreSQL, Redis and RabbitMQ; ARGS="--short --setups embedded" needs neither.
bench: $(VENV)/.bench
	$(BIN)/python -m bench $(ARGS)

bench-compare: $(VENV)/.bench
	$(BIN)/python -m bench --compare $(ARGS)

bench-smoke: $(VENV)/.bench
	$(BIN)/python -m bench --smoke $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: requirements-demo.txt pyproject.toml | $(VENV)/bin/pip
	$(PIP) install --require-hashes -r requirements-demo.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml | $(VENV)/bin/pip
	$(PIP) install --require-hashes -r requirements-dev.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/.demo

$(VENV)/.bench: requirements-bench.txt $(VENV)/.demo
	$(PIP) install --require-hashes -r requirements-bench.txt
	touch $@

# Needs `uv` (pip install uv). The smaller locks take their versions from the largest.
COMPILE = uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate
lock:
	$(COMPILE) pyproject.toml --extra demo --group build --group dev -o requirements-dev.txt
	$(COMPILE) pyproject.toml --extra demo --group build --group bench -c requirements-dev.txt -o requirements-bench.txt
	$(COMPILE) pyproject.toml --extra demo --group build -c requirements-dev.txt -o requirements-demo.txt
	$(COMPILE) pyproject.toml -c requirements-dev.txt -o requirements.txt

clean:
	rm -rf $(VENV) var build dist
