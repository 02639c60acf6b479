"""What a phone's answer to an offer means to the floor."""

from acd.events import OfferFailure


def failure_of(status: int) -> OfferFailure:
    """An agent's phone that says busy or no has declined; anything else was out of reach.

    One that redirects the call (3xx) has declined too: we never follow, it could lead anywhere.
    """
    declined = 300 <= status < 400 or status in (480, 486, 600, 603)
    return OfferFailure.DECLINED if declined else OfferFailure.UNREACHABLE
