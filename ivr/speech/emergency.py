"""What an emergency announcement is called among the prompts: by its words, so that others never
sound like it."""

import hashlib
from collections.abc import Mapping

PREFIX = "emergency_"


def prompt_name(text: Mapping[str, str]) -> str:
    """Of the words by language; the same words have the same name."""
    written = "\0".join(f"{language}\0{words}" for language, words in sorted(text.items()))
    return PREFIX + hashlib.sha256(written.encode()).hexdigest()[:12]
