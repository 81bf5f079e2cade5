"""Menus in the plan: their keys, and where each of them leads."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from router.config.keys import check_key
from router.config.tables import Report, Table, did_you_mean
from router.core.ids import MenuId, PageId, PromptId, SectorId
from router.core.menus import Back, Choice, Menu, Page, Repeat, ToMenu, ToPage, ToSector
from router.core.plan import Sector

_KINDS = ("menu", "sector", "page")
#: Nobody remembers more choices while listening.
MOST_CHOICES = 5


class KeysTable(Table):
    """The keys that mean the same in every menu."""

    #: The key that repeats the menu. Without it none does.
    repeat: str | None = None
    #: The key that leads back to the previous menu. Without it none does.
    back: str | None = None
    #: The key that leads to the information menu. Without it none does.
    information: str | None = None


class MenuTable(Table):
    """A menu, under its id."""

    #: The prompts that say it, in order. Without them: the one prompt named after the menu.
    prompts: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    #: Where each key leads: "menu:…", "sector:…" or "page:…", with an id. At most five keys.
    keys: dict[str, str]


def read_menus(
    tables: Mapping[str, MenuTable],
    keys: KeysTable,
    information_menu: str,
    sectors: Mapping[SectorId, Sector],
    pages: Mapping[PageId, Page],
    report: Report,
) -> dict[MenuId, Menu]:
    """Return the menus, each with the keys of every menu among its own.

    Faults go to the report.
    """
    everywhere: dict[str, tuple[str, Choice]] = {}
    roles: tuple[tuple[str, str | None, Choice], ...] = (
        ("repeat", keys.repeat, Repeat()),
        ("back", keys.back, Back()),
        ("information", keys.information, ToMenu(MenuId(information_menu))),
    )
    for role, key, choice in roles:
        if key is None:
            continue
        if key in everywhere:
            report.add(f"keys.{role}", f'"{key}" is also keys.{everywhere[key][0]}')
        if check_key(key, f"keys.{role}", everywhere, report):
            everywhere.setdefault(key, (role, choice))

    menus: dict[MenuId, Menu] = {}
    for id_, table in tables.items():
        common = {
            key: (role, choice)
            for key, (role, choice) in everywhere.items()
            if (id_, role) != (information_menu, "information")
        }
        own: dict[str, Choice] = {}
        if not table.keys:
            report.add(f"menus.{id_}.keys", "must not be empty")
        elif len(table.keys) > MOST_CHOICES:
            report.add(
                f"menus.{id_}.keys",
                f"offers {len(table.keys)} choices, at most {MOST_CHOICES} can be kept in mind: "
                "put some in a menu of their own",
            )
        for key, text in table.keys.items():
            place = f"menus.{id_}.keys.{key}"
            if key in common:
                report.add(place, f'"{key}" is taken in every menu (keys.{common[key][0]})')
            is_typable = check_key(key, place, (*own, *common), report)
            chosen = _choice(text, place, tables, sectors, pages, report)
            if is_typable:
                own[key] = chosen
        prompts = table.prompts if table.prompts is not None else (id_,)
        menus[MenuId(id_)] = Menu(
            id=MenuId(id_),
            prompts=tuple(PromptId(prompt) for prompt in prompts),
            keys={**own, **{key: choice for key, (_, choice) in common.items()}},
        )
    return menus


def _choice(
    text: str,
    place: str,
    menus: Iterable[str],
    sectors: Mapping[SectorId, Sector],
    pages: Mapping[PageId, Page],
    report: Report,
) -> Choice:
    kind, colon, id_ = text.partition(":")
    if not colon or kind not in _KINDS:
        hint = did_you_mean(kind, _KINDS) if colon else ""
        report.add(place, f'must be "menu:…", "sector:…" or "page:…", got "{text}"{hint}')
        return Repeat()
    known: Iterable[str] = {"menu": menus, "sector": sectors, "page": pages}[kind]
    if id_ not in known:
        report.add_unknown(place, kind, id_, known)
    if kind == "menu":
        return ToMenu(MenuId(id_))
    return ToSector(SectorId(id_)) if kind == "sector" else ToPage(PageId(id_))
