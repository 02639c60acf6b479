"""What the media processes go by, ours or rtpengine's."""

import os
from ipaddress import ip_address

import msgspec

from callcenter.configuration.settings import Settings
from callcenter.places import Places
from telephony.calls.leg_media import LegMedia, MediaBook
from telephony.media.options import WorkerOptions
from telephony.media.protocol import Srtp
from telephony.media.rtpengine.options import DriverOptions


def media_book(settings: Settings) -> MediaBook:
    """Who is spoken with by SRTP, and whose keys are listened for in the audio."""
    return MediaBook(
        phones={
            phone.id: LegMedia(srtp=Srtp(phone.srtp), webrtc=phone.webrtc)
            for phone in (*settings.agents, *settings.phones)
        },
        trunks={
            trunk.name: LegMedia(srtp=Srtp(trunk.srtp), inband_dtmf=trunk.inband_dtmf)
            for trunk in settings.trunks
        },
        lines={line.number: LegMedia(inband_dtmf=line.inband_dtmf) for line in settings.lines},
    )


def worker_options(settings: Settings, number: int, workers: int, socket: str) -> WorkerOptions:
    """Each worker has an even share of the ports."""
    first, last = settings.media.ports
    pairs = (last - first + 1) // 2
    share = pairs // workers * 2
    limits = settings.media.limits
    return WorkerOptions(
        socket=socket,
        address=settings.media.address,
        ports=(first + number * share, first + (number + 1) * share - 1),
        codecs=(
            "PCMU",
            "PCMA",
            *["G722"] * settings.media.g722,
            *["OPUS"] * settings.media.opus,
        ),
        identity=str(settings.data_path / "media.pem"),
        max_legs=limits.legs,
        busy_limit=limits.busy,
        media_lost_s=limits.lost_after_s,
        loop=settings.media.loop,
        library_folder=str(Places(settings.data_path).libraries),
        preload=[str(settings.prompt_cache_path)],
    )


def driver_options(settings: Settings, socket: str) -> DriverOptions:
    """One driver for one rtpengine, with all of our ports."""
    media = settings.media
    is_near = ip_address(media.rtpengine.host).is_loopback
    worker = msgspec.structs.replace(
        worker_options(settings, 0, 1, socket),
        address=media.rtpengine.host if is_near else media.address,
        codecs=("PCMU", "PCMA"),
    )
    return DriverOptions(
        worker=worker,
        ng=(media.rtpengine.host, media.rtpengine.port),
        digits=(media.rtpengine_digits.host, media.rtpengine_digits.port),
        prefix=f"{settings.sip.domain}-",
        scratch=str(settings.data_path / "cache" / "rtpengine"),
    )


def media_workers(settings: Settings) -> int:
    """One less than the cores, so that core has one, and at least one; one driver of rtpengine."""
    if settings.media.driver == "rtpengine":
        return 1
    return settings.media.workers or max(1, (os.cpu_count() or 2) - 1)
