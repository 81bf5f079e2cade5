"""What is kept on disk: anonymous facts, and who is logged in where."""

from router.store.database import FILE_NAME, Store

__all__ = ["FILE_NAME", "Store"]
