"""Which warnings are meant: the labels of a warning, and texts that they are held against.

A matcher is a label with what it must be: a value, several parted by `|`, or `*` for any that is there. All matchers of
a set must agree. What a warning does not have is the empty text.
"""

from collections.abc import Mapping
from typing import Final

from models.cells import dimensions_of
from models.outcomes import EarlyWarning

FIXED: Final = ("warning", "rule", "kind", "stream", "severity", "department", "cell")
"""Labels that every warning has; the dimensions of its cell and the rule's own labels come beside them."""
ANY: Final = "*"

Matchers = Mapping[str, str]


def labels_of(warning: EarlyWarning) -> dict[str, str]:
    """Return everything that a matcher may name. A dimension hides a rule's own label of its name."""
    return {
        **warning.labels,
        **dimensions_of(warning.cell),
        "warning": warning.id,
        "rule": warning.rule,
        "kind": warning.kind,
        "stream": warning.stream,
        "severity": warning.severity,
        "department": warning.department,
        "cell": warning.cell,
    }


def matches(matchers: Matchers, labels: Mapping[str, str]) -> bool:
    """Return whether every matcher agrees; an empty set agrees with everything."""
    return all(agrees(wanted, labels.get(label, "")) for label, wanted in matchers.items())


def agrees(wanted: str, value: str) -> bool:
    """Return whether one value is what is wanted."""
    if wanted == ANY:
        return bool(value)
    return value in wanted.split("|")
