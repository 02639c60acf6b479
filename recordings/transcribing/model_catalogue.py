"""Vosk models that `callcenter models get` knows by a language's name.

Their maker publishes no checksums. These are what several independent projects have pinned for the
same files, and agree on: for the English one more than six, for the Chinese one two.
"""

from dataclasses import dataclass

SITE = "https://alphacephei.com/vosk/models"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model of the maker's, as a zip."""

    language: str
    name: str
    size: int
    "Of the zip, in bytes."
    sha256: str
    licence: str = "Apache-2.0"

    @property
    def url(self) -> str:
        return f"{SITE}/{self.name}.zip"


CATALOGUE = {
    model.language: model
    for model in (
        KnownModel(
            "en",
            "vosk-model-small-en-us-0.15",
            41_205_931,
            "30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498",
        ),
        KnownModel(
            "zh",
            "vosk-model-small-cn-0.22",
            43_898_754,
            "3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
        ),
    )
}
"By language, the small one of each."
