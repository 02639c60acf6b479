"""Words in both of the house's languages, as screens show them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    en: str
    zh: str

    def of(self, language: str) -> str:
        return self.zh if language == "zh" else self.en
