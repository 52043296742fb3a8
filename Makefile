# The menu. Every target creates what it needs; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
DEPLOY := $(BIN)/python -m hub_config deploy

.PHONY: help install serve stop reset test check audit bench goldens lock advisories format screenshots site conformance \
	release upgrade-test up down logs backup restore deploy-test kubernetes-test

help: ## this menu
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## prepare .venv from the hashed lock, and nothing else
	@scripts/prepare.sh python

serve: ## start the Hub on this machine (Ctrl-C stops it; everything is kept)
	@scripts/prepare.sh serve
	@$(BIN)/python -m hub_config serve

stop: ## stop a Hub that `make serve` started
	@$(BIN)/python -m hub_config stop

reset: ## delete the local Hub's data, after asking
	@$(BIN)/python -m hub_config reset

test: ## run all tests (as root, installs the Debian packages that they need); make test LANE=live, TESTS=tests/home
	@scripts/prepare.sh test
ifdef TESTS
	@$(PYTEST) $(TESTS)
else
	@$(BIN)/python -m tests.lanes $(LANE)
endif

check: ## lint, types and the fast lane of the tests, in under two minutes
	@scripts/prepare.sh python
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@mkdir -p build; $(BIN)/mypy >build/types.log 2>&1 & types=$$!; failed=0; \
	$(BIN)/python -m tests.lanes fast || failed=1; \
	wait $$types || failed=1; cat build/types.log; exit $$failed

audit: ## judge every module's mutants again, and write audit.json next to each module, and docs/audit.md
	@scripts/prepare.sh test
	@$(BIN)/tito module audit --all

bench: ## measure speed and memory against peers, in the same run
	@scripts/prepare.sh test
	@$(BIN)/python -m tests.benchmarks $(BENCH)

format: ## let ruff format the code and fix what it can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

goldens: ## rewrite the golden folders; review the diff
	@$(PYTEST) -q tests/tito tests/kubernetes -k golden --rewrite-goldens

screenshots: ## take the pictures of the README and the docs from a running Hub
	@scripts/prepare.sh test
	@$(BIN)/python -m tests.e2e.screenshots

site: ## build one website from README.md and docs/ in build/site; a dead link or a page in no chapter is an error
	@scripts/prepare.sh test
	@$(BIN)/python -m sphinx -q -W --keep-going -c docs . build/site
	@echo "open build/site/index.html"

release: ## build the framework's wheel in dist/ and try it; scripts/release.sh --tag tags it
	@scripts/prepare.sh python
	@scripts/release.sh

upgrade-test: ## move a class in use from an earlier version to this one and back: make upgrade-test FROM=v0.2.0
	@scripts/prepare.sh test
	@UPGRADE_FROM=$(or $(FROM),$(shell git describe --tags --abbrev=0)) $(PYTEST) tests/upgrade/test_from_a_tag.py

conformance: ## print which promises each nbgrader exchange keeps
	@scripts/prepare.sh test
	@$(BIN)/python -m tests.exchange.conformance

lock: ## resolve the locks again, with hashes and without registry addresses
	@scripts/lock.sh

advisories: ## compare the locks with known advisories (needs PyPI)
	@scripts/prepare.sh python
	@scripts/advisories.sh

up: ## start Hub and PostgreSQL as containers (compose), in the background
	@scripts/prepare.sh deploy
	@$(DEPLOY) up

down: ## stop what `make up` started; everything is kept
	@$(DEPLOY) down

logs: ## follow the logs of Hub and services
	@$(DEPLOY) logs

backup: ## copy everything that `make up` keeps to a new folder: make backup TO=/srv/backup/today; KEEP=14 TO=/mnt/elsewhere
	@$(DEPLOY) backup $(TO) $(if $(KEEP),--keep $(KEEP))

restore: ## restore a backup where there is no state yet: make restore FROM=/srv/backup/today
	@$(DEPLOY) restore $(FROM)

deploy-test: ## test the docker place from outside and inside
	@scripts/prepare.sh test
	@$(PYTEST) tests/docker

kubernetes-test: ## test the kubernetes place on a real cluster: KUBECONFIG, KUBERNETES_TEST_IMAGES, KUBERNETES_TEST_TAG
	@[ -n "$$KUBECONFIG" ] || { echo "KUBECONFIG names no cluster: set it, as for kubectl"; exit 1; }
	@scripts/prepare.sh test
	@$(PYTEST) tests/kubernetes/on_a_cluster.py
