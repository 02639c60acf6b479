"""Offer and answer (RFC 3264) for one audio stream of G.711, G.722 or Opus with telephone events.

    peer's offer  ──▶ `answer`        ──▶ terms, our answer
    our own offer ──▶ peer's answer   ──▶ `accept` ──▶ terms

The one stream is the first media line that we can serve; all others are refused with port 0.
Payload types stay what they were within a dialog (section 8.3.2).
"""

from dataclasses import dataclass, field, replace

from telephony.media import browser_sdp, g722, opus
from telephony.media.browser_sdp import BrowserEnd, BrowserTerms
from telephony.media.crypto import SECURE, SECURE_PROTOS, Crypto, Suite, cryptos
from telephony.media.errors import SdpRejected
from telephony.media.g711 import FRAME_MS, Law
from telephony.media.ice import Credentials, our_credentials
from telephony.media.protocol import Srtp
from telephony.media.sdp import Attribute, Direction, Media, Origin, SessionDescription
from telephony.media.terms import (
    EVENTS,
    FAST_EVENTS,
    G711,
    NOT_ACCEPTABLE,
    SLOW_EVENTS,
    Keys,
    Terms,
    codecs_of,
    laws_of,
    read_terms,
    wide_of,
)

PLAIN = "RTP/AVP"
PLAIN_PROTOS = (PLAIN, "RTP/AVPF")
"With early feedback (RFC 4585), too."
DEFAULT_EVENT_TYPE = 101
_TYPES = {
    Law.PCMU.value: 0,
    Law.PCMA.value: 8,
    g722.NAME: g722.PAYLOAD_TYPE,
    opus.NAME: opus.PAYLOAD_TYPE,
}
"In our own offers."
_RTPMAPS = {codec: f"{codec}/8000" for codec in _TYPES} | {opus.NAME: opus.RTPMAP}
_FORMATS = {SLOW_EVENTS: "0-15", FAST_EVENTS: "0-15", opus.RTPMAP: opus.FORMAT}
"What a=fmtp says of them."


@dataclass(frozen=True, slots=True)
class _Protection:
    """What our media line says of how it is protected."""

    proto: str
    attributes: tuple[Attribute, ...] = ()
    mid: str = ""

    def of_session(self) -> tuple[Attribute, ...]:
        is_browsers = self.proto in browser_sdp.PROTOS
        return browser_sdp.session_attributes(self.mid) if is_browsers else ()


@dataclass(frozen=True, slots=True)
class _Reading:
    """By what a description of the peer's is read."""

    srtp: Srtp
    offered: Media | None = None
    "Our line, if it is an answer."


@dataclass(frozen=True, slots=True)
class LocalEnd:
    """What our descriptions say about us."""

    session_id: int
    version: int
    address: str
    port: int
    srtp_key: bytes = b""
    "Master key and salt of what we send, for all of the dialog; empty: SRTP is not served."
    browser: BrowserEnd | None = None
    "None: browsers are not served."


