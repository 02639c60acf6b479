"""The command line: `callcenter …` or `python -m callcenter …`; one module for each command."""

import typer

from callcenter.commands import (
    agent,
    emergency,
    ivr,
    live,
    models,
    party,
    prompts,
    quality,
    queue,
    recordings,
    speech,
    token,
    tv,
    user,
)
from callcenter.commands.call import call
from callcenter.commands.check import check
from callcenter.commands.demo import demo
from callcenter.commands.doctor import doctor
from callcenter.commands.init import init_command
from callcenter.commands.records import records
from callcenter.commands.reload import reload
from callcenter.commands.scenario import scenario
from callcenter.commands.serve import serve
from callcenter.commands.simulate import simulate
from callcenter.commands.staff import staff
from callcenter.commands.watch import watch

app = typer.Typer(
    name="callcenter",
    help="A telephone call centre: SIP, IVR, ACD, recording, transcription and a live wallboard.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("init")(init_command(user.create_first_user))
app.command("check")(check)
app.command("demo")(demo)
app.command("doctor")(doctor)
app.command("serve")(serve)
app.command("watch")(watch)
app.command("call")(call)
app.command("records")(records)
app.command("reload")(reload)
app.command("scenario")(scenario)
app.command("simulate")(simulate)
app.command("staff")(staff)
app.add_typer(user.app, name="user")
app.add_typer(token.app, name="token")
app.add_typer(agent.app, name="agent")
app.add_typer(queue.app, name="queue")
app.add_typer(emergency.app, name="emergency")
app.add_typer(ivr.app, name="ivr")
app.add_typer(live.app, name="live")
app.add_typer(models.app, name="models")
app.add_typer(party.app, name="party")
app.add_typer(prompts.app, name="prompts")
app.add_typer(quality.app, name="quality")
app.add_typer(recordings.app, name="recordings")
app.add_typer(speech.app, name="speech")
app.add_typer(tv.app, name="tv")


def main() -> None:
    app()


if __name__ == "__main__":
    main()
