"""What is kept on disk: anonymous facts, and who is logged in where."""

from router.store.database import FILE_NAME, Store
from router.store.keeping import TicketKeeper
from router.store.tickets import TicketStore

__all__ = ["FILE_NAME", "Store", "TicketKeeper", "TicketStore"]