@dataclass(slots=True)
class Negotiation:
    """One leg's descriptions over the life of its dialog."""

    local: LocalEnd
    terms: Terms | None = None
    sent: SessionDescription | None = field(default=None)
    "Our last description."
    serves_g722: bool = False
    serves_opus: bool = False

    @property
    def _wide(self) -> list[str]:
        return [g722.NAME] * self.serves_g722 + [opus.NAME] * self.serves_opus

    @property
    def _served(self) -> frozenset[str]:
        return G711.union(self._wide)

    def answer(self, text: str, srtp: Srtp = Srtp.NEVER) -> str:
        """Our answer to the peer's offer; on `SdpRejected` everything stays as it was."""
        offer = SessionDescription.parse(text)
        reading = _Reading(srtp)
        index = self._served_line(offer, reading)
        terms = _as_chosen(self._read(offer, offer.media[index], reading))
        protection = self._protection(terms)
        ours = _audio_line(self.local.port, _chosen(terms), terms.direction.mirrored, protection)
        media = tuple(ours if i == index else _refused(line) for i, line in enumerate(offer.media))
        self.terms = terms
        return self._say(media, protection)

    def offer(
        self,
        prefer: str,
        srtp: Srtp = Srtp.NEVER,
        *,
        webrtc: bool = False,
        event_type: int = DEFAULT_EVENT_TYPE,
    ) -> str:
        """Our own offer, in the layout of what was said in the dialog before.

        `event_type`: payload type of digits; it and what protects the leg stay as they are within
        a dialog.
        """
        codecs = ["PCMA", "PCMU"] if prefer == Law.PCMA else ["PCMU", "PCMA"]
        # Offered only to go with the other leg's: every phone that took it for its own reasons
        # would have to be transcoded.
        wide = prefer if self.terms is None else self.terms.codec
        if wide in self._wide:
            codecs.insert(0, wide)
        formats = [*self._own_types(codecs), self._own_events(event_type)]
        protection = self._agreed_protection() or self._offered_protection(srtp, webrtc=webrtc)
        ours = _audio_line(self.local.port, formats, Direction.SENDRECV, protection)
        before = self.sent.media if self.sent is not None else (ours,)
        index = next((i for i, line in enumerate(before) if line.port), 0)
        media = tuple(ours if i == index else line for i, line in enumerate(before))
        return self._say(media, protection)

    def _own_types(self, codecs: list[str]) -> list[tuple[int, str]]:
        """A type that was given a meaning in the dialog keeps it."""
        agreed = {} if self.terms is None else {self.terms.codec: self.terms.payload_type}
        return [(agreed.get(codec, _TYPES[codec]), _RTPMAPS[codec]) for codec in codecs]

    def _own_events(self, event_type: int) -> tuple[int, str]:
        if self.terms is None or self.terms.event_type is None:
            return event_type, SLOW_EVENTS
        return self.terms.event_type, self.terms.events_rtpmap

    def accept(self, text: str) -> Terms:
        """The peer's answer to our last offer."""
        answer = SessionDescription.parse(text)
        ours = self._own_line()
        srtp = Srtp.NEVER if ours.find("crypto") is None else Srtp.OFFER
        reading = _Reading(srtp, ours)
        line = answer.media[self._served_line(answer, reading)]
        if line.proto != ours.proto:
            raise SdpRejected(f"{line.proto} in answer to {ours.proto}", NOT_ACCEPTABLE)
        terms = self._read(answer, line, reading)
        events = {pt for pt, meaning in ours.rtpmaps.items() if meaning.encoding == EVENTS}
        own = codecs_of(ours, self._served)
        self.terms = replace(
            terms,
            laws=laws_of(own) | terms.laws,
            wide_types=wide_of(own) | terms.wide_types,
            event_types=terms.event_types | events,
        )
        return self.terms

    def _own_line(self) -> Media:
        if self.sent is None:
            raise SdpRejected("an answer to an offer that was never made", 400)
        return next(line for line in self.sent.media if line.port)

    def _protection(self, terms: Terms) -> "_Protection":
        """What our answer says of it."""
        if terms.browser is not None:
            setup = terms.browser.role.value
            return self._browsers(terms.proto, terms.browser.ours, terms.browser.mid, setup)
        crypto = () if terms.keys is None else (terms.keys.ours.attribute(),)
        return _Protection(terms.proto, crypto)

    def _agreed_protection(self) -> "_Protection | None":
        if self.terms is None or self.terms.browser is None:
            return None if self.terms is None else self._protection(self.terms)
        browser = self.terms.browser
        return self._browsers(self.terms.proto, browser.ours, browser.mid, browser_sdp.ACTPASS)

    def _browsers(self, proto: str, ours: Credentials, mid: str, setup: str) -> "_Protection":
        local = self.local
        if local.browser is None:
            raise SdpRejected("browsers are not served here", NOT_ACCEPTABLE)
        attributes = browser_sdp.line_attributes(
            local.browser, ours, mid, setup, local.address, local.port
        )
        return _Protection(proto, tuple(attributes), mid)

    def _offered_protection(self, srtp: Srtp, *, webrtc: bool) -> "_Protection":
        """`OFFER` is plain RTP with a key (as widely done, though RFC 4568 has no such thing): a
        phone that does not know the attribute passes over it, and no second INVITE is needed."""
        if webrtc:
            ours = our_credentials(self.local.srtp_key, "")
            mid, proto = browser_sdp.OFFERED_MID, browser_sdp.OFFERED_PROTO
            return self._browsers(proto, ours, mid, browser_sdp.ACTPASS)
        if srtp is Srtp.REQUIRE and not self.local.srtp_key:
            raise SdpRejected("SRTP is not served here", NOT_ACCEPTABLE)
        if srtp is Srtp.NEVER or not self.local.srtp_key:
            return _Protection(PLAIN)
        proto = SECURE if srtp is Srtp.REQUIRE else PLAIN
        return _Protection(proto, (Crypto(1, Suite.HMAC_80, self.local.srtp_key).attribute(),))

    def _served_line(self, description: SessionDescription, reading: "_Reading") -> int:
        """The first audio line with a codec of ours, and with a key if it is SRTP."""
        for index, line in enumerate(description.media):
            if line.kind == "audio" and line.port and self._can_serve(description, line, reading):
                return index
        said = ", ".join(f"{line.kind} {line.port} {line.proto}" for line in description.media)
        raise SdpRejected(f"nothing that we serve in what is offered: {said[:120]}", NOT_ACCEPTABLE)

    def _can_serve(self, description: SessionDescription, line: Media, reading: "_Reading") -> bool:
        if not codecs_of(line, self._served):
            return False
        if line.proto in browser_sdp.PROTOS:
            return self._browser_terms(description, line, reading) is not None
        may_be_plain = line.proto in PLAIN_PROTOS and reading.srtp is not Srtp.REQUIRE
        return may_be_plain or self._keys(line, reading.srtp) is not None

    def _keys(self, line: Media, srtp: Srtp) -> Keys | None:
        may_be_asked_for = line.proto in PLAIN_PROTOS and srtp is not Srtp.NEVER
        is_asked_for = line.proto in SECURE_PROTOS or may_be_asked_for
        theirs = cryptos(line)
        if not (is_asked_for and theirs and self.local.srtp_key):
            return None
        # Both have the tag of what the offer said (RFC 4568 section 5.1.2).
        return Keys(replace(theirs[0], key=self.local.srtp_key), theirs[0])

    def _browser_terms(
        self, description: SessionDescription, line: Media, reading: "_Reading"
    ) -> BrowserTerms | None:
        end = self.local.browser
        if end is None:
            return None
        before = None if self.terms is None else self.terms.browser
        return browser_sdp.find_terms(description, line, end, before, reading.offered)

    def _read(self, description: SessionDescription, line: Media, reading: "_Reading") -> Terms:
        browser = None
        if line.proto in browser_sdp.PROTOS:
            browser = self._browser_terms(description, line, reading)
        keys = self._keys(line, reading.srtp)
        return read_terms(description, line, self._served, keys, browser)

    def _say(self, media: tuple[Media, ...], protection: _Protection) -> str:
        """The version rises by one exactly when something changed (section 8)."""
        local = self.local
        origin = Origin(str(local.session_id), str(local.version), local.address)
        said = SessionDescription(origin, media, local.address, attributes=protection.of_session())
        if self.sent is not None and said != self.sent:
            self.local = replace(local, version=local.version + 1)
            said = said.with_version(self.local.version)
        self.sent = said
        return str(said)


