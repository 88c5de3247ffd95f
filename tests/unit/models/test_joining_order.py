"""What is joined depends on what arrives and not on its order, nor on who dies on the way."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from models.alarmfold import Report
from models.events import TopologyElement
from models.held import Stamp
from models.joined import Incident, IncidentState, SourcePosition, UsualCell, UsualOpen, UsualPosition
from models.joining import Desk
from models.linking import Facts, Link
from models.looked import Joined
from models.notices import ProactiveNotice
from models.usual import is_open
from tests.unit.models.outages import EXPLANATIONS, NAMES, SOURCE, Bench, at, complaint, element, report

ALARMS = ("a", "b", "c")
ELEMENTS = ("e1", "e2", "e3")

reports = st.builds(
    lambda alarm, minute, severity, parent, elements, region: report(
        alarm,
        f"10:{minute:02d}",
        severity,
        raised_time=None,
        parent_alarm_id="" if parent == alarm else parent,
        element_ids=tuple(elements),
        region=region,
    ),
    st.sampled_from(ALARMS),
    st.integers(0, 59),
    st.sampled_from(["critical", "minor", "cleared"]),
    st.sampled_from(["", "", *ALARMS]),
    st.lists(st.sampled_from(ELEMENTS), max_size=2, unique=True),
    st.sampled_from(["44", "44", "31", "unknown"]),
)
complaints = st.builds(
    lambda minute, element, region, subcategory, urge: (minute, element, region, subcategory, urge),
    st.integers(0, 75),
    st.sampled_from(["", "", *ELEMENTS]),
    st.sampled_from(["44", "44", "31", "unknown"]),
    st.sampled_from(["NET.OUTAGE", "NET.DATA", "BRD.DOWN", "BIL.OVER"]),
    st.booleans(),
)
trees = st.dictionaries(st.sampled_from(ELEMENTS), st.sampled_from(["", *ELEMENTS])).map(
    lambda tree: [element(id, "" if parent == id else parent) for id, parent in tree.items()]
)


def facts_of(drawn: list[Any]) -> list[Facts]:
    return [
        complaint(f"c{number}", f"9:{minute}", subcategory, element=element, region=region, is_urge=urge)
        for number, (minute, element, region, subcategory, urge) in enumerate(drawn)
    ]


def in_force(incidents: dict[str, Incident]) -> dict[str, Incident]:
    """Return what does not depend on the way: without those that were merged, sequences and reasons."""
    return {
        id: msgspec.structs.replace(one, sequence=0, reasons=())
        for id, one in incidents.items()
        if not (one.status == "cancelled" and one.trouble_ticket_count == 0)
    }


@given(
    st.lists(reports, max_size=8, unique_by=lambda one: one[:2]),
    st.lists(complaints, max_size=8).map(facts_of),
    trees,
    st.data(),
)
def test_any_order_and_repetition_gives_the_same_links_and_incidents(
    faults: list[Report], facts: list[Facts], tree: list[TopologyElement], data: st.DataObject
) -> None:
    """Faults, complaints and topology shuffled and some of them twice, with a look at any moment."""
    arrivals: list[Any] = [*faults, *facts, *tree]
    plain, shuffled = Bench(), Bench()
    plain.take(*arrivals)
    twice = data.draw(st.lists(st.sampled_from(faults), max_size=3)) if faults else []
    for arrival in data.draw(st.permutations([*arrivals, *twice])):
        shuffled.take(arrival, look=data.draw(st.booleans()))
    shuffled.look()
    assert {id: link for id, link in shuffled.links.items() if link} == plain.links
    assert in_force(dict(shuffled.desk.told)) == in_force(dict(plain.desk.told))


class Log:
    """Topics of two partitions of complaints and one of faults, read by owners that die."""

    def __init__(self, faults: list[Report], sources: list[list[Facts]]) -> None:
        self.faults = [one._replace(offset=number) for number, one in enumerate(faults)]
        self.sources = sources
        self.states: dict[str, bytes] = {}
        self.usual: dict[str, bytes] = {}
        self.learned: UsualPosition | None = None
        self.positions: dict[int, SourcePosition] = {}
        self.fault_offset, self.watermark = 0, 0
        self.links: dict[str, Link | None] = {}
        self.told: list[Incident] = []
        self.notices: list[ProactiveNotice] = []
        self.link_records: list[tuple[str, Link | None]] = []

    def owner(self) -> "Owner":
        return Owner(self)


class Owner:
    """What the shell does, without a broker."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.desk = Desk(
            len(log.sources), EXPLANATIONS, NAMES, log.positions, log.watermark, usual=log.learned
        )
        for key, kept in log.usual.items():
            self.desk.usuals.restore(
                msgspec.json.decode(kept, type=UsualOpen)
                if is_open(key)
                else msgspec.json.decode(kept, type=UsualCell)
            )
        decode = msgspec.json.Decoder(IncidentState).decode
        for value in log.states.values():
            self.desk.restore(decode(value))
        for id, link in log.links.items():
            self.desk.restore_link(("", id), link)
        self.next_fault = log.fault_offset

    def read(self, partition: int | None) -> None:
        """Read one record: a fault, or a complaint of `partition`."""
        if partition is None:
            for one in self.log.faults[self.next_fault : self.next_fault + 1]:
                self.desk.put_fault(one)
                self.next_fault += 1
            return
        queue, source = self.desk.queues[partition], self.log.sources[partition]
        for facts in source[queue.next : queue.next + 1]:
            # Faults are read as they come: those that were reported before the complaint are known.
            while (
                self.next_fault < len(self.log.faults) and self.log.faults[self.next_fault].time <= facts.time
            ):
                self.read(None)
            number = queue.next
            self.desk.put_complaint(partition, Stamp(number, 0, SOURCE, int(facts.id.split("-")[1])), facts)

    def write(self) -> None:
        """Look and write, all or nothing; only when it is ready."""
        if not self.desk.is_ready:
            return
        behind = [
            queue.partition
            for queue in self.desk.queues
            if queue.next < len(self.log.sources[queue.partition])
        ]
        joined: Joined = self.desk.look(behind)
        log = self.log
        for facts, link in joined.links:
            log.links[facts.id] = link
            log.link_records.append((facts.id, link))
        log.told += joined.incidents
        log.notices += joined.notices
        for id, state in joined.states.items():
            if state is None:
                log.states.pop(id, None)
            else:
                log.states[id] = msgspec.json.encode(state)
        for key, kept in joined.usual.items():
            if kept is None:
                log.usual.pop(key, None)
            else:
                log.usual[key] = msgspec.json.encode(kept)
        log.learned = self.desk.usuals.position
        log.positions = {one.partition: one for one in self.desk.positions()}
        log.watermark = self.desk.watermark
        oldest = self.desk.book.oldest_offset()
        log.fault_offset = self.next_fault if oldest is None else oldest

    def finish(self) -> None:
        """Read everything, then look until nothing changes."""
        while self.next_fault < len(self.log.faults):
            self.read(None)
        while any(queue.next < len(self.log.sources[queue.partition]) for queue in self.desk.queues):
            for partition in range(len(self.log.sources)):
                self.read(partition)
                self.write()
        self.write()
        self.write()


