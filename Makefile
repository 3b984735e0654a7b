# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN = .venv/bin
OUT ?= out
BENCH = .venv-bench/bin/python

.PHONY: demo test docs bench lint clean

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group test --group lint
	touch $@

demo: .venv/.installed
	$(BIN)/python examples/lidc/run_demo.py --out $(OUT)

test: .venv/.installed
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --dist loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

# The pages of docs/ as a site that needs no network, in out/site.
docs: .venv/.installed
	$(BIN)/mkdocs build --strict

# The tools it compares with are hundreds of megabytes: an environment of their own.
.venv-bench/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-bench
	$(BENCH) -m pip install --quiet --upgrade "pip>=25.1"
	$(BENCH) -m pip install --quiet --editable ".[fast,dask,tables]"
	$(BENCH) benchmarks/peers/install.py
	touch $@

bench: .venv-bench/.installed
	$(BENCH) benchmarks/run.py
	$(BENCH) benchmarks/page.py

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

clean:
	rm -rf .venv .venv-bench $(OUT)
