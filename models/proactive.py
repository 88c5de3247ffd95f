"""Customers told before they complain: a notice when an outage begins or work is announced, updates while it lasts, one when it is over.

Who is told of what is `models.noticepolicy`, when `models.noticeplan`, in which words `models.noticetext`. Every notice is
of an incident that is told, made of alarms; one that was merged into another is told of by that one. Owns what was told last
of each, which must survive a takeover: `NoticesTold` is written in one transaction with the notice.
"""

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from hashlib import sha256
from typing import Final, NamedTuple

from models.events import PerceivedSeverity
from models.iso import iso
from models.joined import Incident, NoticesTold
from models.naming import Names
from models.noticeplan import Due, following
from models.noticepolicy import NoticePolicy
from models.notices import NoticeKind, ProactiveNotice
from models.noticetext import words_of
from models.outage import Outage
from models.pane import HOUR
from models.regions import UNKNOWN

ELEMENTS_MAX: Final = 5_000
"""Of a notice: what hangs on them is affected with them, so that the root's own say most."""
_ID_DIGITS: Final = 16


class _Looked(NamedTuple):
    """When the next notice of an outage is due, as it was known when it was looked at."""

    outage: Outage
    due: int | None


class Announcer:
    """One per desk. Not thread-safe.

    Args:
        policy: who is told of what.
        names: words for regions.
        zone: of the times in texts.
    """

    def __init__(self, policy: NoticePolicy, names: Names, zone: tzinfo) -> None:
        self._policy = policy
        self._names = names
        self._zone = zone
        self._told: dict[str, NoticesTold] = {}
        self._looked: dict[str, _Looked] = {}

    def restore(self, id: str, told: NoticesTold | None) -> None:
        """Take over what was told last of an incident."""
        if told is not None:
            self._told[id] = told

    def told(self, id: str) -> NoticesTold | None:
        """Return what was told last of an incident."""
        return self._told.get(id)

    def forget(self, id: str) -> None:
        """Forget an incident that is over."""
        self._told.pop(id, None)

    def look(
        self, outages: Mapping[str, Outage], incidents: Mapping[str, Incident], now: int
    ) -> list[ProactiveNotice]:
        """Return the notices that are due by event time `now`, by incident, then in order.

        Args:
            outages: by id.
            incidents: what is told of them, by id; of others customers are told nothing.
            now: event time.
        """
        before, self._looked = self._looked, {}
        due = []
        for id, outage in outages.items():
            looked = before.get(id)
            if looked is None or looked.outage is not outage:
                looked = self._look(id, outage, now)
            self._looked[id] = looked
            if looked.due is not None and looked.due <= now and id in incidents:
                due.append(id)
        return [notice for id in sorted(due) for notice in self._tell(outages[id], incidents[id], now)]

    def _look(self, id: str, outage: Outage, now: int) -> _Looked:
        due = following(outage, self._told.get(id), self._policy, now)
        return _Looked(outage, None if due is None else due.time)

    def _tell(self, outage: Outage, incident: Incident, now: int) -> Iterator[ProactiveNotice]:
        id = outage.id
        while True:
            told = self._told.get(id)
            due = following(outage, told, self._policy, now)
            if due is None or due.time > now:
                break
            sequence = 1 if told is None else told.sequence + 1
            if sequence == 1 and not outage.planned and self._is_told_in_part(outage):
                due = due._replace(kind=NoticeKind.PROGRESS_UPDATE)
            self._told[id] = NoticesTold(sequence=sequence, kind=due.kind, time=due.time, begun=due.begun)
            yield self._notice(outage, incident, due, sequence)
        self._looked[id] = self._look(id, outage, now)

    def _is_told_in_part(self, outage: Outage) -> bool:
        """Say whether customers know of something that has joined the outage since."""
        parts = (self._told.get(one.id) for one in outage.members if one.id != outage.id)
        return any(part is not None and part.kind != NoticeKind.RECOVERED for part in parts)

    def _notice(self, outage: Outage, incident: Incident, due: Due, sequence: int) -> ProactiveNotice:
        root, complaints = outage.root, incident.trouble_ticket_count
        regions = tuple(sorted(outage.regions))
        others = sorted(outage.elements.difference(root.elements))
        is_over = due.kind is NoticeKind.RECOVERED
        words = words_of(outage, due, self._policy, self._names, self._zone)
        return ProactiveNotice(
            id=sha256(f"{outage.id}\n{due.kind}\n{sequence}".encode()).hexdigest()[:_ID_DIGITS],
            sequence=sequence,
            kind=due.kind,
            time=iso(due.time),
            fault_id=root.alarm,
            incident_id=outage.id,
            planned=outage.planned,
            severity="cleared" if is_over else _severity(incident),
            region=root.region if root.region in regions else next(iter(regions), UNKNOWN),
            regions=regions,
            element_ids=(*root.elements, *others)[:ELEMENTS_MAX],
            affected_services=tuple(sorted(outage.services)),
            audience_size=max(0, outage.subscribers - complaints),
            complaints=complaints,
            cadence_hours=-(-(due.next - max(due.time, due.begun)) // HOUR) if due.next else 0,
            text=words.en,
            text_zh=words.zh,
            valid_until=iso(due.until),
        )


def _severity(incident: Incident) -> str:
    """Return the severity in the four levels of notices."""
    if incident.perceived_severity == PerceivedSeverity.INDETERMINATE:
        return PerceivedSeverity.WARNING
    return incident.perceived_severity
