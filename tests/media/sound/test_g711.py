"""Tables against the arithmetic of ITU-T G.191's reference, one sample at a time."""

import numpy as np
import pytest

from telephony.media.sound.g711 import CONVERT, SILENCE, TO_PCM, Law, decode, encode


def ulaw_expand(code: int) -> int:
    sign = -1 if code < 0x80 else 1
    mantissa = ~code & 0xFF
    exponent = (mantissa >> 4) & 7
    step = 4 << (exponent + 1)
    return sign * ((0x80 << exponent) + step * (mantissa & 0xF) + step // 2 - 4 * 33)


def alaw_expand(code: int) -> int:
    word = (code ^ 0x55) & 0x7F
    exponent, mantissa = word >> 4, word & 0xF
    if exponent:
        mantissa += 16
    linear = (mantissa << 4) + 8
    if exponent > 1:
        linear <<= exponent - 1
    return linear if code > 127 else -linear


def ulaw_compress(sample: int) -> int:
    magnitude = min(((~sample if sample < 0 else sample) >> 2) + 33, 0x1FFF)
    segment = (magnitude >> 6).bit_length() + 1
    code = (8 - segment) << 4 | (0xF - ((magnitude >> segment) & 0xF))
    return code | 0x80 if sample >= 0 else code


def alaw_compress(sample: int) -> int:
    word = (~sample if sample < 0 else sample) >> 4
    if word > 15:
        exponent = 1
        while word > 31:
            word >>= 1
            exponent += 1
        word = word - 16 + (exponent << 4)
    return (word | 0x80 if sample >= 0 else word) ^ 0x55


def test_every_code_expands_as_the_itu_says() -> None:
    assert TO_PCM[Law.PCMU].tolist() == [ulaw_expand(code) for code in range(256)]
    assert TO_PCM[Law.PCMA].tolist() == [alaw_expand(code) for code in range(256)]


def test_every_sample_is_compressed_as_the_itu_says() -> None:
    samples = range(-32768, 32768)
    pcm = np.array(samples, np.int16)

    assert encode(pcm, Law.PCMU) == bytes(ulaw_compress(sample) for sample in samples)
    assert encode(pcm, Law.PCMA) == bytes(alaw_compress(sample) for sample in samples)


@pytest.mark.parametrize("law", list(Law))
def test_a_tone_keeps_37_db(law: Law) -> None:
    at = np.arange(8000)
    pcm = (32767 * 10 ** (-26 / 20) * np.sin(2 * np.pi * 1020 * at / 8000)).astype(np.int16)

    noise = decode(encode(pcm, law), law).astype(float) - pcm

    assert 10 * np.log10(np.mean(pcm.astype(float) ** 2) / np.mean(noise**2)) >= 37


@pytest.mark.parametrize("law", list(Law))
def test_codes_survive_expansion_and_compression(law: Law) -> None:
    codes = bytes(range(256))

    again = encode(decode(codes, law), law)

    # 0x7F is the negative zero of mu-law; it comes back as the positive one.
    changed = {code for code in codes if again[code] != code}
    assert changed == ({0x7F} if law is Law.PCMU else set())


@pytest.mark.parametrize(("source", "target"), list(CONVERT))
def test_laws_are_converted_as_through_pcm(source: Law, target: Law) -> None:
    codes = bytes(range(256))

    converted = codes.translate(CONVERT[source, target])

    assert converted == encode(decode(codes, source), target)


def test_silence_is_the_quietest_code() -> None:
    for law, code in SILENCE.items():
        assert abs(int(decode(code, law)[0])) == int(np.abs(TO_PCM[law]).min())
