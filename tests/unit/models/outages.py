"""Faults, complaints and a desk for tests: times are written as clock times of one day."""

from typing import Any, Final

from models.alarmfold import Report
from models.events import NetworkFault, PerceivedSeverity, TopologyElement
from models.explains import load_explanations
from models.held import Stamp
from models.joined import Incident
from models.joining import Desk
from models.linking import Facts
from models.naming import load_names
from models.notices import ProactiveNotice

DAY: Final = 1_772_323_200
"""Midnight UTC, 1 March 2026."""
SOURCE: Final = "topic-1"
EXPLANATIONS: Final = load_explanations()
NAMES: Final = load_names()


def at(clock: str) -> int:
    """Return the epoch seconds of `10:30` or `10:30:15`; hours may pass 24."""
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    return DAY + hours * 3600 + minutes * 60 + (seconds[0] if seconds else 0)


def report(alarm: str, clock: str, severity: str = "critical", **fields: Any) -> Report:
    """Return a report of `alarm`; times among `fields` are clock times."""
    for name in ("raised_time", "cleared_time", "planned_end_time"):
        if isinstance(fields.get(name), str):
            fields[name] = at(fields[name]) * 1000
    fields = {"region": "44", "affected_services": ("mobile", "broadband")} | fields
    time, offset = at(clock), fields.pop("offset", 0)
    id = fields.pop("id", f"{alarm}-{clock}-{severity}")
    fault = NetworkFault(
        time=time * 1000, id=id, alarm_id=alarm, perceived_severity=PerceivedSeverity(severity), **fields
    )
    return Report(time, id, offset, fault)


def complaint(id: str, clock: str, subcategory: str = "NET.OUTAGE", **fields: Any) -> Facts:
    """Return a complaint from Guangdong about a dead mobile network."""
    given: dict[str, Any] = {
        "source": "",
        "region": "44",
        "element": "",
        "product": "mobile",
        "is_urge": False,
    } | fields
    return Facts(id=id, time=at(clock), subcategory=subcategory, **given)


def element(id: str, parent: str = "", region: str = "44", **fields: Any) -> TopologyElement:
    given = {"kind": "olt"} | fields
    return TopologyElement(time=DAY * 1000, element_id=id, parent_id=parent, region=region, **given)


class Bench:
    """A desk whose one partition is fed in the order of calls."""

    def __init__(self, desk: Desk | None = None) -> None:
        self.desk = desk or Desk(1, EXPLANATIONS, NAMES)
        self.links: dict[str, tuple[str, float, str] | None] = {}
        """Complaint -> the link in force: alarm, score, reason."""
        self.incidents: list[Incident] = []
        self.notices: list[ProactiveNotice] = []
        self._offset = 0

    def take(self, *arrivals: Report | Facts | TopologyElement, look: bool = True) -> list[Incident]:
        """Take in, look, and return what changed."""
        for arrival in arrivals:
            if isinstance(arrival, Report):
                self.desk.put_fault(arrival)
            elif isinstance(arrival, Facts):
                self.desk.put_complaint(0, Stamp(self._offset, 0, SOURCE, self._offset), arrival)
                self._offset += 1
            else:
                self.desk.put_element(arrival)
        return self.look() if look else []

    def look(self) -> list[Incident]:
        joined = self.desk.look()
        for facts, link in joined.links:
            self.links[facts.id] = (link.alarm, link.score, str(link.reason)) if link else None
        self.incidents += joined.incidents
        self.notices += joined.notices
        return joined.incidents

    @property
    def last(self) -> dict[str, Incident]:
        """Root alarm -> the record in force."""
        found = sorted(self.incidents, key=lambda one: one.sequence)
        return {one.underlying_alarm[0].id: one for one in found}

    def linked(self) -> dict[str, str]:
        """Complaint -> alarm, of those that are linked."""
        return {id: link[0] for id, link in self.links.items() if link}
