"""`callcenter serve` up to the moment when this process becomes the parent."""

import json
import sys
from pathlib import Path

import pytest

from callcenter.commands import serve
from callcenter.configuration.settings import load
from callcenter.supervise import Role
from tests.support.centres import CENTRE, run_command, write_centre


def test_broken_configuration_starts_nothing_and_tells_every_problem(tmp_path: Path) -> None:
    write_centre(
        tmp_path,
        "timezone: Mars\n"
        "http: {listen: nowhere}\n"
        "lines:\n"
        '  - {number: "8000", flow: main, languag: en}\n',
    )
    result = run_command("serve", tmp_path)

    assert result.exit_code == 1
    for line, key in ((1, "timezone"), (2, "http.listen"), (4, "lines[0].languag")):
        assert f"callcenter.yaml:{line}: {key}: " in result.stderr.replace("\n", "")
    assert "The centre was not started" in result.stderr
    assert not (tmp_path / "data").exists()


def test_folder_without_a_centre_leads_to_init(tmp_path: Path) -> None:
    result = run_command("serve", tmp_path / "nowhere")

    assert result.exit_code == 1
    assert "`callcenter init`" in result.stderr.replace("\n", " ")


def roles_of(tmp_path: Path, text: str = CENTRE) -> dict[str, Role]:
    return {role.name: role for role in serve.roles(load(write_centre(tmp_path, text)))}


def test_media_is_started_before_core_and_core_alone_gets_the_sip_sockets(tmp_path: Path) -> None:
    roles = roles_of(tmp_path, CENTRE + "media: {workers: 2}\n")

    assert list(roles) == ["media-0", "media-1", "core", "web", "archiver"]
    assert [role.name for role in roles.values() if role.needs_sip_sockets] == ["core"]


def test_transcriber_runs_only_where_something_is_to_be_transcribed(tmp_path: Path) -> None:
    wanted = CENTRE.replace("transcribe: false", "transcribe: true")

    assert "transcriber" in roles_of(tmp_path, wanted)
    assert "transcriber" not in roles_of(tmp_path)


def test_archiver_runs_without_a_transcriber_and_only_where_it_is_wanted(tmp_path: Path) -> None:
    unwanted = CENTRE.replace("transcribe: false", "transcribe: true, archive: none")

    assert "archiver" in roles_of(tmp_path)
    assert "archiver" not in roles_of(tmp_path, unwanted)


def test_workers_share_the_ports_without_overlap(tmp_path: Path) -> None:
    roles = roles_of(tmp_path, CENTRE + "media: {workers: 2, ports: [40000, 40009]}\n")

    first, second = (json.loads(roles[f"media-{n}"].argv[-1])["ports"] for n in (0, 1))
    assert (first, second) == ([40000, 40003], [40004, 40007])


def test_parent_is_told_the_roles_and_the_addresses(tmp_path: Path) -> None:
    settings = load(write_centre(tmp_path, CENTRE + 'sip: {listen: ["udp:127.0.0.1:5099"]}\n'))

    argv = serve.parent_argv(settings, echo=True)

    assert argv[:3] == [sys.executable, "-m", "callcenter.supervise"]
    plan = json.loads(argv[3])
    assert plan["folder"] == str(tmp_path)
    assert plan["addresses"] == [["127.0.0.1", 5099, "udp"]]
    assert plan["echo"] is True
    assert "core" in [role["name"] for role in plan["roles"]]


def test_secrets_of_the_configuration_are_on_no_command_line(tmp_path: Path) -> None:
    settings = load(write_centre(tmp_path))

    assert "pw-of-eva" not in " ".join(serve.parent_argv(settings, echo=False))


LINE = """\
lines:
  - {number: "8000", flow: main, pyvoip: {server: pbx.example, user: "200", password: pw-of-line}}
"""
FLOW = "languages: [en]\nstart: echo\nnodes: {echo: {do: echo}}\n"


def test_line_at_another_pbx_has_a_process_and_keeps_its_password(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "main.yaml").write_text(FLOW)
    settings = load(write_centre(tmp_path, CENTRE + LINE))

    named = {role.name: role.argv for role in serve.roles(settings)}

    assert named["line-8000"][2:] == ("callcenter.roles", "line", str(tmp_path), "8000")
    assert "pw-of-line" not in " ".join(serve.parent_argv(settings, echo=False))
    assert "pw-of-line" not in repr(settings)


class BecameParent(Exception):
    """Stands for the exec, which never returns."""


def test_serving_makes_the_secret_and_says_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[list[str]] = []

    def become(program: str, argv: list[str]) -> None:
        asked.append(argv)
        raise BecameParent

    monkeypatch.setattr("os.execv", become)
    with pytest.raises(BecameParent):
        serve.serve(write_centre(tmp_path))

    assert asked[0][1:3] == ["-m", "callcenter.supervise"]
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert "http://127.0.0.1:8080/" in capsys.readouterr().err.replace("\n", "")


def test_rtpengine_is_driven_by_one_process_with_all_ports(tmp_path: Path) -> None:
    media = "media: {driver: rtpengine, workers: 4, ports: [40000, 40009], g722: true}\n"
    roles = roles_of(tmp_path, CENTRE + media)

    assert [name for name in roles if name.startswith("media")] == ["media-0"]
    _, _, module, argument = roles["media-0"].argv
    options = json.loads(argument)
    assert module == "telephony.media.rtpengine.service"
    assert (options["ng"], options["digits"]) == (["127.0.0.1", 22222], ["127.0.0.1", 22223])
    assert options["worker"]["ports"] == [40000, 40009]


def test_an_rtpengine_on_another_machine_sends_to_the_address_of_this_one(tmp_path: Path) -> None:
    there = '{driver: rtpengine, rtpengine: "udp:10.1.2.3:22222", address: 10.1.2.4}'
    options = json.loads(roles_of(tmp_path, CENTRE + f"media: {there}\n")["media-0"].argv[-1])

    assert options["ng"] == ["10.1.2.3", 22222]
    assert options["worker"]["address"] == "10.1.2.4"


def test_check_warns_of_an_rtpengine_that_does_not_answer(tmp_path: Path) -> None:
    nobody = 'media: {driver: rtpengine, rtpengine: "udp:127.0.0.1:9", g722: true}\n'
    result = run_command("check", write_centre(tmp_path, CENTRE + nobody))

    assert result.exit_code == 0
    assert "nothing answers at udp:127.0.0.1:9 the way rtpengine does" in result.stdout
    assert "--listen-ng=127.0.0.1:9 (a warning)" in result.stdout
    assert "no phone is offered G.722 (a warning)" in result.stdout.replace("\n", " ")


@pytest.mark.parametrize("address", ["tcp:127.0.0.1:22222", "udp:[::1]:22222", "udp:127.0.0.1:0"])
def test_rtpengine_is_reached_by_udp_over_ipv4(tmp_path: Path, address: str) -> None:
    media = f'media: {{driver: rtpengine, rtpengine: "{address}"}}\n'
    result = run_command("check", write_centre(tmp_path, CENTRE + media))

    assert result.exit_code == 1
    assert "media.rtpengine" in result.stdout
    assert "write udp:ADDRESS:PORT with an IPv4 address" in result.stdout
