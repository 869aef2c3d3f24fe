# On a machine that has only Python 3.11, git and make: `make demo` runs the demo, `make test` passes the tests,
# `make faults ARGS="--submissions 1000 --faults 200"` is the long run of docs/guarantees.md.
PYTHON ?= python3.11
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: demo test test-oldest test-databases mariadb faults lint bench bench-compare bench-smoke bench-scale lock clean

demo: $(VENV)/.demo
	$(BIN)/runtask demo $(ARGS)

test: $(VENV)/.dev lint
	$(BIN)/pytest $(ARGS)

# The same code on the lowest versions that pyproject.toml allows, in an environment of its own: all that touches Django, Celery and
# its two apps, and not what is between the bot and Slack.
OLDEST = $(VENV)-oldest
ON_OLDEST = tests/broker tests/parity tests/runs tests/web tests/wire tests/test_prepared.py tests/test_admin.py tests/test_checks.py \
  $(addprefix tests/services/test_,publishing.py rows.py stacks.py) \
  $(addprefix --ignore=tests/wire/test_,attacks.py destinations.py many.py socket.py) -k 'not mariadb'
test-oldest: $(OLDEST)/.ready
	$(OLDEST)/bin/pytest $(ON_OLDEST) $(ARGS)

# What talks most to the database, on real servers (docs/supported.md).
POSTGRES ?= postgresql://postgres@127.0.0.1:5432/postgres
MARIADB ?= mysql://root@127.0.0.1:3306/mysql
ON_DATABASES = tests/test_prepared.py tests/broker/test_catalog.py tests/broker/test_results.py tests/runs tests/web tests/test_admin.py tests/test_settings.py \
	tests/parity/test_rows.py tests/parity/test_any_row.py
test-databases: mariadb
	TEST_DATABASE_URL=$(POSTGRES) $(BIN)/pytest $(ON_DATABASES) $(ARGS)
	TEST_DATABASE_URL=$(MARIADB) $(BIN)/pytest $(ON_DATABASES) $(ARGS)

# The driver comes as source only: Debian's libmariadb-dev, pkg-config, gcc and python3-dev build it.
mariadb: $(VENV)/.mariadb

faults: $(VENV)/.dev
	$(BIN)/python -m tests.faults $(ARGS)

# Writes docs/performance.md. It takes about 50 minutes, and needs PostgreSQL, Redis and RabbitMQ. ARGS=--short needs none of them.
bench: $(VENV)/.bench
	$(BIN)/python -m bench $(ARGS)

bench-compare: $(VENV)/.bench
	$(BIN)/python -m bench --compare $(ARGS)

# It takes about 15 minutes, and needs PostgreSQL and Redis.
bench-scale: $(VENV)/.bench
	$(BIN)/python -m bench --setups scale $(ARGS)

bench-smoke: $(VENV)/.bench
	$(BIN)/python -m bench --smoke $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

# Both distributions of this repository, as they stand in the checkout.
OURS = --no-deps --no-build-isolation -e . -e ./localslack
PROJECTS = pyproject.toml localslack/pyproject.toml

$(VENV)/.demo: requirements-demo.txt $(PROJECTS) | $(VENV)/bin/pip
	$(PIP) install --require-hashes -r requirements-demo.txt
	$(PIP) install $(OURS)
	touch $@

$(VENV)/.dev: requirements-dev.txt $(PROJECTS) | $(VENV)/bin/pip
	$(PIP) install --require-hashes -r requirements-dev.txt
	$(PIP) install $(OURS)
	touch $@ $(VENV)/.demo

$(VENV)/.mariadb: requirements-mariadb.txt $(VENV)/.dev
	$(PIP) install --no-build-isolation --require-hashes -r requirements-mariadb.txt
	touch $@

$(OLDEST)/.ready: requirements-oldest.txt $(PROJECTS)
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/pip --disable-pip-version-check --quiet install --require-hashes -r requirements-oldest.txt
	$(OLDEST)/bin/pip --disable-pip-version-check --quiet install $(OURS)
	touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.demo
	$(PIP) install --require-hashes -r requirements-bench.txt
	touch $@

# Needs `uv` (pip install uv). Versions stay as they are unless a requirement asks for others; the smaller locks take
# theirs from the largest.
COMPILE = uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate
TESTS = --group test --group localslack/pyproject.toml:test
lock:
	$(COMPILE) $(PROJECTS) --group build --group dev $(TESTS) -o requirements-dev.txt
	$(COMPILE) $(PROJECTS) --group build --group bench -c requirements-dev.txt -o requirements-bench.txt
	$(COMPILE) $(PROJECTS) --group build -c requirements-dev.txt -o requirements-demo.txt
	$(COMPILE) pyproject.toml -c requirements-dev.txt -o requirements.txt
	grep -o '"mysqlclient[^"]*"' pyproject.toml | tr -d '"' | $(COMPILE) - -o requirements-mariadb.txt
	$(COMPILE) --resolution lowest-direct $(PROJECTS) --group build $(TESTS) -o requirements-oldest.txt

clean:
	rm -rf $(VENV) $(OLDEST) var build dist localslack/build localslack/dist
