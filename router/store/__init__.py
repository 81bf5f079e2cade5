"""What is kept on disk: anonymous facts, who is logged in where, and tickets.

database    the facts' file (`Store`)      schema   its tables   rows   facts as rows
tickets     the tickets' file              keeping  when it is written
standing    how a file fares               database_file  what becomes of it meanwhile
"""

from router.store.database import FILE_NAME, Store
from router.store.keeping import TicketKeeper
from router.store.tickets import TicketStore

__all__ = ["FILE_NAME", "Store", "TicketKeeper", "TicketStore"]
