"""Lines at somebody else's PBX or provider: each in a process of its own, driven by pyVoIP.

    PBX ◀── SIP by pyVoIP ──▶ line process ◀── SIP by our own stack ──▶ core
        ◀── RTP ────────────▶    relay     ◀── RTP ─────────────────▶  media

To core the process is a trunk with a password; everything behind that is as for any other call.

    descriptions   SDP from one side to the other
    carried        one call carried across, the machine
    relay          its audio
    pyvoip         the side of the PBX
    core_side      the side of core
    service        the process: both sides joined
    kept           what a killed process leaves to its successor
"""
