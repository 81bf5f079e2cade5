"""The directory in the plan: administrations and services that callers are referred to."""

import re
from collections.abc import Collection, Mapping

from router.config.keys import check_codes
from router.config.tables import Report, Table, Text, check_id
from router.core.ids import EntryId, PromptId
from router.core.plan import Entry

#: As dialled from France: a short or national number, without +.
_DIALLED = re.compile(r"[0-9]{2,15}")


class EntryTable(Table):
    """An administration or service that callers are referred to, under its id."""

    #: French, for pages.
    name: Text
    #: 1 to 6 digits that an informateur types for it. All entries' codes have the same length.
    code: str
    #: The number that is dialled and said, as dialled from France. Without it the service is
    #: only named.
    number: str | None = None
    #: The prompt that names it. Without it: `directory-<id>`.
    prompt: str | None = None
    #: The prompt that says when it can be reached. Without it: `directory-<id>-hours`.
    hours_prompt: str | None = None


def read_directory(
    tables: Mapping[str, EntryTable], numbers: Collection[str], report: Report
) -> dict[EntryId, Entry]:
    """Return the directory; faults go to the report. `numbers` are the service's own."""
    check_codes({f"directory.{id_}.code": table.code for id_, table in tables.items()}, report)
    for id_, table in tables.items():
        place = f"directory.{id_}"
        check_id(place, id_, report)
        if table.number is None:
            continue
        if not _DIALLED.fullmatch(table.number):
            report.add(f"{place}.number", f'must be 2 to 15 digits, got "{table.number}"')
        elif table.number in numbers:
            report.add(f"{place}.number", f"{table.number} is this service's own number")
    return {
        EntryId(id_): Entry(
            id=EntryId(id_),
            name=table.name,
            code=table.code,
            number=table.number,
            prompt=PromptId(table.prompt or f"directory-{id_}"),
            hours_prompt=PromptId(table.hours_prompt or f"directory-{id_}-hours"),
        )
        for id_, table in tables.items()
    }
