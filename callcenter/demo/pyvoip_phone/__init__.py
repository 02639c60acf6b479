"""A softphone over pyVoIP 1.6.8: the second SIP implementation that takes part in every demo.

Its SIP side is `telephony.lines.pyvoip`; here are the audio and what a person does with a phone. It
is thread-heavy: run it in a process of its own (`python -m callcenter.demo.pyvoip_phone`, JSON
lines, see `protocol`), from asyncio by `callcenter.demo.phone_process`.
"""
