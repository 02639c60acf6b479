"""Making a centre's prompts ahead: by `callcenter prompts make`, by `serve`, and by core itself."""

from callcenter.configuration.settings import Settings
from callcenter.rules.flows import prompt_options
from ivr.speech.prompts import Progress, Prompts
from ivr.speech.synthesis import Synthesiser


async def make_prompts(
    settings: Settings, synthesiser: Synthesiser, progress: Progress
) -> tuple[Prompts, list[str]]:
    """The prompts ready for use, and what could not be made, in sentences."""
    prompts = Prompts(
        settings.prompt_words, synthesiser, prompt_options(settings), settings.sentences
    )
    problems = await prompts.prepare((agent.number for agent in settings.agents), progress)
    await synthesiser.close()  # started again by the first free text
    return prompts, problems
