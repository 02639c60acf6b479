"""What a leg's phone is sent, and in what what it sends comes: its law, its wide codec, the gain.

Everything between is G.711; G.722 and Opus are made of it, or become it, where two legs differ.
"""

from telephony.media.agreeing.terms import Terms
from telephony.media.sound import g722, opus
from telephony.media.sound.g711 import CONVERT, Law, amplified

_CODERS: dict[str, type[g722.Coder] | type[opus.Coder]] = {
    g722.NAME: g722.Coder,
    opus.NAME: opus.Coder,
}


class Coding:
    """One leg's. A codec that stays goes on with its state when new terms are agreed on."""

    __slots__ = ("coder", "law", "wide")

    def __init__(self) -> None:
        self.law = Law.PCMU
        "Of what the phone is sent; of a wide codec, what that is made of."
        self.wide = ""
        "G.722 or Opus when that is what the phone is sent."
        self.coder: g722.Coder | opus.Coder | None = None

    def agreed(self, terms: Terms) -> None:
        self.law = terms.law
        self.wide = terms.codec if terms.codec in terms.wide_types.values() else ""
        # Of what may come beside G.711 when that is what the phone is sent.
        kind = _CODERS.get(self.wide or next(iter(terms.wide_types.values()), ""))
        if kind is not None and not isinstance(self.coder, kind):
            self.coder = kind()

    def law_passed_on(self, gain_db: float) -> Law | None:
        """The law of which packets need nothing done to them."""
        return None if gain_db or self.wide else self.law

    def passes_on(self, codec: str, gain_db: float) -> bool:
        """Packets of this wide codec go to the phone as they are."""
        return codec == self.wide and not gain_db

    def table(self, law: Law, gain_db: float) -> bytes | None:
        """What makes codes of `law` the phone's; None: they are."""
        if gain_db:
            return amplified(law, self.law, gain_db)
        return None if law is self.law else CONVERT[law, self.law]

    def sent(self, codes: bytes) -> bytes:
        """Codes of `law` as the phone takes them."""
        if self.wide and self.coder is not None:
            return self.coder.from_ulaw(codes)
        return codes
