"""What the state of a talk allows: each raises `Conflict` with a sentence, or passes."""

from callcenter.conduct.contact import Contact, Guest, Stage
from foundation.errors import Conflict
from telephony.calls.events import GuestWay


def check_talk(contact: Contact) -> None:
    if contact.stage is not Stage.TALKING or contact.agent_id is None or not contact.queue:
        raise Conflict(f"No agent talks in the call {contact.call_id!r} now.")


def check_invite(contact: Contact) -> None:
    check_talk(contact)
    if contact.guest is not None:
        raise Conflict("There is a guest in this talk already; take the caller back first.")
    if contact.card is not None:
        raise Conflict("Card digits are being taken; cancel that first.")


def check_no_guest(contact: Contact) -> None:
    if contact.guest is not None:
        raise Conflict("There is a guest in this talk.")


def check_hold(contact: Contact) -> None:
    check_talk(contact)
    if contact.guest is not None:
        raise Conflict("The caller cannot be held while a guest is in the talk.")
    if contact.is_held:
        raise Conflict("The caller is on hold already.")


def check_resume(contact: Contact) -> None:
    check_talk(contact)
    if not contact.is_held:
        raise Conflict("The caller is not on hold.")


def check_complete(contact: Contact) -> None:
    guest = get_guest(contact)
    if guest.way is GuestWay.TRANSFER:
        raise Conflict("The caller is being transferred already.")


def check_conference(contact: Contact) -> None:
    check_complete(contact)
    guest = get_guest(contact)
    if not guest.has_joined:
        raise Conflict("The guest has not picked up yet.")
    if guest.in_conference:
        raise Conflict("All three talk already.")


def check_take_back(contact: Contact) -> None:
    get_guest(contact)


def get_guest(contact: Contact) -> Guest:
    check_talk(contact)
    if contact.guest is None:
        raise Conflict(f"There is no guest in the call {contact.call_id!r} now.")
    return contact.guest
