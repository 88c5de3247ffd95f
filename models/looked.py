"""What one look at faults and complaints changes: `models.joining` makes it, the shell writes it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from models.joined import Incident, IncidentState, UsualCell, UsualOpen
from models.linking import Facts, Link
from models.notices import ProactiveNotice


class Joined(NamedTuple):
    """What has changed since the last look."""

    links: list[tuple[Facts, Link | None]]
    """Complaints whose link is another now; None: they have none any more."""
    incidents: list[Incident]
    """With sequence and reasons."""
    states: dict[str, IncidentState | None]
    """Incident id -> what to keep of it; None: forget it."""
    notices: Sequence[ProactiveNotice] = ()
    """To customers."""
    usual: Mapping[str, UsualCell | UsualOpen | None] = {}
    """Key -> what to keep of what is usual; None: forget it."""
