"""What is suspected depends on the complaints, not on when one looked, nor on who died on the way."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from models.held import Stamp
from models.joined import Incident, IncidentState, Watched
from models.joining import Desk
from models.linking import Facts
from models.suspicion import LATENESS
from tests.examples import examples
from tests.unit.models.hidden import Watch, network
from tests.unit.models.outages import EXPLANATIONS, NAMES, SOURCE, Bench, at, complaint, report
from tests.unit.models.test_joining_order import Log, Owner

NETWORK = network()
places = st.sampled_from(["east-3-0", "east-3-1", "east-3", "east-7-0", "west-5-0", "west-5-1", "new", ""])
bursts = st.lists(
    st.tuples(
        st.integers(0, 200 * 60),
        st.lists(places, min_size=1, max_size=3),
        st.integers(3, 26),
        st.integers(10, 100),
    ),
    min_size=1,
    max_size=4,
)


def facts_of(drawn: list[Any]) -> list[Facts]:
    """Return complaints in the order of their times, an end without an element three hours later."""
    found = []
    for number, (start, names, count, spacing) in enumerate(drawn):
        for place in range(count):
            facts = complaint(
                "", "10:00", element=names[place % len(names)], customer=f"k{number}-{place % 20}"
            )
            found.append(facts._replace(time=at("10:00") + start + place * spacing))
    found.sort()
    found.append(complaint("", "17:00", "BIL.OVER"))
    found.sort(key=lambda one: one.time)
    return [facts._replace(id=f"c{number}") for number, facts in enumerate(found)]


def suspicions(bench: Bench) -> list[Incident]:
    return [one for one in bench.incidents if one.suspicion is not None]


@given(bursts.map(facts_of), st.data())
def test_neither_looks_nor_a_little_disorder_change_anything(facts: list[Facts], data: st.DataObject) -> None:
    """One look for each complaint, and looks now and then with complaints up to half a minute out of order: every record the same."""
    plain, other = Bench(), Bench()
    for bench in (plain, other):
        bench.take(*NETWORK)
    for one in facts:
        plain.take(one)
    delays = data.draw(st.lists(st.integers(0, LATENESS - 1), min_size=len(facts), max_size=len(facts)))
    late = sorted(zip(facts, delays, strict=True), key=lambda pair: pair[0].time + pair[1])
    looks = data.draw(st.lists(st.booleans(), min_size=len(facts), max_size=len(facts)))
    for (one, _), is_looked in zip(late, looks, strict=True):
        other.take(one, look=is_looked)
    other.look()
    assert told_of(suspicions(other)) == told_of(suspicions(plain))


def told_of(incidents: list[Incident]) -> list[bytes]:
    return [msgspec.json.encode(one) for one in incidents]


class HiddenLog(Log):
    """As a log of faults and complaints, and of what is watched."""

    def __init__(self, faults: list[Any], sources: list[list[Facts]]) -> None:
        super().__init__(faults, sources)
        self.suspected_to = 0
        self.watched: tuple[Watched, ...] = ()

    def owner(self) -> "HiddenOwner":
        return HiddenOwner(self)


class HiddenOwner(Owner):
    """One that knows the network."""

    log: HiddenLog

    def __init__(self, log: HiddenLog) -> None:
        super().__init__(log)
        states = [msgspec.json.decode(value, type=IncidentState) for value in log.states.values()]
        watched = msgspec.json.decode(msgspec.json.encode(log.watched), type=tuple[Watched, ...])
        self.desk = Desk(
            len(log.sources), EXPLANATIONS, NAMES, log.positions, log.watermark, log.suspected_to, watched
        )
        for one in NETWORK:
            self.desk.put_element(one)
        for state in states:
            self.desk.restore(state)
        for id, link in log.links.items():
            self.desk.restore_link(("", id), link)

    def read(self, partition: int | None) -> None:
        if partition is None:
            super().read(None)
            return
        queue, source = self.desk.queues[partition], self.log.sources[partition]
        for facts in source[queue.next : queue.next + 1]:
            self.desk.put_complaint(partition, Stamp(queue.next, 0, SOURCE, queue.next), facts)

    def write(self) -> None:
        if not self.desk.is_ready:
            return
        super().write()
        self.log.suspected_to = self.desk.suspicions.judged
        self.log.watched = self.desk.suspicions.watched


steps = st.lists(st.sampled_from(["0", "1", "0", "1", "write", "write", "die"]), max_size=examples(100))


@given(bursts.map(facts_of), steps)
def test_a_takeover_anywhere_tells_the_same(facts: list[Facts], walk: list[str]) -> None:
    """Two partitions, owners that die between any two records: all records in the log are those of one undisturbed owner.

    owner 1 ...| dies     owner 2 ......| dies    owner 3 ...
    """
    sources = [facts[number::2] for number in range(2)]
    undisturbed, log = HiddenLog([], sources), HiddenLog([], sources)
    undisturbed.owner().finish()
    owner = log.owner()
    for step in walk:
        if step == "die":
            owner = log.owner()
        elif step == "write":
            owner.write()
        else:
            for _ in range(6):
                owner.read(int(step))
    log.owner().finish()
    assert told_of(log.told) == told_of(undisturbed.told)
    raised = [one.id for one in log.told if one.reasons == ("raised",)]
    assert len(raised) == len(set(raised))


def test_whether_the_alarm_came_before_or_after_the_complaints_nothing_is_left_open() -> None:
    """It was late, or it was there: a suspicion was merged, or none was raised; the complaints are the alarm's either way."""
    alarm = report("a", "10:20", raised_time="10:00", element_ids=("east-3",))
    late, early = Watch(), Watch()
    early.take(alarm)
    for watch in (late, early):
        watch.minutes("10:00", "10:30", "east-3-0", "east-3-1")
    late.take(alarm)
    assert [one.reasons for one in late.told if one.reasons != ("linked",)] == [("raised",), ("merged",)]
    assert early.told == []
    for watch in (late, early):
        (known,) = watch.bench.desk.told.values()
        assert known.trouble_ticket_count == 30
        assert not watch.bench.desk.suspicions.told
