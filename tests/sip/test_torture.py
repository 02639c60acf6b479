"""RFC 4475: messages made to break parsers, each named by the answer that it must get.

Four folders, because valid and invalid is too coarse: *valid*, *syntax* error, bad for the
*transaction*, bad for the *application*. The answer is that of a centre for which every number is
a line; `drop` means silence, for a response or for a request that cannot be answered. Some of the
shorter ones keep the fault and name of the RFC's message, with plainer headers around it.

Where the RFC lets an element be liberal, the file tells what this one does: a Date of another zone,
headers in a request URI and spaces around an address are overlooked (100, 200), an INVITE without
Contact, as RFC 2543 had it, is not taken (400). A REGISTER is asked for credentials (401) before
its Contact is looked at. A MESSAGE, whatever it carries, is for no call centre (405).
"""

import re
from pathlib import Path

import pytest

from telephony.sip.events import Dropped
from telephony.sip.wording.message import parse_message
from telephony.sip.wording.stream import Framer, StreamLimits, Whole
from telephony.sip.wording.uri import parse_uri
from tests.support.wire import PHONE, make_stack, responses

TORTURE = Path(__file__).parent / "torture"
FILES = sorted(TORTURE.glob("*/*.dat"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_torture_message_gets_the_answer_due(file: Path) -> None:
    stack = make_stack(lines=lambda user: True)
    effects = stack.receive(file.read_bytes(), PHONE, 0, 0.0)
    expected = file.stem.rpartition("-expect-")[2]

    if expected == "drop":
        assert [type(effect) for effect in effects] == [Dropped]
    else:
        assert [str(answer.status) for answer in responses(effects)] == [expected]


@pytest.mark.parametrize("file", sorted((TORTURE / "valid").glob("*.dat")), ids=lambda f: f.stem)
def test_a_valid_torture_message_is_read_and_comes_back_byte_for_byte(file: Path) -> None:
    data = file.read_bytes()
    message = parse_message(data)
    _ = message.via, message.sender, message.to, message.cseq, message.call_id, message.contacts
    assert bytes(message) == data


def test_the_tortuous_invite_means_what_the_rfc_says() -> None:
    message = parse_message((TORTURE / "valid" / "wsinv-expect-481.dat").read_bytes())
    assert message.sender.display_name == 'J Rosenberg \\"'
    assert (message.sender.tag, message.to.tag) == ("98asjd8", "1918181833n")
    assert (message.cseq.number, message.number("max-forwards")) == (9, 68)
    assert message.contacts[0].display_name == 'Quoted string ""'
    assert message.contacts[0].param("q") == "0.33"
    assert len(message.items("via")) == 3
    assert len(message.body) == 150


@pytest.mark.parametrize(("name", "of_header"), [("cparam01", True), ("cparam02", False)])
def test_a_parameter_belongs_to_the_address_only_inside_its_brackets(
    name: str, of_header: bool
) -> None:
    message = parse_message((TORTURE / "application" / f"{name}-expect-401.dat").read_bytes())
    (contact,) = message.contacts
    assert (contact.param("unknownparam") is not None) is of_header
    assert (contact.uri.param("unknownparam") is not None) is not of_header


def test_escapes_are_undone_once_only() -> None:
    assert parse_uri("sip:sips%3Auser%40example.com@example.net").user == "sips:user@example.com"
    assert parse_uri("sip:null-%00-null@example.com").user == "null-\0-null"


def test_a_binary_part_with_null_bytes_is_kept_as_it_is_wherever_the_stream_is_cut() -> None:
    data = (TORTURE / "valid" / "mpart01-expect-405.dat").read_bytes()
    body = parse_message(data).body
    signed = body.split(b"\r\n\r\n", 2)[2].removesuffix(b"\r\n--7a9cbec02ceef655--\r\n")
    # The part says of itself how long it is: a DER sequence of 0x152 bytes.
    assert signed[:4] == b"\x30\x82\x01\x52"
    assert len(signed) == 4 + 0x152
    assert b"\0" in signed
    for cut in range(1, len(data)):
        framer = Framer(StreamLimits())
        assert framer.feed(data[:cut], 0.0) + framer.feed(data[cut:], 0.0) == [Whole(data)]


RFC_4475 = {
    "valid": "wsinv intmeth esc01 escnull esc02 lwsdisp longreq dblreq semiuri transports mpart01 "
    "unreason noreason",
    "syntax": "badinv01 clerr ncl scalar02 scalarlg quotbal ltgtruri lwsruri lwsstart trws escruri "
    "baddate regbadct badaspec baddn badvers mismatch01 mismatch02 bigcode",
    "transaction": "badbranch",
    "application": "insuf unkscm novelsc unksm2 bext01 invut regaut01 multi01 mcl01 bcast zeromf "
    "cparam01 cparam02 regescrt sdp01 inv2543",
}
"Sections 3.1.1; 3.1.2; 3.2; 3.3 and 3.4."


@pytest.mark.parametrize("section", RFC_4475)
def test_each_message_of_the_rfc_is_here_and_names_its_answer(section: str) -> None:
    files = [file for file in FILES if file.parent.name == section]
    assert sorted(file.stem.partition("-")[0] for file in files) == sorted(
        RFC_4475[section].split()
    )
    assert all(re.search(r"-expect-([1-6]\d\d|drop)$", file.stem) for file in files)
