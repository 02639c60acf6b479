"""The errors of the media plane; the tree's root is drawn in `foundation.errors`."""

from foundation.errors import CallCentreError, RemoteError, ResourceError


class SdpRejected(RemoteError):
    """A session description that cannot be read (400) or that we cannot serve (488)."""

    def __init__(self, sentence: str, sip_status: int = 400) -> None:
        super().__init__(sentence)
        self.sip_status = sip_status


class RtpMalformed(RemoteError):
    """A datagram on an RTP port that is not RTP version 2."""


class RtcpMalformed(RemoteError):
    """A datagram on an RTCP port that is not a compound packet of RFC 3550."""


class UnknownLeg(RemoteError):
    """A verb named a leg that has no session here."""

    sip_status = 481


class UnknownTap(RemoteError):
    """A verb named a tap that does not run here."""

    sip_status = 481


class VerbRefused(RemoteError):
    """A verb that cannot be done as it stands: digits that are none, a peer that takes none."""

    sip_status = 488


class PromptUnusable(CallCentreError):
    """A file to be played is missing, or is not 8 kHz mono 16-bit PCM."""


class NoRtpPort(ResourceError):
    """All RTP ports of the range are in use, draining or taken by other programs."""


class MediaRefused(CallCentreError):
    """A worker answered `Failed`; `sip_status` is what the cause deserves."""

    def __init__(self, sentence: str, sip_status: int) -> None:
        super().__init__(sentence)
        self.sip_status = sip_status
