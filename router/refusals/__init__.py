"""Whom Asterisk refuses, told by address alone, for fail2ban."""

from router.refusals.refused import Refusal, Spared, Teller, refusal, spared_by
from router.refusals.telling import tell

__all__ = ["Refusal", "Spared", "Teller", "refusal", "spared_by", "tell"]
