"""Names of things that live longer than one object: typed, opaque, never reused.

An id never changes when the thing is renamed, and never contains a phone number or a person's
name: ids go into the journal, and the journal is never erased.
"""

import secrets
from typing import NewType

CallId = NewType("CallId", str)
"A contact from the caller's INVITE to its end, `c-…`; survives transfers."
LegId = NewType("LegId", str)
"One SIP dialog and its RTP session, `l-…`."
OfferId = NewType("OfferId", str)
"One call offered to one agent once, `o-…`."
AgentId = NewType("AgentId", str)
"Chosen by the administrator, also the user part of the agent's SIP address."
PhoneId = NewType("PhoneId", str)
"An account that a phone registers with: an agent's id, or one of the configuration's `phones`."
QueueId = NewType("QueueId", str)
"Chosen by the administrator."
PartyId = NewType("PartyId", str)
"Somebody who calls; the number behind it is in the erasable party table, `p-…`."
CallbackId = NewType("CallbackId", str)
"One promise to call somebody back, `b-…`; the calls that keep it have ids of their own."
RecordingId = NewType("RecordingId", str)
"One talk's stereo file, `r-…`; a caller's message, `vm-…`."
AlarmId = NewType("AlarmId", str)
"One alarm from its raising to its end, `al-…`."
TvLinkId = NewType("TvLinkId", str)
"One read-only link to a board, `tv-…`; not the secret in it."
TaskId = NewType("TaskId", str)
"Something that people have to do about a call, `t-…` and what it is about."


def _new(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(6)}"


def new_call_id() -> CallId:
    return CallId(_new("c"))


def new_leg_id() -> LegId:
    return LegId(_new("l"))


def new_callback_id() -> CallbackId:
    return CallbackId(_new("b"))


def new_party_id() -> PartyId:
    return PartyId(_new("p"))


def new_recording_id() -> RecordingId:
    return RecordingId(_new("r"))


def new_message_id() -> RecordingId:
    return RecordingId(_new("vm"))


def new_heard_id() -> str:
    """Of what a caller has answered to a flow."""
    return _new("h")


def new_offer_id() -> OfferId:
    return OfferId(_new("o"))


def new_alarm_id() -> AlarmId:
    return AlarmId(_new("al"))


def new_tv_link_id() -> TvLinkId:
    return TvLinkId(_new("tv"))
