"""Whether callers can reach every menu, sector and page of the plan."""

from collections.abc import Iterable, Mapping

from router.config.tables import Report
from router.core.ids import FicheId, MenuId, PageId, SectorId
from router.core.menus import Menu, Page, ToMenu, ToPage, ToSector
from router.core.plan import Fiche, Sector


def check_reach(
    first: Iterable[MenuId],
    no_key: SectorId | None,
    menus: Mapping[MenuId, Menu],
    sectors: Mapping[SectorId, Sector],
    fiches: Mapping[FicheId, Fiche],
    pages: Mapping[PageId, Page],
    report: Report,
) -> None:
    """Report what nothing leads to: no key from the menus `first` on, no fiche, not `no_key`."""
    reached = _reached(menus, first)
    choices = [choice for id_ in reached for choice in menus[id_].keys.values()]
    to_sectors = {choice.sector for choice in choices if isinstance(choice, ToSector)}
    to_sectors |= {fiche.sector for fiche in fiches.values()}
    to_pages = {choice.page for choice in choices if isinstance(choice, ToPage)}
    for menu in menus:
        if menu not in reached:
            report.add(f"menus.{menu}", "no key leads to this menu")
    for id_, sector in sectors.items():
        if id_ in to_sectors and sector.for_all:
            report.add(
                f"sectors.{id_}.for_all",
                "a key or a fiche leads to this sector: only the queue of no_key is for all",
            )
        elif sector.for_all and no_key is None:
            report.add(f"sectors.{id_}", f'nothing leads here: write no_key = "queue:{id_}"')
        elif id_ not in to_sectors and not sector.for_all:
            report.add(f"sectors.{id_}", "neither a key nor a fiche leads to this sector")
    for page in pages:
        if page not in to_pages:
            report.add(f"pages.{page}", "no key leads to this page")


def _reached(menus: Mapping[MenuId, Menu], first: Iterable[MenuId]) -> set[MenuId]:
    """Return the menus that keys lead to from `first`, these included."""
    reached: set[MenuId] = set()
    ahead = list(first)
    while ahead:
        menu = ahead.pop()
        if menu not in reached:
            reached.add(menu)
            ahead += [to.menu for to in menus[menu].keys.values() if isinstance(to, ToMenu)]
    return reached
