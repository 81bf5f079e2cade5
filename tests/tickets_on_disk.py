"""What a router that starts now would find of tickets on disk, and tickets put there before."""

from contextlib import closing
from pathlib import Path

from router.core.callback.tickets import ENDS, TicketRecord
from router.core.ids import TicketId
from router.store import TicketStore


def put(path: Path, record: TicketRecord) -> None:
    """Put a ticket into the file, as a router did that is gone."""
    with closing(TicketStore(path)) as store:
        store.write({record.ticket: record})


def on_disk(path: Path) -> dict[TicketId, TicketRecord]:
    """Return every ticket of the file."""
    with closing(TicketStore(path)) as store:
        return {record.ticket: record for record in store.read()}


def open_on_disk(path: Path) -> list[TicketRecord]:
    """Return the tickets of the file that have not ended."""
    return [record for record in on_disk(path).values() if record.state not in ENDS]
