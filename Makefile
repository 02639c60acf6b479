# Everything a newcomer, a developer and the checks run. Each target does its own set-up; nothing
# is needed beforehand but python3, python3-venv and make (git for the clone itself).

# make PYTHON=python3.12 setup; without it tools/find_python.sh takes python3 or a faster one of the system's.
PYTHON ?=
VENV ?= .venv
BIN := $(VENV)/bin
# PROGRAMS=no leaves Debian's programs alone; what they test is then skipped.
PROGRAMS ?= yes
# Set by hand to narrow a run: make test TESTS="tests/acd -x"
TESTS ?=
# make demo DEMO= goes on until Ctrl-C; DEMO="--seconds 30 --dir DIR" is short and leaves its files.
DEMO ?= --seconds 90

# make fuzz FUZZ="--seconds 600 sip dialog" looks longer at less; each of the targets has its minute.
FUZZ ?= --seconds 60

# make kills KILLS=1000 dies oftener; KILL_SEED=... dies at the same instants again.
KILLS ?= 200

# Images for containers like to set it. Hundreds of processes that compile all of us anew are a fifth of the tests' time.
unexport PYTHONDONTWRITEBYTECODE

INSTALLED := $(VENV)/.installed
PROGRAMS_TRIED := $(VENV)/.programs-tried

.DEFAULT_GOAL := help
.PHONY: help setup venv programs demo test matrix quick check format bench fuzz kills clean

help:
	@echo "make demo    a whole call centre on this machine: real calls, real speech, a wallboard"
	@echo "make test    all tests                   make quick   the fast ones only, on all cores"
	@echo "make matrix  the calls once more: over a line, with rtpengine, with the C loop"
	@echo "make check   format, lint, types, import rules"
	@echo "make bench   the figures of docs/performance.md, measured here"
	@echo "make fuzz    any bytes into every parser, for minutes"
	@echo "make kills   kill -9 at 200 instants of a busy centre, for about ten minutes"
	@echo "make format  rewrite the code to the house's format"
	@echo "make setup   what the others do first by themselves; make clean takes it away again"

setup: venv programs

venv: $(INSTALLED)

$(INSTALLED): pyproject.toml tools/make_venv.sh tools/find_python.sh
	@tools/make_venv.sh "$(PYTHON)" "$(VENV)"
	@touch $@

programs: $(PROGRAMS_TRIED)
	@tools/debian_programs.sh report

$(PROGRAMS_TRIED): $(INSTALLED) tools/debian_programs.sh
ifeq ($(PROGRAMS),yes)
	@tools/debian_programs.sh install
endif
	@touch $@

demo: venv
	$(BIN)/callcenter demo $(DEMO)

# End-to-end tests mostly wait for people who talk, so three files on two cores. At most 4: the tests' ports are dealt
# out among so many.
AT_ONCE ?= 3
FAST := not e2e and not interop and not browser
# First the pages, on all cores. Then the end-to-end tests, some files at once, and beside them those without sockets,
# for which a core is free every other moment. At last, one at a time, those that would measure what runs beside them.
# What failed with sockets or processes is tried once more when all is over: tools/second_try.py says how the run ends.
test: venv programs
ifeq ($(TESTS),)
	$(BIN)/python -m tools.second_try -n auto --dist worksteal -m page tests/e2e \
		-- -n auto --dist worksteal -m "$(FAST)" \
		beside -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder \
		-m "not ($(FAST)) and not page and not matrix and not alone" tests/e2e \
		-- -n 0 -m "alone and not matrix" tests/e2e
else
	$(BIN)/python -m pytest -n 0 $(TESTS)
endif

# The same calls once more in full: over a line at another PBX, with rtpengine, with the C loop; all looks of the pages; and all that Hypothesis tries.
matrix: venv programs
	$(BIN)/python -m pytest -n 0 -m matrix $(TESTS)
	PAGE_LOOKS=all $(BIN)/python -m pytest -n auto -m page $(TESTS)
	HYPOTHESIS_PROFILE=full $(BIN)/python -m pytest -n auto -m "$(FAST)" $(TESTS)

quick: venv
	$(BIN)/python -m pytest -n auto -m "$(FAST)" $(TESTS)

check: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --num-workers 2
	$(BIN)/lint-imports

kills: venv
	KILLS=$(KILLS) $(BIN)/python -m pytest -n 0 -s --timeout 0 tests/e2e/test_kill_instants.py

format: venv
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: venv
	$(BIN)/python -m bench $(BENCH)

fuzz: venv
	$(BIN)/python -m tests.fuzz $(FUZZ)
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -n auto -m "not e2e and not interop and not browser" \
		-k "any_bytes or any_cut or spoilt or TestAny" $(TESTS)

clean:
	rm -rf $(VENV) build dist *.egg-info bench/.build
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
