"""The prompts that a plan names, by the key that needs each of them."""

from collections.abc import Collection, Iterable, Mapping

from router.config.menus import MenuTable
from router.config.tables import Report, unknown
from router.core import speech
from router.core.menus import SPOKEN_ON_THE_SPOT
from router.core.plan import Desk, Entry, Question, Sector


def prompts_of_callers(
    welcome: Iterable[str],
    sectors: Iterable[Sector],
    menus: Mapping[str, MenuTable],
    pages: Mapping[str, Iterable[str]],
) -> dict[str, str]:
    """Return every prompt that a caller's journey needs, by its key in the plan."""
    places = {f"welcome.{n}": said for n, said in enumerate(welcome, 1)}
    places |= {f"sectors.{sector.id}.prompt": sector.prompt for sector in sectors}
    for id_, menu in menus.items():
        if menu.prompts is None:
            places[f"menus.{id_}.prompts"] = id_
        else:
            places |= {f"menus.{id_}.prompts.{n}": said for n, said in enumerate(menu.prompts, 1)}
    for id_, page in pages.items():
        places |= {f"pages.{id_}.{n}": said for n, said in enumerate(page, 1)}
    return places


def prompts_of_desks(
    desk: Desk, directory: Iterable[Entry], questions: Iterable[Question]
) -> dict[str, str]:
    """Return every prompt that informateurs' work needs, by its key in the plan."""
    places: dict[str, str] = {f"desk.reasons.{id_}": speech.ask_reason(id_) for id_ in desk.reasons}
    for entry in directory:
        places[f"directory.{entry.id}.prompt"] = entry.prompt
        places[f"directory.{entry.id}.hours_prompt"] = entry.hours_prompt
    places |= {f"questions.{n}.prompt": one.prompt for n, one in enumerate(questions, 1)}
    return places


def check_prompts(
    places: Mapping[str, str], known_prompts: Collection[str] | None, report: Report
) -> None:
    """Check that each prompt exists; `known_prompts` None: those made on the spot alone."""
    for place, prompt in places.items():
        if prompt.startswith("@"):
            if prompt not in SPOKEN_ON_THE_SPOT:
                report.add(place, unknown("prompt", prompt, SPOKEN_ON_THE_SPOT))
        elif known_prompts is not None and prompt not in known_prompts:
            report.add(place, f"{unknown('prompt', prompt, known_prompts)} (prompts/catalogue)")
