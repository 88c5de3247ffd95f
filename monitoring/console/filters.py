"""What of the board somebody wants to see, and how that is written in the address of the page. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from models.cells import dimensions_of
from models.outcomes import EarlyWarning

SEVERITIES: Final = ("critical", "major", "minor", "warning")
"""Worst first (X.733); as on the board 红, 橙, 黄, 蓝."""
TAKEN: Final = ("all", "open", "taken")
"""All; those that nobody has taken on; those that somebody has."""
SORTS: Final = ("severity", "newest", "oldest")
TEXT_MAX: Final = 80


@dataclass(frozen=True, slots=True)
class Filter:
    """Empty: everything, the worst first."""

    severities: frozenset[str] = frozenset()
    text: str = ""
    """Words that must all occur in what is told of a warning."""
    region: str = ""
    category: str = ""
    rule: str = ""
    taken: str = TAKEN[0]
    held: bool = True
    """Whether warnings that are held back (silence, planned work, a fault that explains them) are shown."""
    sort: str = SORTS[0]

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filter":
        """Return the filter of an address; what it does not know is left out."""
        wanted = frozenset(query.get("severity", "").split(",")) & frozenset(SEVERITIES)
        taken, sort = query.get("taken", ""), query.get("sort", "")
        return cls(
            severities=wanted,
            text=" ".join(query.get("q", "").split())[:TEXT_MAX],
            region=query.get("region", "")[:TEXT_MAX],
            category=query.get("category", "")[:TEXT_MAX],
            rule=query.get("rule", "")[:TEXT_MAX],
            taken=taken if taken in TAKEN else TAKEN[0],
            held=query.get("held", "") != "no",
            sort=sort if sort in SORTS else SORTS[0],
        )

    @property
    def query(self) -> str:
        """The filter as it stands in an address, without what is as usual."""
        pairs = {
            "severity": ",".join(one for one in SEVERITIES if one in self.severities),
            "q": self.text,
            "region": self.region,
            "category": self.category,
            "rule": self.rule,
            "taken": "" if self.taken == TAKEN[0] else self.taken,
            "held": "" if self.held else "no",
            "sort": "" if self.sort == SORTS[0] else self.sort,
        }
        return urlencode({name: value for name, value in pairs.items() if value})

    def passes(self, warning: EarlyWarning, *, told: str, is_taken: bool, is_held: bool) -> bool:
        """Whether a warning is shown; `told` is what the reader sees of it, in small letters."""
        if self.severities and warning.severity not in self.severities:
            return False
        if (
            (is_held and not self.held)
            or (self.taken == "open" and is_taken)
            or (self.taken == "taken" and not is_taken)
        ):
            return False
        if self.rule and warning.rule != self.rule:
            return False
        if self.region or self.category:
            cell = dimensions_of(warning.cell)
            if (self.region and cell.get("region") != self.region) or (
                self.category and cell.get("category") != self.category
            ):
                return False
        return all(word in told for word in self.text.lower().split())
