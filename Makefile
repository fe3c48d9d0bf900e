# One command per intention. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help install run dev test test-faults bench check audit contract lock
BIN := .venv/bin

help: ## Say what each command does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

install: ## Install what running needs into .venv, from the lock file, and build the page
	@PYTHON="$(PYTHON)" scripts/install
	@$(BIN)/python scripts/page.py --optional

run: install ## Install, start everything in this terminal, say the URL; Ctrl-C stops it all
	@exec $(BIN)/stepglass up

dev: install ## The same, with changes as they are made: our parts start again, the page updates in place
	@exec $(BIN)/stepglass up --reload

test: ## Install what the tests need and run all of them
	@PYTHON="$(PYTHON)" scripts/install dev
	@$(BIN)/python scripts/programs.py
	@$(BIN)/python scripts/page.py
	$(BIN)/python scripts/npm.py test
	$(BIN)/pytest

test-faults: ## The tests that break things on purpose for long: within an hour
	@PYTHON="$(PYTHON)" scripts/install dev
	$(BIN)/pytest -m faults

bench: ## Measure how fast it is, against the limit and what people would use instead: within 15 minutes
	@PYTHON="$(PYTHON)" scripts/install bench
	$(BIN)/python -m bench $(BENCH)

check: ## Lint, format, types, and whether the generated files are up to date
	@PYTHON="$(PYTHON)" scripts/install dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/python scripts/settings_doc.py --check
	$(BIN)/python scripts/contract.py --check
	$(BIN)/python web/tests/snapshots.py --check
	$(BIN)/python scripts/npm.py run check

audit: ## Ask PyPI and npm for advisories about the locked packages; needs the network, so no other command does it
	@PYTHON="$(PYTHON)" scripts/install
	@$(BIN)/python scripts/audit.py

contract: ## Write the JSON Schema and the TypeScript types of the event contract, and docs/settings.md
	@PYTHON="$(PYTHON)" scripts/install dev
	$(BIN)/python scripts/contract.py
	$(BIN)/python scripts/settings_doc.py

lock: ## Lock the dependencies of pyproject.toml, with hashes
	@PYTHON="$(PYTHON)" scripts/install dev
	scripts/lock
