"""The service decided, without doing anything: pure values and functions.

`Engine.handle(event, now) -> list[Command]` and `Engine.next_deadline()`; no I/O, clock,
randomness or logging. Imports itself, `router.errors` and a short list of the standard
library; a test holds it to that.
"""
