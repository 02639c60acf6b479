"""A softphone over pyVoIP 1.6.8: the second SIP implementation that takes part in every demo.

pyVoIP parses and writes the messages, negotiates the SDP and keeps the calls; what it gets wrong
is overridden here and named beside each override. This package is the only one that imports
pyVoIP, and it is thread-heavy: run it in a process of its own (`python -m
callcenter.demo.pyvoip_phone`, JSON lines, see `protocol`), from asyncio by
`callcenter.demo.phone_process`.

What stays: UDP, IPv4, one server, G.711, one call at a time; no SRTP, RTCP or Record-Route.
"""
