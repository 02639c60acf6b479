"""The journal's codec for all events of the house."""

from callcenter.conductor import JOURNALED
from foundation.journal import EventCodec

CODEC = EventCodec(JOURNALED)
