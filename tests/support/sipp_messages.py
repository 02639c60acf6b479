"""Pieces of SIPp scenarios, and messages that are wrong, each named by the answer it must get."""

HEAD = """\
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: "Caller" <sip:10086@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:8000@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 {method}
Contact: <sip:10086@[local_ip]:[local_port]>
"""
IN_DIALOG = HEAD.replace("To: <sip:8000@[remote_ip]:[remote_port]>", "To: [$peer]")
PLAIN = "Content-Length: 0\n\n"
BODY = """\
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 9 RTP/AVP 0
"""


def scenario(*steps: str) -> str:
    return f'<?xml version="1.0"?>\n<scenario name="s">\n{"".join(steps)}</scenario>\n'


def send(text: str, retransmit: bool = False) -> str:
    attribute = ' retrans="500"' if retransmit else ""
    return f"<send{attribute}><![CDATA[\n{text}\n]]></send>\n"


def request(method: str, head: str = HEAD, tail: str = PLAIN, cseq: int = 1) -> str:
    line = f"{method} sip:8000@[remote_ip]:[remote_port] SIP/2.0\n"
    head = head.format(method=method).replace("CSeq: 1", f"CSeq: {cseq}")
    return send(line + head + tail)


def answer(status: int, *, keep_to: bool = False) -> str:
    """Expect this status; keep_to: remember To with its tag for the requests that follow."""
    if not keep_to:
        return f'<recv response="{status}"/>\n'
    action = (
        '<action><ereg regexp="[^ ].*" search_in="hdr" header="To:" assign_to="peer"/></action>'
    )
    return f'<recv response="{status}">{action}</recv>\n'


NO_CONTACT = HEAD.replace("Contact: <sip:10086@[local_ip]:[local_port]>\n", "")
WRONG = {
    # SIPp takes leading blanks away, so that folded headers are left to the unit tests.
    "a-compact-options-expect-200": (
        "OPTIONS sip:[remote_ip] SIP/2.0\n"
        "v: SIP/2.0/UDP [local_ip]:[local_port] ;branch=[branch]\n"
        "f: sip:10086@[local_ip];tag=1\nt: sip:[remote_ip]\ni: [call_id]\n"
        "cSEQ: 0009 OPTIONS\nl: 0\n\n",
        200,
    ),
    "an-unknown-line-expect-404": (
        "INVITE sip:9999@[remote_ip] SIP/2.0\n" + HEAD.format(method="INVITE") + BODY,
        404,
    ),
    "a-malformed-request-line-expect-400": (
        "OPTIONS <sip:8000@[remote_ip]> SIP/2.0\n" + HEAD.format(method="OPTIONS") + PLAIN,
        400,
    ),
    "a-content-length-beyond-the-body-expect-400": (
        "OPTIONS sip:8000@[remote_ip] SIP/2.0\n"
        + HEAD.format(method="OPTIONS")
        + "Content-Length: 9999\n\nshort\n",
        400,
    ),
    "an-unknown-method-expect-405": (
        "PUBLISH sip:8000@[remote_ip] SIP/2.0\n" + HEAD.format(method="PUBLISH") + PLAIN,
        405,
    ),
    "a-text-body-expect-415": (
        "INVITE sip:8000@[remote_ip] SIP/2.0\n"
        + HEAD.format(method="INVITE")
        + "Content-Type: text/plain\nContent-Length: [len]\n\nhello\n",
        415,
    ),
    "an-unknown-scheme-expect-416": (
        "OPTIONS foo:8000 SIP/2.0\n" + HEAD.format(method="OPTIONS") + PLAIN,
        416,
    ),
    "a-required-extension-expect-420": (
        "INVITE sip:8000@[remote_ip] SIP/2.0\n"
        + HEAD.format(method="INVITE")
        + "Require: precondition\n"
        + BODY,
        420,
    ),
    "a-bye-of-no-dialog-expect-481": (
        "BYE sip:8000@[remote_ip] SIP/2.0\n" + HEAD.format(method="BYE") + PLAIN,
        481,
    ),
    "a-call-out-of-hops-expect-483": (
        "INVITE sip:8000@[remote_ip] SIP/2.0\n"
        + HEAD.format(method="INVITE").replace("Max-Forwards: 70", "Max-Forwards: 0")
        + BODY,
        483,
    ),
    "another-version-expect-505": (
        "OPTIONS sip:8000@[remote_ip] SIP/7.0\n" + HEAD.format(method="OPTIONS") + PLAIN,
        505,
    ),
    "an-impersonated-agent-expect-401": (
        "INVITE sip:8000@[remote_ip] SIP/2.0\n"
        + HEAD.format(method="INVITE").replace("10086@", "agent0001@")
        + BODY,
        401,
    ),
    "an-invite-without-contact-expect-400": (
        "INVITE sip:8000@[remote_ip] SIP/2.0\n" + NO_CONTACT.format(method="INVITE") + BODY,
        400,
    ),
}
