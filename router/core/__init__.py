"""Every decision of the service, and none of the doing: pure values and functions.

`Engine.handle(event, now) -> list[Command]` and `Engine.next_deadline()`: no I/O, clock,
randomness or logging. The core imports itself, `router.errors` and a short list of the standard
library; tests/test_architecture.py enforces that.
"""
