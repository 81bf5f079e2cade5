"""The report of a range of days: what may be published of them, as text, JSON or HTML page.

columns, counting             what is counted of facts
definition, *_definitions     how figures are defined;  figures: what they make of counts
disclosure, tables            what must be withheld, so that nobody can be recognised
calls, notes, votes           breakdowns of calls, of notes, of votes;  published: all of it
words, text, html, charts     how it is said and shown;  page: the report as a page
director, director_page       the key figures on one sheet, beside goals and other years
"""

from router.report.director import board_of, year_before
from router.report.files import try_to_write, write_board, write_page, write_whole
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
