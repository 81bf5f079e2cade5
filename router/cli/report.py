"""`./allo report`: the key figures of a range of days, from what the service counted."""

import sys
from contextlib import closing
from datetime import date, datetime
from typing import Annotated

import typer

from router.cli.options import (
    DemoConfigOption,
    DirectorOption,
    HtmlOption,
    or_demo_settings,
    writing,
)


def report(
    first: Annotated[
        str, typer.Option("--from", metavar="DAY", help="The first day, for example 2026-01-01.")
    ],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="The last day, inclusive.")],
    config: DemoConfigOption = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print everything as JSON, with the definitions' ids."),
    ] = False,
    html: HtmlOption = None,
    director: DirectorOption = None,
) -> None:
    """Print the key figures for a range of days, in French.

    Calls, satisfaction, subjects and referrals.
    """
    from router import report as reports
    from router.cli import provision
    from router.clock import Clock
    from router.config import load
    from router.store import FILE_NAME, Store

    first_day, last_day = _day(first, "--from"), _day(last, "--to")
    if last_day < first_day:
        raise typer.BadParameter(
            f"{last} is before {first}; give the earlier day to --from", param_hint="--to"
        )
    loaded = load(or_demo_settings(config))
    place = loaded.settings.state_dir / FILE_NAME
    if not place.exists():
        raise typer.BadParameter(
            f"{place} does not exist: nothing has been counted yet; start the service "
            "(./allo demo, ./allo run), or name its settings here",
            param_hint="--config",
        )
    plan, zone = loaded.plan, loaded.plan.hours.zone
    with closing(Store.open_to_read(place)) as store:
        # A rehearsal's clock may be ahead of this one: what it counted is not the future.
        counted = store.last_day(zone)
        today = max(filter(None, (counted, plan.hours.local(Clock().now()).date())))
        if last_day > today:
            raise typer.BadParameter(
                f"{last} is in the future; give {today} or an earlier day", param_hint="--to"
            )

        def published(first: date, last: date) -> reports.Report:
            return reports.publish(
                plan,
                first,
                last,
                store.calls(first, last, zone),
                store.subjects(first, last),
                store.votes(first, last),
                store.duty(first, last),
                provision.catalogue().texts,
                ballots=store.ballots(first, last),
                today=today,
            )

        made = published(first_day, last_day)
        before = published(*reports.year_before(first_day, last_day)) if director else None
    if html is not None:
        with writing(html, "--html"):
            reports.write_page(made, html)
        print(f"The page is in {html}.", file=sys.stderr)
    if director is not None:
        with writing(director, "--director"):
            reports.write_board(reports.board_of(plan, loaded.publication, made, before), director)
        print(f"The director's page is in {director}.", file=sys.stderr)
    print(reports.as_json(made) if as_json else reports.as_text(made), end="")


def _day(text: str, option: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        raise typer.BadParameter(
            f"{text} is not a day; write it as 2026-01-31", param_hint=option
        ) from None
