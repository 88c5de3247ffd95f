"""What is owed to customers and regulators depends on the alarms' times, not on who looks, how often, and who dies on the way."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.alarmfold import Report
from models.joined import Incident
from tests.unit.models.outages import report
from tests.unit.models.test_joining_order import Log, Owner, sources_of, steps

REGIONS = {"a": "44", "b": "31"}
MINUTES = 30 * 60
"""Of the story."""


def story(drawn: list[tuple[str, int, str, int]]) -> list[Report]:
    """Return reports in the order of their times, as an OSS sends them; each alarm has a region of its own."""
    return [
        report(alarm, f"10:{minute}", severity, affected_subscribers=services, region=REGIONS[alarm])
        for alarm, minute, severity, services in sorted(drawn, key=lambda one: one[1])
    ]


stories = st.lists(
    st.tuples(
        st.sampled_from(sorted(REGIONS)),
        st.integers(0, MINUTES),
        st.sampled_from(["critical", "critical", "minor", "cleared"]),
        st.sampled_from([0, 50, 2_000, 120_000, 600_000]),
    ),
    max_size=8,
    unique_by=lambda one: one[1],
).map(story)


@given(stories, st.lists(st.integers(0, MINUTES), max_size=20), steps)
def test_an_owner_that_dies_anywhere_tells_the_same(
    faults: list[Report], minutes: list[int], walk: list[str]
) -> None:
    """Notices with their times and texts, and the size of each incident; no notice twice, no class of size twice.

    owner 1 ...| dies     owner 2 ......| dies    owner 3 ...
    """
    undisturbed, log = Log(faults, sources_of(minutes)), Log(faults, sources_of(minutes))
    undisturbed.owner().finish()
    owner = log.owner()
    for step in walk:
        if step == "die":
            owner = successor(log, owner)
        elif step == "write":
            owner.write()
        else:
            owner.read(None if step == "fault" else int(step))
    successor(log, owner).finish()
    # One that was over when an owner first heard of it may not be told at all.
    known = {one.id for one in log.told} & {one.id for one in undisturbed.told}
    assert told(log, known) == told(undisturbed, known)
    assert sizes(log, known) == sizes(undisturbed, known)
    assert len({one.id for one in log.notices}) == len(log.notices)
    for id in known:
        reached = [
            size for one in log.told if one.id == id and "sized" in one.reasons for size in news(log, one)
        ]
        assert len(reached) == len(set(reached))
        sequences = [one.sequence for one in log.notices if one.incident_id == id]
        assert sequences == list(range(1, len(sequences) + 1))


def successor(log: Log, owner: Owner) -> Owner:
    """Return the next owner, who reads the topic of faults up to its end."""
    new = log.owner()
    while new.next_fault < owner.next_fault:
        new.read(None)
    return new


def told(log: Log, known: set[str]) -> list[tuple[Any, ...]]:
    """Return what of notices does not depend on the complaints that were linked by then."""
    return sorted(
        (
            one.incident_id,
            one.sequence,
            one.kind,
            one.time,
            one.valid_until,
            one.cadence_hours,
            one.text,
            one.id,
        )
        for one in log.notices
        if one.incident_id in known
    )


def sizes(log: Log, known: set[str]) -> dict[str, tuple[Any, ...]]:
    return {one.id: (one.size_class, one.size_limit) for one in log.told if one.id in known}


def news(log: Log, after: Incident) -> set[str]:
    """Return the classes that a record is the first of its incident to have passed."""
    before = [one for one in log.told if one.id == after.id and one.sequence < after.sequence]
    return passed(after) - passed(before[-1]) if before else passed(after)


def passed(incident: Incident) -> set[str]:
    return {limit.size_class for limit in incident.size_limit if limit.passed}
