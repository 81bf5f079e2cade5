"""Recordings: what the engine heard and what it decided, written down and decided again.

    values      events and commands as JSON, and back
    names       small numbers instead of ids that lead to a channel, or to whoever asked
    keys        what is written of a caller's keys: choices, never numbers
    tape        the file: appended to in batches, never in a call's way
    recording   an engine that writes down everything it hears and decides
    replaying   the same events given to a new engine; the first decision that differs

A recording is only made on request (`--record FILE`). It is text, one record a line.
"""

from router.replay.recording import RecordingEngine
from router.replay.replaying import Difference, Replayed, replay
from router.replay.tape import Tape

__all__ = ["Difference", "RecordingEngine", "Replayed", "Tape", "replay"]
