"""Brings rtpengine and our own plane to what the routes of a call's legs want, and no further.

Everything here may be repeated: what was told already is kept with the legs and ears, and only what
differs is told. A call of ours is one call of rtpengine's; each leg is a tag in it and is paired,
by an offer and an answer, with another leg, with our own plane, or with a house side that nobody
reads. Its port towards the phone stays the same all along ('port-latching').
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from foundation.errors import CallCentreError, Unavailable
from telephony.media import protocol as p
from telephony.media.errors import MediaRefused
from telephony.media.rtpengine.description import Format, described, end_of
from telephony.media.rtpengine.legs import Led, Leg, Pairing
from telephony.media.rtpengine.ng import Command, Reply
from telephony.media.rtpengine.routes import Route, Way, routes
from telephony.media.rtpengine.works import Work

ENDLESS = 1_000_000
"Repetitions of music; the longest call hears none of them a second time round."
LEAD = "silence:100"
"""Before a prompt. The file before it was sent some packets ahead of the clock, and rtpengine gives
the first ones of the next file the same times again: phones drop them as doubled (10.5.3)."""
_PAIRED = {"flags": ["port-latching"], "ICE": "remove"}

Inner = Callable[[p.Request], p.Done | p.Failed]
"Our own plane, which answers at once."


class RtpengineRefused(CallCentreError):
    """rtpengine answered a command with an error."""


class CallUnknown(RtpengineRefused):
    """rtpengine does not know the call: it was started again, or has dropped it."""


class Jukebox(Protocol):
    """Makes one file of what is to be played."""

    def file(self, items: list[str]) -> tuple[str, float]:
        """Its path and its length in seconds; raises `PromptUnusable`."""


@dataclass(slots=True)
class Call:
    """The legs of one call, and what is done with them together."""

    name: str
    legs: dict[str, Leg]
    ears: dict[str, tuple[Format, ...]]
    "Legs that are copied into our own plane, with the formats of the copy."
    taps: dict[str, p.Tap]
    hidden_ears: dict[str, p.Hidden] = field(default_factory=dict)
    "What is hidden of the copies."

    def wanted_ears(self) -> set[str]:
        """Legs whose audio is recorded, mixed or streamed for somebody, or searched for digits."""
        wanted = {leg for tap in self.taps.values() for leg in (tap.left, tap.right, *tap.beside)}
        for leg in self.legs.values():
            wanted |= {source.leg for source in leg.hears}
            if leg.is_searched or leg.listened:
                wanted.add(leg.leg)
        return wanted & self.legs.keys()


class Wiring:
    """Speaks to rtpengine by yielding commands, and to our own plane directly."""

    def __init__(
        self, inner: Inner, jukebox: Jukebox, prefix: str, house: tuple[str, int], address: str
    ) -> None:
        """`house`: where packets for nobody go; `address`: of our own plane's ports."""
        self._inner = inner
        self._jukebox = jukebox
        self._prefix = prefix
        self._house = house
        self._address = address

    def settle(self, call: Call, now: Callable[[], float]) -> Work[None]:
        """After this everybody hears what core wants; `now` goes on while replies are awaited."""
        wanted = routes(call.legs, now())
        yield from self._settle_legs(call, wanted, now)
        if (again := routes(call.legs, now())) != wanted:  # there is a file that it can't play
            wanted = again
            yield from self._settle_legs(call, wanted, now)
        yield from self._put_on_ears(call)
        self._lead(call, wanted)
        yield from self._take_off_ears(call)

    def ask(self, call: str, verb: str, **parameters: object) -> Work[Reply]:
        """One command; raises when it is not done."""
        reply = yield from self._try(call, verb, **parameters)
        if not reply.is_done:
            raise RtpengineRefused(f"rtpengine refused {verb!r}: {reply.fault}")
        return reply

    def _try(self, call: str, verb: str, **parameters: object) -> Work[Reply]:
        """One command that may be refused."""
        reply = yield self.command(call, verb, **parameters)
        if reply.is_unanswered:
            raise Unavailable("rtpengine does not answer")
        if reply.is_unknown_call:
            raise CallUnknown(f"rtpengine does not know the call {call} any more")
        return reply

    def command(self, call: str, verb: str, **parameters: object) -> Command:
        named = {name.replace("_", "-"): value for name, value in parameters.items()}
        return Command(verb, self._prefix + call, named)  # type: ignore[arg-type]

    # -- pairs ------------------------------------------------------------------------------------

    def open(self, leg: Leg) -> Work[tuple[str, int]]:
        """Make the leg known to rtpengine; gives address and port for its phone."""
        return (yield from self._pair_with_house(leg))

    def _settle_legs(
        self, call: Call, wanted: Mapping[str, Route], now: Callable[[], float]
    ) -> Work[None]:
        for name, route in wanted.items():
            yield from self._settle_leg(call, call.legs[name], route, now)

    def _settle_leg(
        self, call: Call, leg: Leg, route: Route, now: Callable[[], float]
    ) -> Work[None]:
        if leg.playing is not None and leg.playing.is_begun and route.way is not Way.ALONE:
            yield from self._stop_playing(leg)
        match route.way:
            case Way.ALONE:
                yield from self._settle_alone(leg, now)
            case Way.DIRECT:
                yield from self._pair_with_leg(leg, call.legs[route.other])
            case Way.LED:
                yield from self._pair_with_own_plane(leg)
        if route.way is not Way.LED and leg.led is not None:
            leg.led = None
            self._inner(p.Release(rid=0, leg=leg.led_name))

    def _settle_alone(self, leg: Leg, now: Callable[[], float]) -> Work[None]:
        pairing = Pairing(leg.house_tag, leg.described, self._house_side(leg))
        if leg.pairing != pairing:
            yield from self._pair_with_house(leg)
        if leg.playing is not None and not leg.playing.is_begun:
            yield from self._begin_playing(leg, now)

    def _pair_with_house(self, leg: Leg) -> Work[tuple[str, int]]:
        house = self._house_side(leg)
        _, theirs = yield from self._pair(leg, leg.house_tag, house)
        return end_of(theirs)

    def _house_side(self, leg: Leg) -> str:
        return described(*self._house, leg.formats)

    def _pair_with_leg(self, leg: Leg, other: Leg) -> Work[None]:
        pairing = Pairing(other.leg, leg.described, other.described)
        if leg.pairing == pairing:
            return
        codecs = _to_be_transcoded(leg, other)
        theirs, _ = yield from self._pair(leg, other.leg, pairing.others, codecs)
        _check_port(other, theirs)
        other.pairing = Pairing(leg.leg, pairing.others, pairing.own)

    def _pair_with_own_plane(self, leg: Leg) -> Work[None]:
        is_new = leg.led is None
        if not is_new and leg.pairing is not None and leg.pairing.own == leg.described:
            return
        offer = p.Offer(rid=0, leg=leg.led_name, call=leg.call, prefer=leg.codec)
        done = self._own(offer)
        ours = described(self._address, done.port, leg.formats)
        towards_us, _ = yield from self._pair(leg, leg.led_name, ours)
        self._own(p.Answer(rid=0, leg=leg.led_name, sdp=towards_us))
        leg.led = leg.led or Led()

    def _pair(
        self, leg: Leg, tag: str, others: str, codecs: Sequence[str] = ()
    ) -> Work[tuple[str, str]]:
        """Offer and answer; gives rtpengine's side towards `tag`, and the one towards the leg."""
        own = leg.described
        tags = {"from_tag": leg.leg, "to_tag": tag}
        more = {"codec": {"transcode": codecs}} if codecs else {}
        leg.pairing = None
        offered = yield from self.ask(leg.call, "offer", **tags, **_PAIRED, **more, sdp=own)
        answered = yield from self.ask(leg.call, "answer", **tags, **_PAIRED, sdp=others)
        _check_port(leg, answered.text("sdp"))
        leg.pairing = Pairing(tag, own, others)
        return offered.text("sdp"), answered.text("sdp")

    # -- playing ----------------------------------------------------------------------------------

    def _begin_playing(self, leg: Leg, now: Callable[[], float]) -> Work[None]:
        playing = leg.playing
        if playing is None:
            return
        play = playing.play
        file, length_s = self._jukebox.file(play.items if play.loop else [LEAD, *play.items])
        times = ENDLESS if play.loop else 1
        reply = yield from self._try(
            leg.call, "play media", from_tag=leg.leg, file=file, repeat_times=times
        )
        if not reply.is_done:
            playing.is_refused = True
            return
        playing.is_begun = True
        playing.ends_at = None if play.loop else now() + length_s

    def _stop_playing(self, leg: Leg) -> Work[None]:
        if leg.playing is not None:
            leg.playing.is_begun, leg.playing.ends_at = False, None
        yield from self.silence(leg)

    def silence(self, leg: Leg) -> Work[None]:
        """Whatever rtpengine plays to the leg."""
        yield self.command(leg.call, "stop media", from_tag=leg.leg)

    # -- our own plane ----------------------------------------------------------------------------

    def _lead(self, call: Call, wanted: Mapping[str, Route]) -> None:
        led = [leg for leg in call.legs.values() if leg.led is not None]
        for leg in led:
            before = leg.led
            leg.led = wants = _wants(leg, call.legs, wanted)
            if before is not None and before != wants:
                self._tell_led(leg, before, wants)

    def _tell_led(self, leg: Leg, before: Led, wants: Led) -> None:
        name = leg.led_name
        if before.connected and not wants.connected:
            self._inner(p.Disconnect(rid=0, leg=name))
            before = replace(before, sources=())  # they went with it
        elif before.connected != wants.connected:
            self._own(p.Connect(rid=0, a=name, b=wants.connected))
        if before.gain != wants.gain:
            spoken_db, heard_db = wants.gain
            self._own(p.Gain(rid=0, leg=name, spoken_db=spoken_db, heard_db=heard_db))
        if before.sources != wants.sources:
            self._own(p.Hear(rid=0, leg=name, sources=list(wants.sources)))
        if before.is_held != wants.is_held:
            self._own(p.Hold(rid=0, leg=name, on=wants.is_held))
        if before.hidden != wants.hidden:
            self._own(p.Hide(rid=0, leg=name, what=wants.hidden))
        if before.play_id != wants.play_id:
            self._play(leg, wants)

    def _play(self, leg: Leg, wants: Led) -> None:
        if leg.playing is None or not wants.play_id:
            self._own(p.Stop(rid=0, leg=leg.led_name))
        else:
            play = leg.playing.play
            self._own(
                p.Play(
                    rid=0,
                    leg=leg.led_name,
                    play_id=play.play_id,
                    items=play.items,
                    loop=play.loop,
                )
            )

    def _own(self, request: p.Request) -> p.Done:
        reply = self._inner(request)
        if isinstance(reply, p.Failed):
            raise MediaRefused(reply.sentence, reply.status)
        return reply

    # -- ears -------------------------------------------------------------------------------------

    def _put_on_ears(self, call: Call) -> Work[None]:
        for name in sorted(call.wanted_ears()):
            leg = call.legs[name]
            if name in call.ears and call.ears[name] != leg.formats:
                yield from self.deafen(leg)  # the same session goes on in the other codec
                del call.ears[name]
            if name not in call.ears:
                yield from self._put_on_ear(leg)
                call.ears[name] = leg.formats
            if call.hidden_ears.get(name, p.Hidden.NOTHING) is not leg.hidden:
                self._own(p.Hide(rid=0, leg=leg.ear_name, what=leg.hidden))
                call.hidden_ears[name] = leg.hidden

    def _put_on_ear(self, leg: Leg) -> Work[None]:
        tags = {"from_tag": leg.leg, "to_tag": leg.ear_name}
        offered = yield from self.ask(leg.call, "subscribe request", **tags)
        done = self._own(
            p.Offer(
                rid=0,
                leg=leg.ear_name,
                call=leg.call,
                sdp=offered.text("sdp"),
                inband_dtmf=leg.inband_dtmf,
            )
        )
        yield from self.ask(leg.call, "subscribe answer", **tags, sdp=done.sdp)

    def _take_off_ears(self, call: Call) -> Work[None]:
        for name in sorted(call.ears.keys() - call.wanted_ears()):
            del call.ears[name]
            if name in call.legs:
                yield from self.deafen(call.legs[name])
            self._inner(p.Release(rid=0, leg=f"{name}~e"))
            call.hidden_ears.pop(name, None)

    def deafen(self, leg: Leg) -> Work[None]:
        """End the copy of what the leg says, if there is one."""
        yield self.command(leg.call, "unsubscribe", to_tag=leg.ear_name)


