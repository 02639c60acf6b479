"""rtpengine as media plane: our verbs on core's side, its ng protocol on the other.

    core ══ media protocol ══▶ driver ── ng (bencode over UDP) ──▶ rtpengine ══ RTP ══▶ phones
                                  ◀── digits (JSON over UDP) ──────────┘
                                  ◀── copies of what legs say, and legs that hear several (RTP)

Relay, prompts and digits are rtpengine's; recordings and whatever is mixed are done by a media
plane of our own inside the driver's process, to which rtpengine sends the audio (`routes`).
"""
