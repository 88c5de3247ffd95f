"""What the owner of a source partition commits with an offset: what verdicts need of the records before it and that depends on their order.

It travels as JSON in the commit's metadata, and as the same text in the state, for the case that the group has lost it. Fields are
only added: one that an earlier release did not write has a default.
"""

import json
from typing import Any, NamedTuple

from agents.batch import Committed


class Scalars(NamedTuple):
    """What is committed with an offset."""

    topic: str
    """The topic's id."""
    newest: int
    """Newest event time, epoch seconds."""
    heard: int
    """Append time of the last record that counted for time, epoch seconds."""
    window: tuple[int, int]
    """Records and dead letters in the flood gate's window."""
    is_marked: bool
    """The flush has its end in the changelog, so that state without that end is not whole."""

    def at(self, offset: int) -> Committed:
        """Return the position to commit: `offset` is the next one to read."""
        scalars = {
            "topic": self.topic, "newest": self.newest, "heard": self.heard, "window": self.window,
            "marked": self.is_marked,
        }  # fmt: skip
        return Committed(offset, json.dumps(scalars))


def scalars_of(committed: Committed) -> Scalars | None:
    """Return what was committed with an offset, None where something other than an owner has set it."""
    try:
        found = json.loads(committed.metadata)
        topic, newest, heard = str(found["topic"]), int(found["newest"]), int(found["heard"])
    except (ValueError, TypeError, KeyError):
        return None
    return Scalars(topic, newest, heard, _window_in(found), bool(found.get("marked")))


def _window_in(scalars: dict[str, Any]) -> tuple[int, int]:
    """Return the flood gate's window; an empty one where an earlier version has written none."""
    match scalars.get("window"):
        case [int(records), int(dead)] if 0 <= dead <= records:
            return records, dead
    return 0, 0
