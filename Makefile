# Every verb sets up what it needs: .venv from uv.lock, with the uv that is there or one of its own from PyPI.
# Works with the GNU make 3.81 of macOS. `make help` lists the verbs.

SHELL := /bin/sh
BIN := .venv/bin
STAMP := .venv/.synced
# Said after a failed try, for networks that put a certificate of their own before the registry's.
OWN_CERTS := UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1
# Each worker, and each process that a test starts, would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
# Tests run in this many processes, and those of a real Kafka in two of them at most (tests/support/tiers.py).
WORKERS ?= 2
SEEDS ?= 1 2 3 4 5 6
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadgroup
PYTHONS := python3.14 python3.13 python3.12 python3.11 python3

.DEFAULT_GOAL := help
.PHONY: help setup demo test quick push check format nightly nights week fuzz cover kafka chaos bench bench-backfill bench-matching bench-sandbox golden schemas lock audit secrets wheel clean

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "make %-14s %s\n", $$1, $$2 }'

setup: $(STAMP) ## make .venv as uv.lock says

demo: $(STAMP) ## the whole bridge on this machine, and the proof of no duplicates (under a minute)
	@$(BIN)/qbo-bridge demo

test: $(STAMP) ## all tests; those of a real Kafka, where Java and Maven are (CI=true requires them), one by one
	@$(PYTEST) -m "not kafka"
	@$(BIN)/pytest -m kafka

quick: $(STAMP) ## while editing: what needs no Kafka, process or books, without architecture and sandbox (40 seconds)
	@$(PYTEST) -m "not (kafka or slow or books or processes or apart)" --hypothesis-profile=quick

push: $(STAMP) check secrets ## before a push: all that needs no real Kafka and is not slow, properties at a third (6 minutes)
	@$(PYTEST) -m "not (kafka or slow)" --hypothesis-profile=push

check: $(STAMP) ## formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(STAMP) ## format, and mend what lint can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

nightly: $(STAMP) ## the properties of the books over more than 5,000 generated orders with SEEDS="1 2 3 4 5 6"; says which kinds
	@set -e; for seed in $(SEEDS); do echo "seed $$seed"; QBO_BRIDGE_TEST_SEED=$$seed \
		$(PYTEST) --hypothesis-profile=sixth --hypothesis-seed=$$seed tests/ledger tests/posting tests/planning; done

nights: $(STAMP) ## WEEKS=100 of chaos (SEED=…), judged by `verify` each night; false alarms and false greens are counted
	@$(BIN)/python -m tests.bench.nights $(if $(WEEKS),--weeks $(WEEKS)) $(if $(SEED),--seed $(SEED))

week: $(STAMP) ## seven days of chaos (SEED=…) on a real Kafka with a served process, judged by `verify --day` each night
	@QBO_BRIDGE_TEST_DAYS=7 $(if $(SEED),SCENARIO_SEED=$(SEED)) $(BIN)/pytest -n 0 -m kafka tests/scenarios/test_verify_week.py

fuzz: $(STAMP) ## 100,000 hostile records and 10,000 hostile memos through a company in this process (20 minutes)
	@$(PYTEST) --hypothesis-profile=nightly tests/company/test_poison.py tests/company/test_hostile_memos.py tests/decoding/test_exact_json.py

cover: $(STAMP) ## all tests with branch coverage
	@$(PYTEST) --cov --cov-report=term-missing:skip-covered

kafka: $(STAMP) ## a real Kafka on 127.0.0.1:9092, until Ctrl-C (Java 17+, Maven)
	@$(BIN)/python -m tests.support.kafka.cluster --port 9092

chaos: $(STAMP) ## everything goes wrong at random for MINUTES=30 (SEED=…), then the books are counted
	@$(BIN)/python -m tests.chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(if $(EVENTS),--events $(EVENTS))

bench: $(STAMP) ## what the machine costs here, beside the floor in the same run
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.backlog
	@$(BIN)/python -m tests.bench.waiting
	@$(BIN)/python -m tests.bench.record
	@$(BIN)/python -m tests.bench.handover
	@$(BIN)/python -m tests.bench.kafka
	@$(BIN)/python -m tests.bench.latency
	@$(BIN)/python -m tests.bench.results

bench-backfill: $(STAMP) ## ORDERS=20000 into books kept by hand, beside live orders, the owner killed twice (about 25 minutes)
	@$(BIN)/python -m tests.bench.backfill $(ORDERS)

bench-matching: $(STAMP) ## what of books that people kept by hand is found, kind by kind, with SEEDS="1 2 3 4 5 6" (10 minutes)
	@$(BIN)/python -m tests.bench.kept_by_hand --seeds $(SEEDS)

bench-sandbox: $(STAMP) ## how many writes a second the sandbox takes, single and in batches
	@$(BIN)/python -m bridge.sandbox.bench

golden: $(STAMP) ## write the golden plans anew; then read the diff
	@$(BIN)/pytest tests/mappings/test_golden.py --golden-update

schemas: $(STAMP) ## write contracts/schemas anew; then read the diff
	@$(BIN)/python -m contracts.schemas

lock: $(STAMP) ## renew uv.lock from pyproject.toml
	@$(BIN)/uv lock --quiet --upgrade 2>/dev/null || $(OWN_CERTS) $(BIN)/uv lock --upgrade

audit: $(STAMP) ## known vulnerabilities of what uv.lock pins
	@$(BIN)/python .ci/audit.py

secrets: $(STAMP) ## keys and tokens that must not be in the repository
	@.ci/secrets

wheel: $(STAMP) ## build dist/
	@$(BIN)/uv build --quiet --out-dir dist 2>/dev/null || $(OWN_CERTS) $(BIN)/uv build --out-dir dist

clean: ## remove what the verbs made
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

$(STAMP): pyproject.toml uv.lock
	@set -e; \
	uv=$$(command -v uv || true); \
	if [ -z "$$uv" ] && [ ! -x $(BIN)/uv ]; then \
	  for python in $(PYTHONS); do \
	    if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
      found=$$python; break; \
    fi; \
	  done; \
	  if [ -z "$$found" ]; then echo "qbo-bridge needs Python 3.11 or newer with its venv (Debian: python3-venv)" >&2; exit 1; fi; \
	  echo "Setting up .venv with $$found ..."; \
	  "$$found" -m venv --clear .venv || { rm -rf .venv; exit 1; }; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; \
	fi; \
	uv=$${uv:-$(BIN)/uv}; \
	"$$uv" sync --quiet --locked 2>/dev/null || $(OWN_CERTS) "$$uv" sync --locked; \
	touch $(STAMP)
