"""Menus in the plan: keys, what they choose, and where they lead."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from router.config.tables import Report, Table, did_you_mean
from router.core.call.digits import are_ambiguous
from router.core.ids import MenuId, PageId, PromptId, SectorId
from router.core.plan import (
    Back,
    Choice,
    Menu,
    Page,
    Repeat,
    Sector,
    ToMenu,
    ToPage,
    ToSector,
)

_KEYS = re.compile(r"[0-9*#]+")
_KINDS = ("menu", "sector", "page")
#: Nobody remembers more choices than that while listening.
MOST_CHOICES = 5


class KeysTable(Table):
    """Keys of every menu; a key that is not named has no such meaning."""

    repeat: str | None = None
    back: str | None = None
    information: str | None = None


class MenuTable(Table):
    """`prompts` is the prompt of the menu's own name unless given."""

    prompts: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    keys: dict[str, str]


def read_menus(
    tables: Mapping[str, MenuTable],
    keys: KeysTable,
    information_menu: str,
    sectors: Mapping[SectorId, Sector],
    pages: Mapping[PageId, Page],
    report: Report,
) -> dict[MenuId, Menu]:
    """The menus with the keys of every menu among their own; faults go to the report."""
    everywhere: dict[str, tuple[str, Choice]] = {}
    for role, choice in (
        ("repeat", Repeat()),
        ("back", Back()),
        ("information", ToMenu(MenuId(information_menu))),
    ):
        key: str | None = getattr(keys, role)
        if key is None:
            continue
        if key in everywhere:
            report.add(f"keys.{role}", f'"{key}" is also keys.{everywhere[key][0]}')
        check_key(key, f"keys.{role}", everywhere, report)
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
            check_key(key, place, (*own, *common), report)
            own[key] = _choice(text, place, tables, sectors, pages, report)
        prompts = table.prompts if table.prompts is not None else (id_,)
        menus[MenuId(id_)] = Menu(
            id=MenuId(id_),
            prompts=tuple(PromptId(prompt) for prompt in prompts),
            keys={**own, **{key: choice for key, (_, choice) in common.items()}},
        )
    return menus


def reachable(menus: Mapping[MenuId, Menu], first: Iterable[MenuId]) -> set[MenuId]:
    """The menus that keys lead to from `first`, these included."""
    reached: set[MenuId] = set()
    ahead = list(first)
    while ahead:
        menu = ahead.pop()
        if menu not in reached:
            reached.add(menu)
            ahead += [to.menu for to in menus[menu].keys.values() if isinstance(to, ToMenu)]
    return reached


def check_key(key: str, place: str, others: Iterable[str], report: Report) -> None:
    """Check that `key` can be typed and that none of `others` begins it, nor it one of them."""
    if not _KEYS.fullmatch(key):
        report.add(place, f'a key is made of 0-9, * and #, got "{key}"')
        return
    for other in others:
        if are_ambiguous(key, other):
            report.add(place, f'cannot be told from "{other}": one key begins the other')


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
