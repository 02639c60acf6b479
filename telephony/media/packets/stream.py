"""What one leg is sent: a single RTP stream, whoever speaks on it.

Prompts, digits and the packets of the connected leg take turns. The phone must see one source
throughout (same SSRC, sequence numbers without holes, timestamps that rise, a marker at each
turn), otherwise its jitter buffer drops what it takes for late packets.

Relayed packets keep the distances that their sender gave them, by an offset fixed at each turn, so
that loss and order on the way to us stay visible to the phone.
"""

from telephony.media.packets.rtp import HEADER, PLAIN, RTP_TS_MASK

RESTART_SEQ_STEP = 100
"After a restart we may have sent more than the clock says: skip ahead rather than repeat."
_FAR = 3000
"A larger step of sequence numbers is a sender that started anew."
_BACK = 0x8000
_MOST_BACK_SAMPLES = 80_000
"10 s: packets of a long key press carry its beginning; further back the clock was set anew."
_TOO_FAR_BACK = 0x80000000 - _MOST_BACK_SAMPLES
_OWN = -1
"No SSRC: our own clock is feeding the stream."
_NOBODY = -2


class OutStream:
    """Numbers the packets of one leg; returns headers, the caller appends payloads."""

    __slots__ = (
        "_feeder",
        "_last_at",
        "_last_samples",
        "_relayed_seq",
        "_relayed_ts",
        "_seq_offset",
        "_ts_offset",
        "first_index",
        "last_seq",
        "last_ts",
        "octets",
        "packets",
        "restarted",
        "ssrc",
    )

    def __init__(self, ssrc: int, now: float, *, restarted: bool, began_at: float = 0.0) -> None:
        """Numbers begin at what the steady clock says, so a restarted worker goes on near them.

        `began_at` is when the stream began before a restart; 0: not known.
        """
        self.ssrc = ssrc
        self.restarted = restarted
        self.packets = 0
        self.octets = 0
        scatter = ssrc * 0x9E3779B1
        self.last_seq = (int(now * 50) + scatter + RESTART_SEQ_STEP * restarted) & 0xFFFF
        self.last_ts = (int(now * 8000) + scatter) & RTP_TS_MASK
        self.first_index = self.last_seq
        """With the times that the numbers wrapped before a restart, 65536 each; right as long as
        fewer than 32768 packets more or less were sent than one each 20 ms."""
        if restarted and began_at:
            first_seq = (int(began_at * 50) + scatter) & 0xFFFF
            passed = int(now * 50) - int(began_at * 50) + RESTART_SEQ_STEP
            self.first_index = first_seq + passed
        self._last_at = now
        self._last_samples = 0
        self._feeder = _NOBODY
        self._relayed_seq = 0
        self._relayed_ts = 0
        self._seq_offset = 0
        self._ts_offset = 0

    def pause(self) -> None:
        """Whoever speaks next takes a new turn."""
        self._feeder = _NOBODY

    def own_frame(self, payload_type: int, samples: int, now: float) -> bytes:
        """The header of the next frame of our own clock."""
        marker = 0
        if self._feeder != _OWN:
            self._feeder = _OWN
            marker = 0x80
            rtp_ts = self._turn_ts(now)
        else:
            rtp_ts = (self.last_ts + self._last_samples) & RTP_TS_MASK
        return self._next(payload_type | marker, rtp_ts, samples, now)

    def own_event(self, payload_type: int, *, first: bool, now: float) -> bytes:
        """The header of an event packet; all of one key press share the first one's timestamp."""
        self._feeder = _NOBODY  # audio that follows is a new turn, later than the key press
        if first:
            return self._next(payload_type | 0x80, self._turn_ts(now), 0, now)
        return self._next(payload_type, self.last_ts, 0, self._last_at)

    def relayed(
        self, kind: int, seq: int, rtp_ts: int, ssrc: int, samples: int, now: float
    ) -> bytes:
        """The header for a packet of the source `ssrc`; `kind` is our payload type and marker."""
        step = (seq - self._relayed_seq) & 0xFFFF
        if (
            ssrc != self._feeder
            or _FAR < step < 0x10000 - _FAR
            # signed_ts, written out: less than -_MOST_BACK_SAMPLES.
            or (rtp_ts - self._relayed_ts + 0x80000000) & RTP_TS_MASK < _TOO_FAR_BACK
        ):
            self._take_turn(seq, rtp_ts, ssrc, now)
            self._relayed_ts = rtp_ts
            kind |= 0x80
            step = 1
        out_seq = (seq + self._seq_offset) & 0xFFFF
        out_ts = (rtp_ts + self._ts_offset) & RTP_TS_MASK
        if step < _BACK:
            self._relayed_seq = seq
            self.last_seq = out_seq
            if samples:  # a key press keeps the time of its beginning, audio may go on meanwhile
                self._relayed_ts = rtp_ts
                self.last_ts = out_ts
                self._last_samples = samples
                self._last_at = now
        self.packets += 1
        self.octets += samples
        return HEADER.pack(PLAIN, kind, out_seq, out_ts, self.ssrc)

    def offsets_after(self, ssrc: int, seq: int, rtp_ts: int) -> tuple[int, int] | None:
        """Of numbers and timestamps, as long as packets follow this one, the newest of its turn.

        None: it is not the newest.
        """
        if (ssrc, seq, rtp_ts) != (self._feeder, self._relayed_seq, self._relayed_ts):
            return None
        return self._seq_offset, self._ts_offset

    def ran_on(self, count: int, samples: int, now: float) -> None:
        """So many packets of the same length were passed on by `offsets_after`."""
        self._relayed_seq = (self._relayed_seq + count) & 0xFFFF
        self._relayed_ts = (self._relayed_ts + count * samples) & RTP_TS_MASK
        self.last_seq = (self._relayed_seq + self._seq_offset) & 0xFFFF
        self.last_ts = (self._relayed_ts + self._ts_offset) & RTP_TS_MASK
        self._last_samples = samples
        self._last_at = now
        self.packets += count
        self.octets += count * samples

    def leave_out(self, seq: int, ssrc: int) -> None:
        """A packet of the relayed source is not passed on: close the hole that it would leave."""
        if ssrc == self._feeder and (seq - self._relayed_seq) & 0xFFFF == 1:
            self._relayed_seq = seq
            self._seq_offset -= 1

    def ts_at(self, now: float) -> int:
        """The stream's clock at this moment, for sender reports."""
        return (self.last_ts + round((now - self._last_at) * 8000)) & RTP_TS_MASK

    def _take_turn(self, seq: int, rtp_ts: int, ssrc: int, now: float) -> None:
        self._feeder = ssrc
        self._seq_offset = self.last_seq + 1 - seq
        self._ts_offset = self._turn_ts(now) - rtp_ts

    def _turn_ts(self, now: float) -> int:
        """As much later than the last packet as time has passed, at least its own length."""
        passed = max(self._last_samples, round((now - self._last_at) * 8000))
        return (self.last_ts + passed) & RTP_TS_MASK

    def _next(self, kind: int, rtp_ts: int, samples: int, now: float) -> bytes:
        self.last_seq = (self.last_seq + 1) & 0xFFFF
        self.last_ts = rtp_ts
        self._last_samples = samples
        self._last_at = now
        self.packets += 1
        self.octets += samples
        return HEADER.pack(PLAIN, kind, self.last_seq, rtp_ts, self.ssrc)
