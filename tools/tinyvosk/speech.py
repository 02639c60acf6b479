"""Synthetic telephone speech: espeak-ng through ctypes (audio plus phoneme timing) and a phone-line channel."""
import bisect
import ctypes as c

import espeakng_loader      # the version that speaks the demo's prompts and people
import numpy as np

RATE = 8000
SILENCE = "SIL"
ESPEAK_RATE = 22050
EVENT_END, EVENT_WORD, EVENT_PHONEME = 0, 1, 7
PARAM_SPEED, PARAM_PITCH, PARAM_RANGE = 1, 3, 4
SYNCHRONOUS, PHONEME_EVENTS, UTF8 = 2, 1, 1
STRESS = "',%="                 # version 1.52 marks stress in phoneme names, 1.51 does not

# espeak-ng voices; variants (voice+variant) stand in for speakers. Left out of all: the near twins of those that are held out.
TRAINING_VARIANTS = (
    "f1 f2 f3 f4 m1 m2 m3 m4 m5 m6 Alex Alicia Andrea Andy Annie Denis Diogo Gene Jacky Lee Marco Mario Michael "
    "Mr_serious anika antonio belinda benjamin boris david ed edward iven john max michel norbert pablo paul pedro "
    "quincy rob robert sandro shelby steph travis zac "
    "RicishayMax RicishayMax2 RicishayMax3 Storm UniRobot anikaRobot announcer croak fast grandma iven2 iven4 klatt "
    "klatt2 klatt3 klatt4 klatt5 robosoft robosoft2 robosoft3 robosoft4 robosoft5 robosoft7 robosoft8 steph3 "
    "whisperf").split()
HELD_OUT_VARIANTS = "f5 m7 m8 linda Mike adam".split()
DECIDING_VARIANTS = "AnxiousAndy Henrique Nguyen Reed Tweaky aunty caleb grandpa gustave iven3 kaukovalta victor".split()
LANGUAGES = {"en": ["en-us", "en-us", "en"], "zh": ["cmn-latn-pinyin"]}


class _Id(c.Union):
    _fields_ = [("number", c.c_int), ("string", c.c_char * 8), ("pointer", c.c_void_p)]


class _Event(c.Structure):
    _fields_ = [("type", c.c_int), ("unique", c.c_uint), ("text_position", c.c_int), ("length", c.c_int),
                ("milliseconds", c.c_int), ("sample", c.c_int), ("user_data", c.c_void_p), ("id", _Id)]


_CALLBACK = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.POINTER(_Event))


def voices(language, variants):
    return [base if v == "" else f"{base}+{v}" for base in LANGUAGES[language] for v in variants]


class Espeak:
    """One libespeak-ng per process (the library keeps global state)."""

    def __init__(self, data=None):
        """`data`: a folder made by `made_voices`, instead of the one that comes with espeak-ng."""
        self.lib = c.CDLL(espeakng_loader.get_library_path())
        path = str(data or espeakng_loader.get_data_path()).encode()
        if self.lib.espeak_Initialize(SYNCHRONOUS, 0, path, PHONEME_EVENTS) != ESPEAK_RATE:
            raise RuntimeError("espeak-ng did not start at 22050 Hz")
        self.callback = _CALLBACK(self._receive)        # keep a reference: C holds the pointer
        self.lib.espeak_SetSynthCallback(self.callback)

    def _receive(self, wave, count, events):
        if wave and count > 0:
            self.audio.append(np.ctypeslib.as_array(wave, (count,)).astype(np.float32))
        i = 0
        while events[i].type != EVENT_END:
            e = events[i]
            if e.type == EVENT_WORD:
                self.events.append((e.sample, e.text_position - 1, None))
            elif e.type == EVENT_PHONEME:
                self.events.append((e.sample, None, e.id.string.decode("latin-1").lstrip(STRESS)))
            i += 1
        return 0

    def say(self, words, voice, speed=160, pitch=50, pitch_range=50):
        """Speaks a word list. Returns samples at 22050 Hz and segments (start s, end s, phone, word index).

        Words that espeak runs together ('of the') all carry the index of the first of them.
        """
        self.audio, self.events = [], []
        if self.lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice}")
        for parameter, value in ((PARAM_SPEED, speed), (PARAM_PITCH, pitch), (PARAM_RANGE, pitch_range)):
            self.lib.espeak_SetParameter(parameter, value, 0)
        text = " ".join(words)
        offsets = np.cumsum([0] + [len(w) + 1 for w in words]).tolist()
        data = text.encode()
        self.lib.espeak_Synth(data, len(data) + 1, 0, 1, 0, UTF8, None, None)
        self.lib.espeak_Synchronize()
        samples = np.concatenate([np.zeros(0, np.float32), *self.audio])
        if len(samples) < 0.05 * ESPEAK_RATE * len(words):
            raise RuntimeError(f"espeak-ng said almost nothing of {text!r} with voice {voice}: its state is damaged")
        segments, word, end = [], None, len(samples)
        for sample, position, phone in self.events:
            if position is not None:
                word = max(0, min(len(words), bisect.bisect_right(offsets, position)) - 1)
            elif phone.startswith("_"):
                segments.append([sample, end, SILENCE, None])
            elif phone and not phone.startswith("(") and phone != ";":
                segments.append([sample, end, phone, word])
        for left, right in zip(segments, segments[1:]):
            left[1] = right[0]
        return samples, [(a / ESPEAK_RATE, b / ESPEAK_RATE, p, w) for a, b, p, w in _merge_gaps(segments)]