def _as_chosen(terms: Terms) -> Terms:
    """Of the wide codecs that were offered none comes but the one that we answer."""
    wide = {pt: codec for pt, codec in terms.wide_types.items() if pt == terms.payload_type}
    return replace(terms, wide_types=wide)


def _chosen(terms: Terms) -> list[tuple[int, str]]:
    """One codec, so that the peer cannot change it in mid-stream, and the digits."""
    formats = [(terms.payload_type, _RTPMAPS[terms.codec])]
    if terms.event_type is not None:
        formats.append((terms.event_type, terms.events_rtpmap))
    return formats


def _audio_line(
    port: int, formats: list[tuple[int, str]], direction: Direction, protection: _Protection
) -> Media:
    attributes = list(protection.attributes)
    for payload_type, rtpmap in formats:
        attributes.append(Attribute("rtpmap", f"{payload_type} {rtpmap}"))
        if rtpmap in _FORMATS:
            attributes.append(Attribute("fmtp", f"{payload_type} {_FORMATS[rtpmap]}"))
    attributes += [Attribute("ptime", str(FRAME_MS)), Attribute(direction.value)]
    return Media(
        kind="audio",
        port=port,
        proto=protection.proto,
        formats=tuple(str(payload_type) for payload_type, _ in formats),
        attributes=tuple(attributes),
    )


def _refused(line: Media) -> Media:
    # Browsers know their lines by this name, those that are refused too.
    mid = tuple(each for each in line.attributes if each.name == "mid")
    return replace(line, port=0, connection=None, attributes=mid)
