"""Network elements about which too many customers complain: since when, and what they are held against.

What is tolerated of an element follows from the hour before; half an hour after an outage began its own complaints are in
that hour. So what was tolerated when they began to be too many is kept: a slow beginning is not forgiven because it is
slow. Owns the list; whether they are too many is `models.suspects`.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from models.joined import Watched
from models.scan import CALM_ABOVE, CALM_FOR, KEPT_FOR
from models.suspects import Findings

WATCHED_MAX: Final = 100
"""Elements of a region; of more, those with the smallest p are taken on."""


class Watchlist:
    """Of all regions."""

    def __init__(self, watched: Iterable[Watched] = ()) -> None:
        self._by_region: dict[str, dict[str, Watched]] = {}
        for one in watched:
            self._by_region.setdefault(one.region, {})[one.element] = one

    @property
    def regions(self) -> Iterable[str]:
        """Those that have an element on the list."""
        return self._by_region.keys()

    def kept(self, region: str, now: int) -> Mapping[str, float]:
        """Return element -> what is tolerated of it, of those for which that is kept."""
        watched = self._by_region.get(region, {})
        return {element: one.share for element, one in watched.items() if now < one.since + KEPT_FOR}

    def note(self, region: str, findings: Findings, now: int) -> None:
        """Take note of what a minute showed of a region."""
        watched = self._by_region.setdefault(region, {})
        # What hangs together is let go together: a site is not forgiven twelve hours before its cells.
        since = min((one.since for one in watched.values()), default=now)
        many = [element for element, p in findings.p.items() if p <= CALM_ABOVE]
        for element in sorted(many, key=lambda one: (findings.p[one], one)):
            if element in watched:
                watched[element] = replace(watched[element], seen=now)
            elif len(watched) < WATCHED_MAX:
                share = findings.shares[element].tolerated
                watched[element] = Watched(region=region, element=element, share=share, since=since, seen=now)
        for element in [element for element, one in watched.items() if one.seen + CALM_FOR <= now]:
            del watched[element]
        if not watched:
            del self._by_region[region]

    def state(self) -> tuple[Watched, ...]:
        """Return the list, for a successor."""
        return tuple(
            self._by_region[region][element]
            for region in sorted(self._by_region)
            for element in sorted(self._by_region[region])
        )
