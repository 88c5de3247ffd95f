"""What is held for each watched cell between two minutes: its windows, what was learned, and where each rule stands.

Owns the mutable records that a judge works on, and how quarter-hour counts are read off the windows.
"""

from typing import Final

from models.baseline import QUARTER, QUARTERS, Baseline, Expectation, Frame
from models.drift import STEADY
from models.episode import NEW
from models.windows import CellWindows

NO_COUNTS: Final = (0,) * QUARTERS
"""An hour in which nothing happened."""


class Learned:
    """One measure of one cell, as rules expect it; `field` is its place in the vector."""

    __slots__ = ("alarmed", "baseline", "counted", "field", "frame", "known", "windows")

    def __init__(self, field: int, baseline: Baseline, frame: Frame, windows: CellWindows) -> None:
        self.field = field
        self.baseline = baseline
        self.frame = frame
        self.windows = windows
        self.alarmed = False
        """Whether a surge was found in the hour that is under way."""
        self.counted = 0
        """End of the last minute in which anything was counted; 0: never."""
        self.known: tuple[int, int, int, Expectation] | None = None
        """The last answer to what is expected, with the hours learned, start and end that it is for: several ask the same."""

    def quarters(self, hour: int) -> list[int]:
        """Return the counts of the four quarters of the hour that starts at `hour`, the last one that closed."""
        counts = [0] * QUARTERS
        for start, vector in self.windows.minutes_since(hour):
            counts[(start - hour) // QUARTER] += vector[self.field]
        return counts


class WatchedCell:
    """A cell that was seen at least once."""

    __slots__ = ("lacks", "learned", "name", "since", "windows")

    def __init__(self, name: str, width: int, since: int) -> None:
        self.name = name
        self.since = since
        """Start of the minute in which it was first seen."""
        self.windows = CellWindows(width)
        self.learned: dict[int, Learned] = {}
        """By field."""
        self.lacks = True
        """Whether a rule waits for the next minute in which anything is counted here, to begin to learn from it."""


class Watch:
    """One rule in one cell."""

    __slots__ = ("cell", "drift", "episode", "frame", "learned")

    def __init__(self, cell: WatchedCell, learned: Learned | None, frame: Frame | None) -> None:
        self.cell = cell
        self.learned = learned
        """For rules that expect something (`Rule.expects`)."""
        self.frame = frame
        """For budgets."""
        self.drift = STEADY
        """For slow rises."""
        self.episode = NEW
