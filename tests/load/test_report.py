"""A figure is the middle of its repetitions, and says whether it keeps its bar."""

import json

from tests.load.report import Report, as_json, as_markdown, as_text, figure


def report(peer: str) -> Report:
    figures = [
        figure("Slow", "ms", [3.0, 9.0, 4.0], below=4.0),
        figure("Quick", "ms", [1.0], peer=[2.0], at_most=1.0),
    ]
    return Report("some", peer, figures, ["A note."], {"runs": 3})


def test_a_figure_is_the_median_and_must_keep_its_bar() -> None:
    slow, quick = report("plain").figures
    assert (slow.ours, slow.least, slow.most) == (4.0, 3.0, 9.0)
    assert (slow.bar, slow.holds) == ("< 4", False)
    assert (quick.bar, quick.holds) == ("≤ 1", True)
    assert figure("Free", "", [1.0]).bar == ""


def test_the_table_has_a_column_for_the_peer_only_with_one() -> None:
    assert as_markdown(report("plain")).splitlines() == [
        "|  | ours | least to most | plain | bar |",
        "| --- | --- | --- | --- | --- |",
        "| Slow | 4.00 ms | 3.00 to 9.00 |  | < 4 ms: MISSED |",
        "| Quick | 1.00 ms | 1.00 to 1.00 | 2.00 ms | ≤ 1 ms: held |",
        "",
        "- A note.",
    ]
    assert as_markdown(report("")).splitlines()[0] == "|  | ours | least to most | bar |"


def test_text_and_json_tell_the_same() -> None:
    assert "MISSED" in as_text(report("plain"))
    told = json.loads(as_json(report("plain")))
    assert told["figures"][0]["holds"] is False
    assert told["runs"] == 3
