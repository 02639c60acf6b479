"""Speakers that nobody has: espeak-ng voice variants with parameters by chance.

A network that has heard a hundred made-up throats learns what they share, and then hears one that it never met. A voice
file (espeak-ng's docs/voices.md) scales each formant's frequency, strength and width, sets pitch, roughness, breath, tone
and so on; the ranges are those of the variants that come with espeak-ng. Every value is drawn around the plain voice, as
far away as the voice's own `strangeness`, so that some are neighbours of the plain voice and some hardly human.
"""
import math
import pathlib
import random

import espeakng_loader

PREFIX = "made"


def _around(rng, middle, spread, low, high):
    return round(min(high, max(low, middle * math.exp(rng.gauss(0, spread)))))


def _formant(rng, number, tract, strangeness):
    own = 0.05 if number in (1, 2) else 0.08 if number == 3 else 0.15
    frequency = _around(rng, 100 * tract, own * strangeness, 40, 170)
    tilt = 0.0 if number < 3 else rng.choice((0.0, 0.0, -0.5))          # high formants are often weak
    strength = _around(rng, 100 * math.exp(tilt * strangeness), 0.3 * strangeness, 10, 220)
    width = _around(rng, 100, 0.3 * strangeness, 35, 250)
    if rng.random() < 0.1 * strangeness:                                # many a voice has one in an odd place
        frequency = rng.randint(45, 160) if number < 3 else rng.randint(5, 250)
    if number > 2 and rng.random() < 0.15 * strangeness:
        strength = rng.randint(0, 40)
    shift = ""
    if number and rng.random() < 0.25:
        shift = f" {max(-250, min(200, round(rng.gauss(0, 70 if number < 2 else 120) * strangeness)))}"
    return f"formant {number} {frequency} {strength} {width}{shift}"


def _formants(rng, strangeness):
    tract = math.exp(rng.uniform(-0.28, 0.3) * strangeness)     # vocal tract length: all formants together
    return [_formant(rng, number, tract, strangeness) for number in range(9)]


def _source(rng, strangeness):
    low = rng.uniform(60, 130) if rng.random() < 0.55 else rng.uniform(120, 240)
    yield f"pitch {low:.0f} {low * rng.uniform(1.0, 1.8):.0f}"
    yield f"flutter {rng.choice((0, 1, 2, 5, 10, 20))}"
    yield f"roughness {rng.choice((0, 0, 1, 2, 4, 6))}"
    yield f"intonation {rng.randint(1, 4)}"
    if rng.random() < 0.6:
        yield f"voicing {_around(rng, 95, 0.5 * strangeness, 25, 300)}"
    if rng.random() < 0.6:
        yield f"consonants {_around(rng, 85, 0.35 * strangeness, 30, 180)} {_around(rng, 85, 0.35 * strangeness, 20, 180)}"
    if rng.random() < 0.25:
        yield "breath " + " ".join(str(rng.randint(0, round(1 + 4 * strangeness))) for _ in range(8))
    if rng.random() < 0.2:
        yield f"klatt {rng.randint(1, 6)}"


def _room(rng, strangeness):
    if rng.random() < 0.5:
        bass, middle, treble = sorted(rng.uniform(60, 255) for _ in range(3))[::-1] if rng.random() < 0.6 else (
            rng.uniform(100, 255) for _ in range(3))
        yield (f"tone {rng.randint(100, 700)} {bass:.0f} {rng.randint(800, 1600)} {middle:.0f} "
               f"{rng.randint(1800, 5000)} {treble:.0f}")
    if rng.random() < 0.2:
        yield f"echo {rng.randint(20, 150)} {rng.randint(5, round(10 + 40 * strangeness))}"


def _stress(rng, strangeness):
    if rng.random() < 0.4:
        yield "stressAmp " + " ".join(str(rng.randint(14, 26)) for _ in range(8))
    if rng.random() < 0.4:
        yield "stressAdd " + " ".join(str(round(rng.gauss(0, 40) * strangeness)) for _ in range(8))


def voice_file(rng):
    """One speaker, as the text of a file in `voices/!v`."""
    strangeness = rng.uniform(0.2, 1.3)
    parts = (_formants, _source, _room, _stress)
    return "language variant\n" + "".join(f"{line}\n" for part in parts for line in part(rng, strangeness))


def write_voices(folder, count, seed):
    """Makes an empty folder espeak-ng's data: all that came with it, and `count` speakers more. Gives their names."""
    source, rng = pathlib.Path(espeakng_loader.get_data_path()), random.Random(seed)
    variants = folder / "voices" / "!v"
    variants.mkdir(parents=True)
    for old, new in ((source, folder), (source / "voices", folder / "voices"), (source / "voices" / "!v", variants)):
        for entry in old.iterdir():
            if not (new / entry.name).exists():
                (new / entry.name).symlink_to(entry)
    names = [f"{PREFIX}{i}" for i in range(count)]
    for name in names:
        (variants / name).write_text(f"name {name}\n{voice_file(rng)}")
    return names
