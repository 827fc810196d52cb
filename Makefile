# The words that people and CI use.  Every target sets up what it needs, on a fresh machine too.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO_ARGS ?=
TEST_ARGS ?= --numprocesses 3 --dist loadfile --no-loadscope-reorder
TESTS ?= not further

# The hub is a few dozen processes: they shall find their modules compiled.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-all check gen soak soak-capture bench verify-mysql lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   watch invented changes become golden records (DEMO_ARGS=\"--seconds 30 --json\")"
	@echo "make test   the tests, on real services that it starts itself"
	@echo "make test-all  also the same suites on further servers and versions, about twice as long"
	@echo "make check  format, lint, types, import layers, generated files"
	@echo "make gen    write the generated files anew"
	@echo "make soak   kill processes under load for as long as you like (SOAK_ARGS=\"--minutes 60\")"
	@echo "make soak-capture  trouble nine offices of five kinds, 200,000 changes long (SOAK_ARGS=\"--changes 500000\")"

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: apt-get install python3.11 python3.11-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing packages into $(VENV) (about 500 MB the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)
	@$(BIN)/satudata demo $(DEMO_ARGS)

test: $(READY) tools/.have-prometheus tools/.have-debian tools/.have-classes
	@$(BIN)/python -m pytest $(TEST_ARGS) -m "$(TESTS)"

test-all:
	@$(MAKE) --no-print-directory test TESTS="further or not further"

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/gen.py --check

gen: $(READY)
	$(BIN)/python tools/gen.py

soak: SOAK_ARGS ?= --minutes 30
soak: $(READY)
	$(BIN)/python -m tests.e2e.soak $(SOAK_ARGS)

soak-capture: $(READY)
	$(BIN)/python -m tests.e2e.soak_capture $(SOAK_ARGS)

bench: $(READY)
	$(BIN)/satudata bench hop && $(BIN)/satudata bench latency && $(BIN)/satudata bench river

# Prometheus and promtool judge the alert rules and the dashboard; the package is only unpacked, no service is set up.
.PHONY: tools/.have-prometheus
tools/.have-prometheus: $(READY)
	@$(BIN)/python tools/get_prometheus.py

# What offices have is most likely Debian's: its PostgreSQL, MariaDB and OpenSSH are only unpacked too.
.PHONY: tools/.have-debian
tools/.have-debian: $(READY)
	@$(BIN)/python tools/debian.py postgres mariadb sshd

.PHONY: tools/.have-classes
tools/.have-classes: $(READY)
	@$(BIN)/python tools/get_classes.py

# MySQL is in Debian's unstable only, which changes from day to day, so `make test` does not rely on it.
verify-mysql: $(READY)
	@$(BIN)/python tools/get_debian_mysql.py
	@$(BIN)/python -m pytest tests/verify/mysql.py tests/verify/mysql_types.py

lock: $(READY)
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --extra hub --extra platform --extra files --extra parquet --extra sftp --extra train --extra dev --generate-hashes --python-version 3.11 pyproject.toml -o requirements.lock
