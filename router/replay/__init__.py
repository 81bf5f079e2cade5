"""Recordings: what the engine was told and what it answered, written down and decided again.

    values      events and commands as JSON, and back
    names       small numbers instead of ids that lead to a channel or to who asked
    keys        what of a caller's keys is written: choices, never numbers
    tape        the file: appended to in batches, never in a call's way
    recording   an engine that writes down all it is told and answers
    replaying   the same events to a new engine; the first decision that differs

A recording is made only when it is asked for (`--record FILE`); it is text, a record a line.
"""

from router.replay.recording import RecordingEngine
from router.replay.replaying import Difference, Replayed, replay
from router.replay.tape import Tape

__all__ = ["Difference", "RecordingEngine", "Replayed", "Tape", "replay"]
