PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo serve test lint bench test-kill test-faults test-truth neo4j neo4j-stop lock clean
.DEFAULT_GOAL := demo

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(VENV)/.ready
	$(BIN)/lotgraph demo

serve: $(VENV)/.ready
	$(BIN)/lotgraph serve

test: $(VENV)/.ready
	$(BIN)/pytest --numprocesses auto --dist loadfile

test-kill: $(VENV)/.ready
	LOTGRAPH_TEST_KILLS=1000 $(BIN)/pytest -m kill

test-faults: $(VENV)/.ready
	$(BIN)/pytest -m faults

test-truth: $(VENV)/.ready
	LOTGRAPH_TEST_PLANTS=594 LOTGRAPH_TEST_INCIDENTS=4 $(BIN)/pytest tests/scenarios/test_truth.py

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready
	$(BIN)/python -m bench

neo4j: $(VENV)/.ready
	$(BIN)/python deploy/neo4j/server.py start

neo4j-stop: $(VENV)/.ready
	$(BIN)/python deploy/neo4j/server.py stop

LOCK := $(BIN)/python -m uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header

# One for development, one for the image, and one for what builds the image.
lock: $(VENV)/.ready
	$(LOCK) --group dev --output-file requirements.lock pyproject.toml
	$(LOCK) --extra postgres --constraint requirements.lock \
		--output-file deploy/requirements.lock pyproject.toml
	echo hatchling | $(LOCK) --constraint requirements.lock --output-file deploy/build.lock -

clean:
	rm -rf $(VENV)
