"""What the demo prints at its end: each call with its transcript, the sums, and a verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from callcenter.demo.call_log import Story
from callcenter.demo.script import CallerPart, Expected
from foundation.ids import AgentId
from recordings.error_rate import CHARACTER_LANGUAGES, ErrorRate, compare, micro_average
from telephony.calls.events import Side

HIGHEST_RATE = 0.10
"Word errors in English, character errors in Chinese."
LINE_FAULT_S = 2.0
"Who is refused must have heard at least so much of the announcement."


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One caller's call, with what the API says was said."""

    caller: CallerPart
    story: Story | None
    heard_s: float = 0.0
    problem: str = ""
    transcript: Mapping[Side, str] | None = None
    by_script: bool = True
    "The agent was one of the demo's; a person at a softphone may say anything."

    @property
    def sides(self) -> tuple[Side, ...]:
        """Whose words are known."""
        return (Side.CALLER, Side.AGENT) if self.by_script else (Side.CALLER,)

    @property
    def rate(self) -> ErrorRate:
        heard = self.transcript or {}
        return micro_average(
            compare(self.caller.said(side), heard.get(side, ""), self.caller.language)
            for side in self.sides
        )


def fault(result: Result) -> str:
    """What went wrong with this call, as a sentence; '' when all went as it should."""
    story = result.story
    if result.problem:
        return result.problem
    if story is None or not story.is_over:
        return "did not come to an end"
    match result.caller.expected:
        case Expected.REFUSED:
            return _fault_of_refused(result, story)
        case Expected.GIVES_UP:
            is_right = story.outcome == "abandoned" or not result.by_script
            return "" if is_right else "was not counted as abandoned"
        case Expected.TALK:
            return _fault_of_talk(result, story)


def _fault_of_refused(result: Result, story: Story) -> str:
    if story.refused is None or story.answered_s is not None:
        return "was answered although the number is blocked"
    if result.heard_s < LINE_FAULT_S:
        return f"heard only {result.heard_s:.1f} s of the line fault"
    return ""


def _fault_of_talk(result: Result, story: Story) -> str:
    if story.bridged_s is None:
        return f"was not answered by an agent ({story.outcome or 'ended by ' + story.ended_by})"
    if story.queue != result.caller.queue:
        return f"came to the queue {story.queue} instead of {result.caller.queue}"
    if story.recorded_s is None or not story.is_complete:
        return "was not recorded completely"
    if result.transcript is None:
        return f"was not transcribed {story.transcript_problem}".rstrip()
    return ""


@dataclass(frozen=True, slots=True)
class Sums:
    calls: int
    answered: int
    "By an agent, of those who wanted to talk."
    wanted: int
    recorded: int
    transcribed: int
    rates: Mapping[str, ErrorRate]
    "By language."


def sums(results: Sequence[Result]) -> Sums:
    talks = [result for result in results if result.caller.expected is Expected.TALK]
    stories = [result.story for result in talks if result.story is not None]
    return Sums(
        calls=sum(result.story is not None for result in results),
        answered=sum(story.bridged_s is not None for story in stories),
        wanted=len(talks),
        recorded=sum(story.is_complete for story in stories),
        transcribed=sum(result.transcript is not None for result in talks),
        rates={
            language: micro_average(
                result.rate
                for result in talks
                if result.caller.language == language and result.transcript is not None
            )
            for language in sorted({result.caller.language for result in talks})
        },
    )


def failures(results: Sequence[Result]) -> list[str]:
    """Empty when the demo has shown what it is there to show."""
    found = [f"{r.caller.id} {sentence}" for r in results if (sentence := fault(r))]
    total = sums(results)
    if not total.answered:
        found.append("no call was answered")
    for language, rate in total.rates.items():
        if rate.rate > HIGHEST_RATE:
            found.append(f"{rate_name(language)} is {rate}, more than {100 * HIGHEST_RATE:.0f} %")
    return found


def rate_name(language: str) -> str:
    kind = "character" if language in CHARACTER_LANGUAGES else "word"
    return f"{kind} error rate {language}"


# -- as text ---------------------------------------------------------------------------------------


def what_happened(result: Result, names: Mapping[str, str]) -> str:
    """One or two short sentences."""
    story = result.story
    if story is None:
        return "did not arrive"
    if story.refused is not None:
        return f"refused ({story.refused}), heard {result.heard_s:.1f} s of a line fault"
    missed = "".join(f", {_name(agent, names)} did not pick up" for agent in story.missed_by)
    waited = f"waited {story.waited_s:.1f} s" if story.waited_s is not None else "did not wait"
    if story.agent_id is not None and story.picked_up_s is not None:
        return f"{story.queue}: {waited}{missed}, talked to {_name(story.agent_id, names)}"
    if story.outcome == "abandoned":
        return f"{story.queue}: gave up, {waited}{missed}"
    return f"{story.queue or 'menu'}: {story.outcome or 'ended'}, {waited}{missed}"


def _name(agent_id: AgentId, names: Mapping[str, str]) -> str:
    return names.get(agent_id, agent_id)


def table(results: Iterable[Result], names: Mapping[str, str]) -> Table:
    made = Table(title="The calls", title_justify="left", show_lines=True)
    made.add_column("caller", max_width=20, overflow="fold")
    made.add_column("lang")
    made.add_column("what happened", ratio=2)
    made.add_column("recorded", justify="right")
    made.add_column("transcript", ratio=4, overflow="fold")
    made.add_column("errors", justify="right")
    for result in results:
        made.add_row(*_row(result, names))
    return made


def _row(result: Result, names: Mapping[str, str]) -> list[str | Text]:
    story, wrong = result.story, fault(result)
    happened = Text(what_happened(result, names))
    if wrong:
        happened.append(f"\n{wrong}", style="bold red")
    recorded = f"{story.recorded_s:.1f} s" if story and story.recorded_s is not None else ""
    heard = result.transcript or {}
    words = (
        Text("\n").join(
            Text.assemble((f"{side.value}: ", "dim"), heard.get(side, "")) for side in Side
        )
        if result.transcript is not None
        else Text()
    )
    errors = str(result.rate) if result.transcript is not None else ""
    caller = f"{result.caller.id} ({result.caller.temper})"
    return [caller, result.caller.language, happened, recorded, words, errors]


def summary(total: Sums) -> str:
    rates = ", ".join(f"{rate_name(one)} {rate}" for one, rate in total.rates.items())
    return (
        f"{total.calls} calls; of {total.wanted} who wanted to talk "
        f"{total.answered} were answered, {total.recorded} recorded completely, "
        f"{total.transcribed} transcribed; {rates or 'no talk'}"
    )
