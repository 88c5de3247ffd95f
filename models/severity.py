"""How bad alarms are (X.733)."""

from typing import Final

from models.events import PerceivedSeverity

SEVERITIES: Final = (
    PerceivedSeverity.CRITICAL,
    PerceivedSeverity.MAJOR,
    PerceivedSeverity.MINOR,
    PerceivedSeverity.WARNING,
    PerceivedSeverity.INDETERMINATE,
)
"""Worst first."""
_RANK: Final = {severity: rank for rank, severity in enumerate(SEVERITIES)}


def rank(severity: PerceivedSeverity) -> int:
    """Return how bad a severity is: 0 the worst."""
    return _RANK[severity]


def one_worse(severity: PerceivedSeverity) -> PerceivedSeverity:
    """Return the severity one level above; of the worst itself."""
    return SEVERITIES[max(0, rank(severity) - 1)]
