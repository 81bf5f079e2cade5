"""The report of a range of days: what may be published, as text, JSON or one HTML page."""

import os
import tempfile
from pathlib import Path

from router.report import director_page
from router.report.director import Board, board_of, year_before
from router.report.page import as_page
from router.report.published import Report, publish
from router.report.text import as_json, as_text

__all__ = [
    "Report",
    "as_json",
    "as_page",
    "as_text",
    "board_of",
    "publish",
    "try_to_write",
    "write_board",
    "write_page",
    "write_whole",
    "year_before",
]


def write_board(board: Board, path: Path) -> None:
    """Write the director's page, whole or not at all.

    Raises:
        OSError: If it cannot be written; a page that was there stays.
    """
    write_whole(director_page.as_page(board).encode(), path)


def write_page(report: Report, path: Path) -> None:
    """Write the HTML page, whole or not at all.

    Raises:
        OSError: If it cannot be written; a page that was there stays.
    """
    write_whole(as_page(report).encode(), path)


def write_whole(content: bytes, path: Path) -> None:
    """Write a file that everybody may read, whole or not at all.

    Raises:
        OSError: If it cannot be written; what was there stays.
    """
    _refuse_folder(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    whole = Path(name)
    try:
        with open(handle, "wb") as file:
            file.write(content)
        whole.chmod(0o644)  # it holds only what may be published
        os.replace(whole, path)
    except BaseException:
        whole.unlink(missing_ok=True)
        raise


def try_to_write(path: Path) -> None:
    """Find out whether `write_whole` could write there, before the work for it is done.

    Raises:
        OSError: If it could not.
    """
    _refuse_folder(path)
    with tempfile.TemporaryFile(dir=path.parent):
        pass


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