def sources_of(drawn: list[int]) -> list[list[Facts]]:
    """Return two partitions over twelve hours, in order of time, some records again as after a writer's crash."""
    minutes = sorted(drawn)
    sources: list[list[Facts]] = [[], []]
    for number, minute in enumerate(minutes):
        source = sources[number % 2]
        source.append(complaint(f"c{number % 2}-{len(source)}", f"10:{minute}"))
    return [source and [*source[:5], *source[2:]] for source in sources]


steps = st.lists(st.sampled_from(["fault", "0", "1", "0", "1", "write", "die"]), max_size=60)


@given(st.lists(st.integers(0, 720), max_size=30), st.integers(0, 300), st.integers(1, 300), steps)
def test_an_owner_that_dies_anywhere_changes_no_count(
    minutes: list[int], raised: int, lasts: int, walk: list[str]
) -> None:
    """Two outages, complaints before, during and after them; every complaint is counted once in the incident.

    owner 1 ...| dies     owner 2 ......| dies    owner 3 ...
    """
    faults = [
        report("a", f"10:{raised}"),
        report("b", f"10:{raised + 20}", "minor", region="31"),
        report("a", f"10:{raised + lasts}", "cleared"),
    ]
    undisturbed = Log(faults, sources_of(minutes))
    undisturbed.owner().finish()
    log = Log(faults, sources_of(minutes))
    owner = log.owner()
    for step in walk:
        if step == "die":
            owner = log.owner()
            while owner.next_fault < len(faults):
                owner.read(None)
        elif step == "write":
            owner.write()
        else:
            owner.read(None if step == "fault" else int(step))
    owner = log.owner()
    owner.finish()
    window = range(raised - 30, raised + lasts + 120 + 1)
    mine = {
        facts.id: facts
        for source in log.sources
        for facts in source
        if (facts.time - at("10:00")) // 60 in window
    }
    assert {id for id, link in log.links.items() if link} == set(mine)
    assert [found[0] for found in last(log).values()] == ([len(mine)] if mine else [])
    assert last(log) == last(undisturbed)
    by_id: dict[str, list[Incident]] = {}
    for one in log.told:
        by_id.setdefault(one.id, []).append(one)
    for records in by_id.values():
        assert [one.sequence for one in records] == list(range(1, len(records) + 1)), (
            "without holes or repeats"
        )
        counts = [one.trouble_ticket_count for one in records]
        assert counts == sorted(counts), "a successor tells nothing before it knows what its predecessor knew"
    assert len(log.link_records) == len(set(log.link_records)), "nor a link that was told already"


def last(log: Log) -> dict[str, tuple[int, dict[str, int], tuple[str, ...]]]:
    """Return what each incident came to; one that was long over when it was first heard of may not be told at all."""
    found = {
        one.id: (
            one.trouble_ticket_count,
            one.link_reasons,
            tuple(ticket.id for ticket in one.trouble_ticket),
        )
        for one in sorted(log.told, key=lambda one: one.sequence)
    }
    return {id: told for id, told in found.items() if told[0]}
