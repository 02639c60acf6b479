"""Fuzzes for a long time: `python -m tests.fuzz --seconds 60 [TARGET ...]`; `make fuzz` does.

An input that behaves as none before joins the seeds. An input that breaks what must hold is made
smaller, kept as `crashers/TARGET/NAME.bin`, and from then on is a test; give it a better name.
"""

import argparse
import hashlib
import random
import sys
import time
from pathlib import Path

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS, Target

CRASHERS = Path(__file__).parent / "crashers"
SLOW_S = 2.0
"One input must never cost so much: a few of them a second would be an attack."


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--seed", type=int, default=None, help="to see the same again")
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], default=[])
    options = parser.parse_args()
    found = 0
    for name in options.targets or TARGETS:
        found += fuzz(TARGETS[name], options.seconds, options.seed)
    return 1 if found else 0


def fuzz(target: Target, seconds: float, seed: int | None) -> int:
    """How many crashers were found; each kind of error counts once."""
    seed = random.randrange(1 << 32) if seed is None else seed
    chance, seeds = random.Random(seed), list(target.seeds())
    known, errors = {target.take(each) for each in seeds}, set[str]()
    runs, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        runs += 1
        data = mutated(seeds, chance)
        error, word = _try(target, data)
        if error and error not in errors:
            errors.add(error)
            _keep(target, _smaller(target, data, error), error)
        elif word not in known and len(seeds) < 5000:
            known.add(word)
            seeds.append(data)
    print(
        f"{target.name}: {runs} inputs, {len(known)} behaviours, {len(errors)} errors (seed {seed})"
    )
    return len(errors)


def _try(target: Target, data: bytes) -> tuple[str, str]:
    """The error's place and kind, or ''; what happened."""
    began_at = time.monotonic()
    try:
        word = target.take(data)
    except Exception as error:
        return _name(error), ""
    return ("slow" if time.monotonic() - began_at > SLOW_S else ""), word


def _name(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    assert trace is not None
    place = f"{Path(trace.tb_frame.f_code.co_filename).stem}-{trace.tb_frame.f_code.co_name}"
    return f"{type(error).__name__}-{place}"


def _smaller(target: Target, data: bytes, error: str) -> bytes:
    """Leave out what is not needed for the same error."""
    size = len(data) // 2
    while size:
        at = 0
        while at < len(data):
            shorter = data[:at] + data[at + size :]
            if _try(target, shorter)[0] == error:
                data = shorter
            else:
                at += size
        size //= 2
    return data


def _keep(target: Target, data: bytes, error: str) -> None:
    folder = CRASHERS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{error}-{hashlib.sha256(data).hexdigest()[:8]}.bin"
    file.write_bytes(data)
    print(f"{target.name}: {error}, kept as {file.name}")


if __name__ == "__main__":
    sys.exit(main())
