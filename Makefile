# On a machine that has only Python 3.11, git and make: `make demo` runs the demo, `make test` passes the tests.
PYTHON ?= python3.11
VENV ?= .venv
BIN = $(VENV)/bin
# uv compiles nothing. With this variable, which some images set, each process would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test tests lint test-oldest test-newest newest test-databases nightly coverage mutation faults \
  bench bench-compare bench-smoke bench-scale environments mariadb lock clean

demo: $(VENV)/.demo
	$(BIN)/runtask demo $(ARGS)

# Tests that need a service or a browser are skipped where it is missing, and fail in CI. A file's tests run in one process,
# because many share what takes long to start.
SPREAD = --numprocesses 3 --dist loadfile
test: lint tests
tests: $(VENV)/.dev
	$(BIN)/pytest -m "not nightly" $(SPREAD) $(ARGS)
	$(BIN)/pytest localslack -m "not (e2e or nightly)" $(SPREAD) $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry bot

# Here and below, tests wait less: a third process would cost more than it saves.
PAIR = --numprocesses 2 --dist loadfile

# What touches Django, Celery and its two apps most. The rest is nightly. That each message is beat's is compared nightly, too:
# parity/test_target.py reads the same messages.
IN_PROCESS = -m "not (e2e or nightly)"
BY_VERSION = $(IN_PROCESS) $(PAIR) tests/broker tests/parity tests/web tests/test_prepared.py tests/test_admin.py \
  tests/test_checks.py tests/test_checks_site.py tests/runs/test_start.py tests/runs/test_finish.py --ignore tests/broker/test_spool.py \
  --ignore tests/parity/test_parity.py

# The lowest versions that pyproject.toml allows. Where threads write, on PostgreSQL, because our options for SQLite need
# Django 5.1. The embedded broker's folder is the same for all versions.
OLDEST = $(VENV)-oldest
test-oldest: $(OLDEST)/.ready
	$(OLDEST)/bin/pytest $(BY_VERSION) $(ARGS)
	TEST_DATABASE_URL=$(POSTGRES) $(OLDEST)/bin/pytest $(IN_PROCESS) tests/broker/test_catalog.py \
	  tests/wire/test_submission.py $(ARGS)

# The highest: Django 6 on the newest Python. On a computer without that Python, nothing is tested.
NEWEST = $(VENV)-3.13
test-newest:
	if .ci/python 3.13 || [ -n "$$CI" ]; then $(MAKE) newest; fi
newest: $(NEWEST)/.ready
	$(NEWEST)/bin/pytest $(BY_VERSION) tests/wire/test_submission.py $(ARGS)

# On Python 3.13, which measures coverage itself: that costs almost nothing. How much of bot/ must be covered: pyproject.toml.
COVERAGE = $(NEWEST)/bin/coverage
coverage: $(NEWEST)/.ready
	$(COVERAGE) erase
	$(COVERAGE) run -m pytest $(ARGS)
	$(COVERAGE) run -m pytest $(PAIR) -m "not nightly" tests/wire $(ARGS)
	$(COVERAGE) combine --quiet
	$(COVERAGE) report

# What talks most to the database, on real servers (docs/supported.md).
POSTGRES ?= postgresql://postgres@127.0.0.1:5432/postgres
MARIADB ?= mysql://root@127.0.0.1:3306/mysql
ON_DATABASES = tests/test_prepared.py tests/broker/test_catalog.py $(addprefix tests/broker/outcomes/test_,rows.py newest.py odd.py) \
  tests/runs tests/test_admin.py tests/test_database.py tests/web/test_run_page.py tests/web/test_status_page.py tests/web/test_rule_admin.py \
  tests/parity/test_rows.py tests/parity/test_any_row.py --ignore $(MACHINE)
MACHINE = tests/runs/test_approval_machine.py
test-databases: $(VENV)/.mariadb
	TEST_DATABASE_URL=$(POSTGRES) $(BIN)/pytest $(PAIR) $(ON_DATABASES) $(ARGS)
	TEST_DATABASE_URL=$(MARIADB) $(BIN)/pytest $(PAIR) $(ON_DATABASES) $(ARGS)

# What takes long, or repeats a test of the gate in a further set-up: every installation, long faults, mutations, the demo, the
# benchmark's code; Python 3.12, which lies between the two Pythons of the gate.
nightly: $(VENV)/.dev $(VENV)/.mariadb $(VENV)/.bench $(VENV)/.mutation $(OLDEST)/.ready $(NEWEST)/.ready $(VENV)-3.12/.ready
	CI=true HYPOTHESIS_PROFILE=nightly $(BIN)/pytest --timeout 600 $(ARGS)
	CI=true HYPOTHESIS_PROFILE=nightly $(BIN)/pytest -m nightly $(ARGS)
	CI=true HYPOTHESIS_PROFILE=nightly $(BIN)/pytest localslack -m "e2e or nightly" $(ARGS)
	CI=true $(VENV)-3.12/bin/pytest $(ARGS)
	CI=true $(MAKE) coverage
	CI=true $(OLDEST)/bin/pytest tests/e2e/test_studio.py tests/parity/test_parity.py tests/runs $(ARGS)
	CI=true $(NEWEST)/bin/pytest tests/e2e/test_studio.py $(ARGS)
	CI=true HYPOTHESIS_PROFILE=nightly TEST_DATABASE_URL=$(POSTGRES) $(BIN)/pytest $(MACHINE) $(ARGS)
	CI=true HYPOTHESIS_PROFILE=nightly TEST_DATABASE_URL=$(MARIADB) $(BIN)/pytest $(MACHINE) $(ARGS)
	CI=true $(OLDEST)/bin/pytest tests/services/test_backends.py -k Redis $(ARGS)
	CI=true $(OLDEST)/bin/pytest tests/services/test_events.py -k "rabbitmq and (fate or away)" $(ARGS)
	$(BIN)/python -m tests.faults --submissions 400 --faults 80
	$(BIN)/python -m bench --smoke
	$(BIN)/python -m tests.mutation

