#!/bin/sh
# Makes the virtual environment, or brings an existing one up to date. By hand: make venv
set -eu
python=${1:-$("$(dirname "$0")/find_python.sh")}
venv=$2

if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'; then
    echo "callcenter needs Python 3.11, 3.12 or 3.13; '$python' is $("$python" -V 2>&1)." >&2
    echo "Name another one: make PYTHON=python3.12 ..." >&2
    exit 1
fi
if [ ! -x "$venv/bin/python" ]; then
    if ! "$python" -m venv "$venv"; then
        rm -rf "$venv"
        echo "'$python -m venv' failed; on Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
fi
# An environment that another tool made may have come without pip.
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip --upgrade

echo "Installing callcenter and what it needs into $venv, of $("$venv/bin/python" -V) (a minute or two the first time)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
