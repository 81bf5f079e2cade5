"""A small service, whose files tests change and read."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from router.config import Config, Faulty, load, load_plan, new_secrets, read_all
from router.core.plan import Plan
from router.errors import ConfigError

PLAN = """\
name = "Essai"
numbers = ["3939"]
welcome = ["welcome"]
first_menu = "main"
information_menu = "info"

[hours]
zone = "Europe/Paris"
holidays = "FR-57"
[hours.week]
monday = ["08:30-12:00", "13:00-24:00"]

[code]
tries = 2

[targets]
wrap_up_s = 0

[sectors.travail]
name = "Travail"
ministry = "ministère"
code = "11"
[sectors.logement]
name = "Logement"
ministry = "ministère"
code = "12"
prompt = "sector-maison"

[keys]
repeat = "0"
back = "*"
information = "#"

[menus.main.keys]
1 = "sector:travail"
2 = "menu:sub"
[menus.sub]
prompts = ["sub-intro", "@next-opening"]
[menus.sub.keys]
11 = "sector:logement"
[menus.info.keys]
1 = "page:horaires"

[pages]
horaires = ["page-hours", "@hours"]

[fiches]
F1234 = { sector = "logement", title = "Bail" }

[desk]
away_s = 0
supervisor_phones = ["901"]
[desk.reasons]
pause = { name = "Pause courte", key = "1", longest_s = 900 }
repas = { name = "Déjeuner", key = "2", longest_s = 3600 }

[directory]
caf = { name = "Caf", code = "11", number = "3230" }
mairie = { name = "Mairie", code = "12", prompt = "mairie", hours_prompt = "annuaire" }

[[questions]]
id = "avis"
scores = { 1 = 1, 2 = 2, 3 = 3 }
satisfied = [2, 3]
[[questions]]
id = "reponse"
kind = "yes/no"
prompt = "reponse-ou-non"
yes = "1"
no = "2"
"""

AGENTS = """\
101 = { travail = 1, logement = 3 }
102 = { logement = 1 }
"""

PROMPTS = frozenset(
    {"welcome", "main", "sub-intro", "info", "page-hours", "sector-travail", "sector-maison"}
    | {"desk-ask-reason-pause", "desk-ask-reason-repas", "vote-avis", "reponse-ou-non"}
    | {"directory-caf", "directory-caf-hours", "mairie", "annuaire"}
)


class Service:
    """The files of a small service in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("plan.toml", PLAN)
        self.write("agents.toml", AGENTS)
        self.write("allo.toml", 'plan = "plan.toml"\nagents = "agents.toml"\n')
        self.write("secrets.toml", new_secrets(["101", "102"], ["901"]))

    def write(self, name: str, text: str, mode: int = 0o600) -> None:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        text = self.text(name)
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def read(self, instead: Mapping[Path, Path]) -> Config | Faulty:
        """Read it with other files in place of some."""
        return read_all(self.folder / "allo.toml", PROMPTS, instead=instead)

    def plan(self) -> Plan:
        return load_plan(self.folder / "plan.toml", self.folder / "agents.toml", PROMPTS)

    def plan_problems(self) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            self.plan()
        return [str(problem) for problem in raised.value.problems]

    def problems(self) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            load(self.folder / "allo.toml", PROMPTS)
        return [str(problem) for problem in raised.value.problems]
