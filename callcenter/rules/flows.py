"""What flows play and ask."""

from callcenter.conduct.lookups import LookupOptions
from callcenter.configuration.settings import Settings
from ivr.speech.sounds import PIPER, PromptOptions


def prompt_options(settings: Settings) -> PromptOptions:
    return PromptOptions(
        own=settings.prompts_path,
        cache=settings.prompt_cache_path,
        voices={
            language: _voice(settings, voice) for language, voice in settings.speech.voices.items()
        },
        speed=settings.speech.speed,
        currency=settings.speech.currency,
        free_text_bytes=settings.speech.free_text_mb * 1_000_000,
    )


def _voice(settings: Settings, voice: str) -> str:
    """A voice file is named from the centre's folder."""
    file = voice.removeprefix(PIPER)
    return voice if file == voice else f"{PIPER}{settings.folder / file}"


def lookup_options(settings: Settings) -> LookupOptions:
    lookups = settings.lookups
    return LookupOptions(
        hosts=frozenset(lookups.hosts),
        headers={
            host: {name: value.get_secret_value() for name, value in headers.items()}
            for host, headers in lookups.headers.items()
        },
        at_once=lookups.at_once,
        max_bytes=lookups.max_bytes,
    )
