"""The report of a range of days: what may be published, as text, JSON or one HTML page."""

import os
import tempfile
from pathlib import Path

from router.report.page import as_page
from router.report.published import Report, publish
from router.report.text import as_json, as_text

__all__ = ["Report", "as_json", "as_page", "as_text", "publish", "write_page"]


def write_page(report: Report, path: Path) -> None:
    """Write the HTML page, whole or not at all.

    Raises:
        OSError: If it cannot be written; a page that was there stays.
    """
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    whole = Path(name)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(as_page(report))
        whole.chmod(0o644)  # it holds only what may be published
        os.replace(whole, path)
    except BaseException:
        whole.unlink(missing_ok=True)
        raise
