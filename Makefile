# The two commands of the README: `make run` and `make test`. Both make .venv once and reuse it.
# After the code has changed, `make run RUN=--redo-existing` makes the demo's predictions anew.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint format clean

run: .venv/.run
	$(BIN)/python -m kent_agent.run --split demo $(RUN) || [ $$? = 1 ] # 1: some instances have no prediction
	$(BIN)/python -m harness.evaluate predictions/kent_agent__demo.jsonl --split demo --timeout 120

test: .venv/.test
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.run: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/.test: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ .venv/.run

clean:
	rm -rf .venv
