"""The phone of a supervisor who listens to a talk (`monitor`)."""

from foundation.ids import CallId, LegId, PhoneId
from telephony.calls.effects import DialSupervisor, Effect, Purpose, Tell
from telephony.calls.events import MonitorMode, MonitorStarted, Side
from telephony.calls.options import CallOptions
from telephony.calls.rung_leg import RungLeg
from telephony.media import protocol as media


class SupervisorLeg(RungLeg):
    """One phone at one talk."""

    prepare_purpose = Purpose.PREPARE_SUPERVISOR
    answer_purpose = Purpose.ANSWER_SUPERVISOR

    def __init__(
        self,
        call_id: CallId,
        leg_id: LegId,
        phone: PhoneId,
        by: str,
        mode: MonitorMode,
        options: CallOptions,
    ) -> None:
        # Neither caller nor agent; like the agent he is of the house, and rung by us.
        spoken = options.media.of_phone(phone)
        super().__init__(call_id, leg_id, Side.AGENT, options, offerless=False, media=spoken)
        self.phone = phone
        self.by = by
        self.mode = mode

    @property
    def speaks(self) -> bool:
        """Somebody is to hear it."""
        return self.is_up and not self.holding and self.mode is not MonitorMode.LISTEN

    def dial(self) -> list[Effect]:
        return [DialSupervisor(self.leg_id, self.phone, self.our_sdp)]

    def on_connectable(self, done: media.Done) -> list[Effect]:
        told = MonitorStarted(self.call_id, self.phone, self.by, self.mode)
        return [*self.connectable(done), Tell(told)]

    def on_ack(self, sdp: bytes) -> list[Effect]:
        """Of a re-INVITE without SDP: our offer's answer."""
        if not self.offerless or not sdp:
            return []
        self.offerless = False
        return [self.ask_answer(Purpose.REOFFER_ANSWER, sdp)]
