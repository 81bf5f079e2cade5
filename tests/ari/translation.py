"""Both directions of translation, over one account of what is under way."""

from router.ari.to_events import Events
from router.ari.to_requests import Requests
from router.ari.underway import Underway
from router.core.plan import Plan
from tests.contract.bench import PLAN


class Translation:
    """As the link has it, for the application "allo"."""

    def __init__(self, plan: Plan = PLAN) -> None:
        self.underway = Underway(plan)
        self.requests = Requests("allo", plan, self.underway)
        self.events = Events(self.underway)
