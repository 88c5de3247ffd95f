"""What is usual of complaints, and what incidents say of it, recomputed from the complaints that have settled and their links.

    classified complaints + links ──> hours ──> what is usual ──> compare with the owner's state
                                        └─> hours of each incident ──> compare with what it tells (`againstUsual`)

Compared is what follows from the log alone: expectations of hours that were fixed, and of incidents the hour that they name, once
none of its complaints can come any more. An incident that took others in is passed over, as is the expectation of one whose
elements lie in several regions: its shares are not told apart. Nothing is compared where the log does not have its
beginning any more, where the owner began to learn later than the log begins, or where complaints came after their hour had
been learned (`UsualPosition.late`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from agents.cluster import topic_ids
from agents.faults.arrived import complaint_of
from agents.faults.writer import POSITION_KEY
from agents.kafkaclient import Brokers
from agents.reading import TopicReader
from agents.settings import Settings
from agents.single.arrived import arrived
from agents.verify.report import Tally
from models.baseline import QUARTER, QUARTERS
from models.calendar import Calendar
from models.explains import LinkReason, load_explanations
from models.held import Queue, Stamp
from models.iso import seconds_of
from models.joined import AgainstUsual, ComplaintLink, FaultsPosition, Incident, UsualCell
from models.linking import Facts
from models.pane import HOUR
from models.tenfold import USUAL_DIGITS, is_tenfold, usual_of
from models.usual import COMPLETE_AFTER, Usuals, category_of, is_open, is_usual
from topics.catalogue import CLASSIFIED_COMPLAINTS, COMPLAINT_LINKS, INCIDENT_STATE, INCIDENTS

USUAL: Final = "usual complaints"

_position: Final = msgspec.json.Decoder(FaultsPosition).decode
_cell: Final = msgspec.json.Decoder(UsualCell).decode
_link: Final = msgspec.json.Decoder(ComplaintLink).decode
_told: Final = msgspec.json.Decoder(Incident).decode
_NAMED: Final = (LinkReason.SAME_ELEMENT, LinkReason.BELOW_ELEMENT)

Identity = tuple[str, str]


class Linked(NamedTuple):
    """The link of a complaint that is in force."""

    incident: str
    reason: str


class Written(NamedTuple):
    """What the owner of network faults wrote."""

    position: FaultsPosition
    cells: tuple[UsualCell, ...]
    links: Mapping[Identity, Linked]
    incidents: Mapping[str, Incident]
    """By id, those in force."""


def compare_usual(brokers: Brokers, settings: Settings) -> Tally:
    """Read all of it and compare.

    Raises:
        ReadingError: a topic cannot be read.
    """
    position, cells = _state(brokers)
    ids = topic_ids(brokers, [CLASSIFIED_COMPLAINTS], settings.partitions)
    if (
        position is None
        or position.usual is None
        or position.usual.late
        or position.classified_topic_id != ids[CLASSIFIED_COMPLAINTS]
    ):
        return Tally(USUAL)
    links: dict[Identity, Linked] = {}
    incidents: dict[str, Incident] = {}
    with TopicReader(brokers, COMPLAINT_LINKS) as reader:
        is_whole = not any(low for low, _ in reader.bounds().values())
        for record in reader.read():
            told = _link(record.value or b"")
            links[told.source, told.complaint_id] = Linked(told.incident_id, told.reason)
    with TopicReader(brokers, INCIDENTS) as reader:
        for record in reader.read():
            incident = _told(record.value or b"")
            known = incidents.get(incident.id)
            if known is None or incident.sequence >= known.sequence:
                incidents[incident.id] = incident
    with TopicReader(brokers, CLASSIFIED_COMPLAINTS) as reader:
        if not is_whole or any(low for low, _ in reader.bounds().values()):
            return Tally(USUAL)
        ends = {one.partition: one.offset for one in position.classified}
        read = ((one.partition, complaint_of(arrived(one))) for one in reader.read(None, ends))
        complaints = ((partition, *found) for partition, found in read if found is not None)
        calendar = Calendar(settings.zone, settings.holidays)
        return compared(Written(position, cells, links, incidents), complaints, calendar)


def _state(brokers: Brokers) -> tuple[FaultsPosition | None, tuple[UsualCell, ...]]:
    values: dict[bytes, bytes | None] = {}
    with TopicReader(brokers, INCIDENT_STATE) as reader:
        for record in reader.read():
            values[record.key or b""] = record.value
    stored = values.pop(POSITION_KEY, None)
    cells = (
        _cell(value)
        for key, value in sorted(values.items())
        if value is not None and is_usual(key.decode(errors="replace")) and not is_open(key.decode())
    )
    return None if stored is None else _position(stored), tuple(cells)


def compared(written: Written, complaints: Iterable[tuple[int, Stamp, Facts]], calendar: Calendar) -> Tally:
    """Return the differences.

    Args:
        written: by the owner.
        complaints: every classified one that has settled, by partition in the order of its log; repeats may be among them.
        calendar: in which hours and months are meant.
    """
    tally = Tally(USUAL)
    usuals = Usuals(calendar)
    quarters: dict[str, dict[int, tuple[int, int]]] = {}
    for facts, link in _settled(written, complaints):
        usuals.put(facts, explained=link is not None)
        if link is not None and not facts.is_urge:
            counts = quarters.setdefault(link.incident, {})
            start = facts.time - facts.time % QUARTER
            all_, named = counts.get(start, (0, 0))
            counts[start] = all_ + 1, named + (link.reason in _NAMED)
    usuals.learn(written.position.watermark)
    mine, theirs = usuals.position, written.position.usual
    if mine is None or theirs is None or mine.since != theirs.since:
        return tally
    for cell in written.cells:
        for hour, parts in cell.ahead:
            if usuals.is_known(hour):
                own = cell.category
                found = usuals.parts(cell.region, hour).items()
                expected = {part: count for part, count in found if category_of(part) == own}
                _say(tally, f"{cell.region},{own} at {hour}", "usual", expected, parts)
    parents = {one.parent_problem for one in written.incidents.values()}
    until = written.position.watermark - COMPLETE_AFTER
    for id, incident in sorted(written.incidents.items()):
        against = incident.against_usual
        if against is not None and id not in parents and seconds_of(against.until) <= until:
            _compare_incident(tally, incident, against, quarters.get(id, {}), usuals)
    return tally


def _settled(
    written: Written, complaints: Iterable[tuple[int, Stamp, Facts]]
) -> Iterator[tuple[Facts, Linked | None]]:
    queues: dict[int, Queue] = {}
    relevant = load_explanations().subcategories
    for partition, stamp, facts in complaints:
        is_new = queues.setdefault(partition, Queue(partition)).is_new(stamp, facts.time)
        if is_new and not relevant.isdisjoint((facts.subcategory, facts.subcategory.partition(".")[0])):
            link = written.links.get((facts.source, facts.id))
            yield facts, link if link is not None and link.incident else None


def _compare_incident(
    tally: Tally,
    incident: Incident,
    against: AgainstUsual,
    quarters: Mapping[int, tuple[int, int]],
    usuals: Usuals,
) -> None:
    since, until = seconds_of(against.since), seconds_of(against.until)
    is_named = against.basis == "element"
    hour = range(since, until, QUARTER)
    _say(
        tally,
        incident.id,
        "complaints",
        sum(quarters.get(start, (0, 0))[is_named] for start in hour),
        against.complaints,
    )
    regions = [one.id for one in incident.affected_location]
    usual = against.usual
    by_element = bool(incident.affected_resource)
    if all(usuals.is_known(start - start % HOUR) for start in hour) and (len(regions) == 1 or not by_element):
        explanations = load_explanations()
        services = explanations.of(frozenset(one.id for one in incident.affected_service))
        usual = 0.0
        for start in hour:
            here = 0.0
            for region in sorted(regions):
                loose, tied = usual_of(
                    usuals.parts(region, start - start % HOUR), services, explanations, by_element=by_element
                )
                here += tied * against.share if is_named else loose + tied * against.share
            usual += here / QUARTERS
        _say(tally, incident.id, "usual", round(usual, USUAL_DIGITS), against.usual)
    _say(tally, incident.id, "tenfold", is_tenfold(against.complaints, usual), against.tenfold)


def _say(tally: Tally, record: str, field: str, expected: object, found: object) -> None:
    tally.compared += 1
    if expected != found:
        tally.different += 1
        tally.spell(record, field, expected, found)
