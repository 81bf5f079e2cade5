import sqlite3
from typing import Any

import pytest


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Every connection to a database from here on, to be disturbed behind its owner's back."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def connecting(*words: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*words, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", connecting)
    return opened
