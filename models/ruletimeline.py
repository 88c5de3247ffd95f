"""Which rule set is in force from which pane on, in one partition of `panes`, for each stream.

Owns the fold of orders, and which of them may be forgotten. Panes are named by their start, epoch seconds.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from models.measures import Stream
from models.pane import DAY, MINUTE

KEPT_SECONDS: Final = 30 * DAY
"""A set is remembered so long after another one has come into force: longer than any state that may turn up again is old."""

Changes = dict[Stream, list[tuple[int, str]]]
"""Stream -> (first pane, version), panes ascending; the first entry is what the partition began with."""


class RuleTimeline:
    """The changes so far. `changes` is what `changes` of an earlier one were, or one entry for each stream."""

    def __init__(self, changes: Mapping[Stream, list[tuple[int, str]]]) -> None:
        self._changes: Changes = {stream: list(entries) for stream, entries in changes.items()}

    @classmethod
    def beginning(cls, version: str) -> "RuleTimeline":
        """Return the timeline of a partition that begins with the set `version`."""
        return cls({stream: [(0, version)] for stream in Stream})

    @property
    def changes(self) -> Changes:
        """A copy of all that is remembered."""
        return {stream: list(entries) for stream, entries in self._changes.items()}

    @property
    def versions(self) -> frozenset[str]:
        """Every version that is remembered."""
        return frozenset(version for entries in self._changes.values() for _, version in entries)

    def order(
        self, version: str, from_pane: int, frontiers: Mapping[Stream, int | None]
    ) -> dict[Stream, int]:
        """Put `version` in force; return from which pane it is, by stream. Later changes that were ordered before are void.

        Args:
            version: of the set.
            from_pane: no earlier than this; a pane that has begun by then is left to the set before.
            frontiers: by stream, panes that end at or before it are closed, or may be; None: no pane is.
        """
        starts = {}
        for stream, entries in self._changes.items():
            open_from = (frontiers.get(stream) or 0) // MINUTE * MINUTE
            start = max(-(-from_pane // MINUTE) * MINUTE, open_from)
            while entries and entries[-1][0] >= start:
                entries.pop()
            entries.append((start, version))
            starts[stream] = start
        return starts

    def at(self, stream: Stream, pane: int) -> str:
        """Return the version by which `pane` is judged; before the first entry it is that one's."""
        entries = self._changes[stream]
        return entries[max(0, bisect_right(entries, pane, key=lambda entry: entry[0]) - 1)][1]

    def forget(self, closed: Mapping[Stream, int]) -> None:
        """Forget what was replaced long before what is closed (end of the last closed pane, by stream)."""
        for stream, until in closed.items():
            entries = self._changes[stream]
            while len(entries) > 1 and entries[1][0] <= until - KEPT_SECONDS:
                del entries[0]
