"""pyVoIP 1.6.8 put right: what the lines and the demo's softphone have in common.

pyVoIP parses the messages and keeps the calls; what it gets wrong is overridden here and named
beside each override. This package and the demo's phone are the only ones that import pyVoIP.

    sip            its SIP client: one socket that answers everything and sends again
    registration   one binding at the server, kept by patience
    call           its call and the dialog around it
    desk           its phone: the dialogs of calls that come in
    line           a desk for many calls without threads, for `telephony.lines.service`

What stays: UDP, IPv4, one server, G.711; no SRTP, RTCP, session timers, 100rel or REFER.
"""
