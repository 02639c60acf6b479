"""Samples and codes: codecs, tones, digits, prompts, what was lost, how good it was."""
