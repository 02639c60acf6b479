#!/bin/sh
# Prints the interpreter that the virtual environment is made of, when nobody has named one (make PYTHON=...).
#
# `python3`, unless the system's own does the same work in much less time: distributions build theirs with what was
# measured while it ran (PGO) and across files (LTO), a bare `pyenv install` and many others do not, and each call
# then costs half as much again.
set -eu

fits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

# Microseconds of CPU for a plain loop: the best of five, for others may be at work too.
loop_us() {
    "$1" - <<'PYTHON'
import time

def loop(rounds):
    total = 0
    for i in range(rounds):
        kept = {"i": i % 7}
        total += kept["i"]
    return total

def once():
    began = time.process_time()
    loop(100_000)
    return time.process_time() - began

print(int(1e6 * min(once() for _ in range(5))))
PYTHON
}

usual=$(command -v python3 || true)
own=${SYSTEM_PYTHON:-/usr/bin/python3}
if [ -z "$usual" ] || ! fits "$usual"; then
    if fits "$own"; then echo "$own"; else echo python3; fi
    exit
fi
# A tenth and a half is the machine's own unrest.
if fits "$own" && [ "$(($(loop_us "$own") * 100))" -lt "$(($(loop_us "$usual") * 85))" ]; then
    echo "$own"
else
    echo python3
fi