def _to_be_transcoded(leg: Leg, other: Leg) -> list[str]:
    """What rtpengine must be told to offer to the other.

    When codec and digits both differ it finds by itself that nothing fits; told to transcode, it
    would then pass the digits on under the wrong payload type. Tried with 10.5.3, all pairs.
    """
    differ = leg.codec != other.codec and leg.event_type == other.event_type
    return [other.codec] if differ else []


def _check_port(leg: Leg, sdp: str) -> None:
    """An offer makes a call that rtpengine has lost anew, with other ports than phones know."""
    known = leg.negotiation.local.port
    if known and end_of(sdp)[1] != known:
        raise CallUnknown(f"rtpengine has lost the port {known} of the leg {leg.leg}")


def _wants(leg: Leg, legs: Mapping[str, Leg], wanted: Mapping[str, Route]) -> Led:
    other = legs.get(leg.connected)
    is_other_led = other is not None and wanted[other.leg].way is Way.LED
    sources = tuple(
        p.Source(leg=legs[source.leg].ear_name, gain_db=source.gain_db + legs[source.leg].spoken_db)
        for source in leg.hears
        if source.leg in legs
    )
    return Led(
        connected=other.led_name if other is not None and is_other_led else "",
        sources=sources,
        gain=(leg.spoken_db, leg.heard_db),
        is_held=not leg.listens,
        play_id=leg.playing.play.play_id if leg.playing is not None else "",
        hidden=leg.hidden,
    )
