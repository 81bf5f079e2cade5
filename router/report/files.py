"""Writing what is published to files: whole, or not at all."""

import os
import tempfile
from pathlib import Path

from router.report import director_page
from router.report.director import Board
from router.report.page import as_page
from router.report.published import Report


def write_board(board: Board, path: Path) -> None:
    """Write the director's page.

    Raises:
        OSError: If it cannot be written; a page that was there before is untouched.
    """
    write_whole(director_page.as_page(board).encode(), path)


def write_page(report: Report, path: Path) -> None:
    """Write the report as a page.

    Raises:
        OSError: If it cannot be written; a page that was there before is untouched.
    """
    write_whole(as_page(report).encode(), path)


def write_whole(content: bytes, path: Path) -> None:
    """Write a file that everybody may read.

    Raises:
        OSError: If it cannot be written; a file that was there before is untouched.
    """
    _refuse_folder(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    whole = Path(name)
    try:
        with open(handle, "wb") as file:
            file.write(content)
        whole.chmod(0o644)  # it only holds what may be published
        os.replace(whole, path)
    except BaseException:
        whole.unlink(missing_ok=True)
        raise


def try_to_write(path: Path) -> None:
    """Check that `write_whole` can write there, before any work is done for it.

    Raises:
        OSError: If it cannot.
    """
    _refuse_folder(path)
    with tempfile.TemporaryFile(dir=path.parent):
        pass


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