# Changes the code at 200 places, in copies of the checkout, and shows what no test notices (tests/mutation).
mutation: $(VENV)/.mutation
	$(BIN)/python -m tests.mutation $(ARGS)

# docs/guarantees.md: make faults ARGS="--submissions 1000 --faults 200"
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

# All environments that .ci/run needs.
environments: $(VENV)/.dev $(VENV)/.mariadb $(OLDEST)/.ready $(NEWEST)/.ready

# The driver comes as source only: Debian's libmariadb-dev, pkg-config, gcc and python3-dev build it.
mariadb: $(VENV)/.mariadb

# uv takes a fifth of pip's time. Where only pip knows the way to the index: make INSTALLER=pip …
INSTALLER ?= $(VENV)-uv/bin/uv
ifeq ($(INSTALLER),pip)
INSTALL = $(1)/bin/pip --disable-pip-version-check --quiet install
else
INSTALL = $(INSTALLER) pip install --quiet --python $(1)/bin/python
$(VENV)/bin/python $(OLDEST)/.ready $(NEWEST)/.ready $(VENV)-3.12/.ready lock: | $(VENV)-uv/bin/uv
endif
$(VENV)-uv/bin/uv: requirements-uv.txt
	$(PYTHON) -m venv $(VENV)-uv
	$(VENV)-uv/bin/pip --disable-pip-version-check --quiet install --require-hashes -r requirements-uv.txt
	touch $@

# Both distributions of this repository, as they stand in the checkout.
OURS = --no-deps --no-build-isolation -e . -e ./localslack
PROJECTS = pyproject.toml localslack/pyproject.toml

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: requirements-demo.txt $(PROJECTS) | $(VENV)/bin/python
	$(call INSTALL,$(VENV)) --require-hashes -r requirements-demo.txt
	$(call INSTALL,$(VENV)) $(OURS)
	touch $@

$(VENV)/.dev: requirements-dev.txt $(PROJECTS) | $(VENV)/bin/python
	$(call INSTALL,$(VENV)) --require-hashes -r requirements-dev.txt
	$(call INSTALL,$(VENV)) $(OURS)
	touch $@ $(VENV)/.demo

$(VENV)/.mariadb: requirements-mariadb.txt $(VENV)/.dev
	$(call INSTALL,$(VENV)) --no-build-isolation --require-hashes -r requirements-mariadb.txt
	touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.demo
	$(call INSTALL,$(VENV)) --require-hashes -r requirements-bench.txt
	touch $@

$(VENV)/.mutation: requirements-mutation.txt $(VENV)/.dev
	$(call INSTALL,$(VENV)) --require-hashes -r requirements-mutation.txt
	touch $@

$(OLDEST)/.ready: requirements-oldest.txt $(PROJECTS)
	$(PYTHON) -m venv $(OLDEST)
	$(call INSTALL,$(OLDEST)) --require-hashes -r requirements-oldest.txt
	$(call INSTALL,$(OLDEST)) $(OURS)
	touch $@

$(VENV)-%/.ready: requirements-dev.txt $(PROJECTS)
	"$$(.ci/python $*)" -m venv $(VENV)-$*
	$(call INSTALL,$(VENV)-$*) --require-hashes -r requirements-dev.txt
	$(call INSTALL,$(VENV)-$*) $(OURS)
	touch $@

# Versions stay as they are unless a requirement asks for others; the smaller locks take theirs from the largest.
COMPILE = $(VENV)-uv/bin/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate
ALL = --extra standalone --extra rules --extra metrics $(PROJECTS)
TESTS = --group test --group localslack/pyproject.toml:test
lock:
	$(COMPILE) $(ALL) --group build --group dev $(TESTS) -o requirements-dev.txt
	$(COMPILE) $(ALL) --group build --group bench -c requirements-dev.txt -o requirements-bench.txt
	$(COMPILE) $(ALL) --group build -c requirements-dev.txt -o requirements-demo.txt
	$(COMPILE) --group mutation -c requirements-dev.txt -o requirements-mutation.txt
	$(COMPILE) --extra standalone --extra rules --extra metrics pyproject.toml --group build -c requirements-dev.txt -o requirements.txt
	$(COMPILE) --group installer -o requirements-uv.txt
	grep -o '"mysqlclient[^"]*"' pyproject.toml | tr -d '"' | $(COMPILE) - -o requirements-mariadb.txt
	rm requirements-oldest.txt  # uv would keep its versions
	$(COMPILE) --resolution lowest-direct $(ALL) --group build --group oldest $(TESTS) -o requirements-oldest.txt

clean:
	rm -rf $(VENV) $(VENV)-* var build dist localslack/build localslack/dist