def _merge_gaps(segments, shortest=0.04 * ESPEAK_RATE):
    """Gives very short pauses, and pauses inside a word, to the phone before them; joins neighbouring pauses."""
    kept = []
    for i, (start, end, phone, word) in enumerate(segments):
        following = next((w for _, _, _, w in segments[i + 1:] if w is not None), None)
        if phone == SILENCE and kept and (
                kept[-1][2] == SILENCE or end - start < shortest or kept[-1][3] == following):
            kept[-1][1] = end
        elif end > start:
            kept.append([start, end, phone, word])
    return kept


def _mu_law_levels():
    code = np.arange(128)
    exponent, mantissa = code >> 4, code & 15
    return ((((mantissa << 3) + 0x84) << exponent) - 0x84).astype(np.float32)


SNR_DB = (9, 45)
MU_LAW = _mu_law_levels()
MU_LAW_EDGES = (MU_LAW[1:] + MU_LAW[:-1]) / 2


def mu_law_round_trip(x):
    """What G.711 mu-law leaves of 16-bit samples."""
    return np.sign(x) * MU_LAW[np.searchsorted(MU_LAW_EDGES, np.abs(x))]


def call_tones(rng):
    """A second or so of what phones utter besides speech, at 22050 Hz: dial and ring tones, keys, clicks, hiss."""
    t = np.arange(int(rng.uniform(0.3, 1.8) * ESPEAK_RATE)) / ESPEAK_RATE
    if rng.random() < 0.25:
        tones = rng.standard_normal(len(t))
    else:
        pair = rng.choice([350, 400, 425, 440, 450, 480, 620, 697, 770, 852, 941, 1209, 1336, 1477, 1800], 2)
        tones = np.sin(2 * np.pi * pair[0] * t) + rng.choice([0, 1]) * np.sin(2 * np.pi * pair[1] * t)
    period = rng.uniform(0.1, 2)
    return 8000 * rng.uniform(0.05, 1) * tones * (t % period < rng.uniform(0.3, 1) * period)


def _hearing(hertz, rng):
    """What telephones do to a voice: a tilt in dB per kHz, and up to three broad hills or holes."""
    octave = np.log2(np.maximum(hertz, 50) / 1000)
    gain_db = rng.uniform(-5, 5) * (hertz - 1000) / 1000
    for _ in range(rng.integers(4)):
        gain_db += rng.uniform(-8, 8) * np.exp(-((octave - rng.uniform(-2.5, 2)) / rng.uniform(0.2, 1)) ** 2)
    return 10 ** (gain_db / 20)


def phone_line(samples, rng, clean=False, shift=1.0):
    """22050 Hz speech to 8 kHz int16 as a call recorder hears it: band limits, level, noise, mu-law.

    `shift`: so much higher, shorter and faster it comes, as from a shorter throat. Adds silence around the
    speech; returns the samples and the seconds added in front.
    """
    lead, tail = (0.3, 0.3) if clean else (rng.uniform(0.05, 0.8), rng.uniform(0.1, 0.8))
    rate = ESPEAK_RATE * shift
    x = np.concatenate([np.zeros(int(lead * rate)), samples, np.zeros(int(tail * rate))])
    x = np.pad(x, (0, -len(x) % 441))                   # 22050 : 8000 = 441 : 160
    spectrum = np.fft.rfft(x)
    hertz = np.fft.rfftfreq(len(x), 1 / rate)
    low, high = (60, 3800) if clean else (rng.uniform(10, 300), rng.uniform(3300, 4000))
    gain = 1 / np.sqrt(1 + (low / np.maximum(hertz, 1)) ** 8) / np.sqrt(1 + (hertz / high) ** 40)
    if not clean:
        gain *= _hearing(hertz, rng)
    size = round(len(x) * RATE / rate)
    y = np.fft.irfft((spectrum * gain)[:size // 2 + 1], size)
    peak = 0.5 if clean else 10 ** (rng.uniform(-26, -1) / 20)
    y *= 32000 * peak / max(np.abs(y).max(), 1)
    if not clean and rng.random() < 0.75:
        speech_level = np.sqrt(np.mean(y[np.abs(y) > 0.05 * np.abs(y).max()] ** 2))
        noise = np.fft.rfft(rng.standard_normal(size))
        slope = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 50) ** -rng.uniform(0, 0.8)
        noise = np.fft.irfft(noise * slope, size)
        y += noise / noise.std() * speech_level * 10 ** (-rng.uniform(*SNR_DB) / 20)
    y = np.clip(np.rint(y), -32124, 32124)
    return (y if not clean and rng.random() < 0.15 else mu_law_round_trip(y)).astype(np.int16), lead
