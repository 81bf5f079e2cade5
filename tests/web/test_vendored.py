"""What pages use of others' work is what the lock file names, bundled, with its licences."""

from tests.web.vendored import VENDOR, bundle, licences


def test_bundling_again_gives_the_same_bytes() -> None:
    assert bundle() == (VENDOR / "jssip.js").read_bytes(), "python -m tests.web.vendored"


def test_the_licences_are_beside_it_and_noted_in_it() -> None:
    beside = (VENDOR / "jssip.txt").read_text(encoding="utf-8")
    assert beside == licences()
    for package in ("jssip", "debug", "events", "ms", "sdp-transform"):
        assert f"\n\n{package} " in f"\n\n{beside}"
    assert beside.count("Permission is hereby granted, free of charge") == 5
    assert (VENDOR / "jssip.js").read_bytes().startswith(b"/*! JsSIP 3.13.8, ")


def test_it_makes_no_code_of_strings() -> None:
    """The pages' policy would stop it (router/web/page_files.py)."""
    source = (VENDOR / "jssip.js").read_text(encoding="utf-8")
    assert not any(word in source for word in ("eval(", "new Function", "innerHTML"))
