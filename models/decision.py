"""What one evaluation of one rule in one cell came to, and why.

Owns the vocabulary of reasons and the value that carries every number behind a verdict. A decision is about one
window only; what it means for an episode (streaks, holds, transitions) is decided in `models.episode`.
"""

from enum import StrEnum

from msgspec import Struct

from models.events import PerceivedSeverity


class Reason(StrEnum):
    """Why a decision, or a transition, came out as it did. The value is what travels."""

    NO_DATA = "no_data"
    """Nothing happened in the window of a share: it has no value."""
    TOO_FEW = "too_few"
    """Fewer than the rule's minimum sample."""
    COLD = "cold"
    """The cell has not been seen for as long as the rule asks; there is no expectation to trust."""
    WITHIN = "within"
    """Between the clear condition and the lowest step: normal, or not yet normal again."""
    CLEAR_CONDITION = "clear_condition"
    """The clear condition of the lowest step holds."""
    ABOVE_STEP = "above_step"
    """A step was crossed upwards: a count or share is too high."""
    BELOW_STEP = "below_step"
    """A step was crossed downwards: a share, mean or count is too low."""
    STREAK_PENDING = "streak_pending"
    """A step is crossed, but not yet in as many consecutive buckets as it asks for."""
    EXPIRED = "expired"
    """An episode ended because nothing could be judged for too long."""
    RULE_CHANGED = "rule_changed"
    """An episode ended because the rule set in force from here on has its rule no longer, or changed."""


class Decision(Struct, frozen=True, kw_only=True, gc=False):
    """The outcome of one evaluation. Steps are numbered from 0, the mildest."""

    reason: Reason
    level: int
    """The highest step that this window crosses by itself; -1: none. Every lower step is crossed too."""
    calm_from: int
    """The lowest step whose clear condition holds; all above it hold too. The number of steps: none holds."""
    severity: PerceivedSeverity | None
    """Severity of step `level`."""
    n: int
    """Sample size: the denominator of a share, else the count."""
    observed: float
    """The measured value: a count, or a share in [0, 1]; 0 where there is none."""
    expected: float | None = None
    """What the cell's baseline, or the rule's target, expects."""
    expected_error: float | None = None
    """Standard deviation of `expected`, over it: 0.1 says that it is known to about 10 %."""
    lower: float | None = None
    upper: float | None = None
    """Ends of the interval that was judged: of a share, or of the counts that are still normal."""
    threshold: float | None = None
    """The limit that was crossed, or the lowest one where none was; in the unit of `observed`."""
    p_value: float | None = None
    """Probability of a count at least this large if nothing has changed."""
    window_seconds: int | None = None
    """Length of what `observed` was counted over, where that is not the rule's window."""
    is_judged: bool = True
    """Whether the window said anything: if not, neither streaks nor holds go on."""

    @property
    def clear(self) -> bool:
        """Whether the clear condition of the lowest step holds, and so of every step."""
        return self.calm_from == 0
