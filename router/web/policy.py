"""What a Content-Security-Policy lets in by its hash: a style sheet that is part of its page."""

import base64
import hashlib


def source_of(style: str) -> str:
    """Return how a policy names this very style sheet: `'sha256-…'`, quotes included."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
