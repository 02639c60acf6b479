"""The phone as a process: commands as JSON lines on stdin, events as JSON lines on stdout."""

import argparse
import sys
import threading
from pathlib import Path

import msgspec

from callcenter.demo.pyvoip_phone import protocol
from callcenter.demo.pyvoip_phone.call import PhoneError
from callcenter.demo.pyvoip_phone.phone import PyVoipPhone
from callcenter.demo.wav import NotTelephoneAudio, read_wav, write_wav

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(protocol.Command)
_one_line_at_a_time = threading.Lock()


def tell(event: protocol.Event) -> None:
    with _one_line_at_a_time:
        sys.stdout.write(_encoder.encode(event).decode() + "\n")
        sys.stdout.flush()


def perform(phone: PyVoipPhone, command: protocol.Command) -> None:
    match command:
        case protocol.Register():
            phone.register()
        case protocol.Call(number):
            phone.call(number)
        case protocol.Answer():
            phone.answer()
        case protocol.Reject(status):
            phone.reject(status)
        case protocol.Play(file):
            phone.play(read_wav(Path(file)))
        case protocol.Press(digits):
            phone.press(digits)
        case protocol.Save(file):
            write_wav(Path(file), phone.heard())
            tell(protocol.Saved(file, len(phone.heard()) / 16000))
        case protocol.Hangup():
            phone.hang_up()
        case protocol.Quit():
            raise SystemExit(0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m callcenter.demo.pyvoip_phone")
    parser.add_argument("--server", default="127.0.0.1:5060", metavar="ADDRESS:PORT")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", default="")
    parser.add_argument("--local", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--sip-port", type=int, default=0)
    parser.add_argument("--auto-answer", action="store_true")
    given = parser.parse_args()
    host, port = given.server.rsplit(":", 1)
    phone = PyVoipPhone(
        host, int(port), given.user, given.password, local_ip=given.local,
        sip_port=given.sip_port, auto_answer=given.auto_answer, on_event=tell,
    )  # fmt: skip
    phone.start()
    try:
        for line in sys.stdin:
            try:
                perform(phone, _decoder.decode(line))
            except (PhoneError, msgspec.DecodeError, OSError, NotTelephoneAudio) as trouble:
                tell(protocol.Trouble(str(trouble)))
    finally:
        phone.stop()


if __name__ == "__main__":
    main()
