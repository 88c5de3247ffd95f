"""Named places at which a worker can be made to die, so that tests cover each of them on purpose and not by luck.

Nothing is armed outside tests (`tests/chaos/worker.py`), and a place that is not armed costs one comparison. Places stand
where a flush, a takeover or a commit is half done; none is reached once an event.
"""

from collections.abc import Callable
from typing import Final

PLACES: Final = {
    "start": "before the group is joined",
    "assigned": "partitions are assigned, nothing is restored",
    "fold": "in the middle of a changelog",
    "begin": "some partitions have begun, others have not",
    "seek": "all have begun, nothing is sought",
    "take": "a batch is judged and handed over, nothing is flushed",
    "flush": "the first owner has written its part of a flush",
    "pane": "a pane's image is in the changelog, its snapshot is not sent",
    "rewritten": "a key of another writer is rewritten, its tombstone is not sent",
    "rolled": "the sums of hours are sent, their minutes are still there",
    "forgetting": "the mark before forgetting is written, no tombstone is",
    "sealed": "a flush is sealed and not confirmed",
    "confirmed": "a flush is confirmed, nothing is committed",
    "commit": "offsets are about to be committed",
    "committed": "offsets are committed, nobody has been told",
    "published": "a transition is sent, the state that remembers it is not",
    "stored": "a part of the windows' state is written",
    "settle": "partitions are about to be given back, something is flushed",
    "revoked": "partitions are given back, memory is still there",
}
"""Place -> what is done there, and what is not."""
WINDOWS: Final = {
    "start": ("start",),
    "recovery": ("assigned", "fold", "begin"),
    "seek": ("seek",),
    "steady state": ("take", "rolled", "forgetting"),
    "flush": ("flush", "pane", "rewritten", "published", "stored", "sealed", "confirmed"),
    "commit": ("commit", "committed"),
    "rebalance": ("settle", "revoked"),
}
"""Window of a worker's life -> the places that lie in it. Each place lies in one."""

_armed: dict[str, int] = {}
_die: Callable[[str], None] | None = None


def arm(place: str, passes: int, die: Callable[[str], None]) -> None:
    """Let `die` be called at the `passes`-th time (1 or more) that `place` is reached."""
    global _die  # noqa: PLW0603 - one process, one death
    if place not in PLACES:
        raise ValueError(f"there is no place {place!r}; there are {', '.join(PLACES)}")
    _armed[place] = passes
    _die = die


def reach(place: str) -> None:
    """Say that `place` is reached."""
    if _armed:
        _reached(place)


def _reached(place: str) -> None:
    left = _armed.get(place)
    if left is None:
        return
    _armed[place] = left - 1
    if left == 1 and _die is not None:
        _die(place)
