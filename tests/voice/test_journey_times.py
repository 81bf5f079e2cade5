"""How long a caller listens before a choice, and before the queue, in the synthetic voice."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from router.asterisk.toolbox import Toolbox
from router.config import load_plan
from router.core.call.journey import CODE_ASK
from router.core.ids import MenuId, PromptId, SectorId
from router.core.menus import ToMenu, ToSector
from router.core.plan import Plan
from router.voice import Catalogue, EspeakVoice, durations, load_catalogue, render
from tests.voice.studio import ROOT

_SENTENCE = re.compile(r"(?<=[.]) ")
#: How long it takes to type a code that is read from a screen, two digits at a time.
TYPING_S = 6.0

_PLANS = ROOT / "router" / "plans"


class Journey:
    """When a caller has heard of each key of a menu, from the answer on."""

    def __init__(self, plan: Plan, lengths: dict[PromptId, float]) -> None:
        self.plan = plan
        self._lengths = lengths
        self.welcome_s = sum(lengths[one] for one in plan.welcome)
        #: When callers with a code know that they are to type it.
        self.code_asked_s = self.welcome_s + lengths[CODE_ASK]

    def choices(self, menu: MenuId, begins_s: float) -> dict[str, float]:
        """Return when each key of `menu` has been said, if the menu begins at `begins_s`."""
        return {
            key: begins_s + self._lengths[_part(menu, key)] for key in _own_keys(self.plan, menu)
        }

    def queued_by_menu(self) -> dict[SectorId, float]:
        """Return when callers are in the queue who listen to each menu until the key they need."""
        return self._queued(self.plan.first_menu, self.code_asked_s)

    def _queued(self, menu: MenuId, begins_s: float) -> dict[SectorId, float]:
        queued: dict[SectorId, float] = {}
        for key, at_s in self.choices(menu, begins_s).items():
            choice = self.plan.menus[menu].keys[key]
            if isinstance(choice, ToSector):
                queued[choice.sector] = at_s
            elif isinstance(choice, ToMenu):
                queued |= self._queued(choice.menu, at_s)
        return queued

    def queued_by_code_s(self) -> float:
        """Return when the last digit has been typed, and the queue is joined."""
        return self.code_asked_s + TYPING_S


def _own_keys(plan: Plan, menu: MenuId) -> list[str]:
    """Return the keys that choose a domain; those of every menu are not read out at first."""
    keys = plan.menus[menu].keys.items()
    information = ToMenu(plan.information_menu)
    return [key for key, to in keys if isinstance(to, ToMenu | ToSector) and to != information]


def _part(menu: MenuId, key: str) -> PromptId:
    return PromptId(f"{menu}-until-{key}")


def _parts(plan: Plan, catalogue: Catalogue) -> Iterable[tuple[PromptId, str]]:
    """Return what is spoken of every menu until each of its keys has been said."""
    for id_ in plan.menus.keys() - {plan.information_menu}:
        prompt = catalogue.prompts[PromptId(id_)]
        texts, spoken = _SENTENCE.split(prompt.text), _SENTENCE.split(prompt.spoken)
        assert len(texts) == len(spoken)
        for key in _own_keys(plan, id_):
            [place] = [n for n, text in enumerate(texts) if text.endswith(f"tapez {key}.")]
            yield _part(id_, key), " ".join(spoken[: place + 1])


@pytest.fixture(scope="module")
def journey(toolbox: Toolbox, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    catalogue = load_catalogue(ROOT / "prompts" / "catalogue.toml")
    plan = load_plan(_PLANS / "3939.toml", _PLANS / "agents.toml", catalogue.prompts)
    heard = {id_: catalogue.prompts[id_] for id_ in (*plan.welcome, CODE_ASK)}
    pattern = next(iter(heard.values()))
    heard |= {
        id_: replace(pattern, id=id_, text=spoken, spoken=spoken)
        for id_, spoken in _parts(plan, catalogue)
    }
    out: Path = tmp_path_factory.mktemp("prompts")
    recordings = ROOT / "prompts" / "recordings"
    render(replace(catalogue, prompts=heard), recordings, out, EspeakVoice(toolbox), toolbox)
    return Journey(plan, durations(out))


def test_the_welcome_takes_ten_seconds_at_most(journey: Journey) -> None:
    assert 3 < journey.welcome_s <= 10


def test_the_first_choice_comes_within_fifteen_seconds(journey: Journey) -> None:
    assert journey.code_asked_s <= 15
    first = journey.choices(journey.plan.first_menu, journey.code_asked_s)
    assert min(first.values()) <= 15


def test_every_domain_is_reached_by_menu_within_thirty_seconds(journey: Journey) -> None:
    queued = journey.queued_by_menu()
    assert queued.keys() == journey.plan.domains.keys()
    assert {sector: at_s for sector, at_s in queued.items() if at_s > 30} == {}


def test_a_caller_with_a_code_is_in_the_queue_within_twenty_seconds(journey: Journey) -> None:
    assert journey.queued_by_code_s() <= 20
