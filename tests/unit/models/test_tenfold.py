"""An outage with ten times the complaints that are usual where it is: drawn timelines, and the same whoever dies on the way."""

from typing import Any, Final

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.joined import AgainstUsual, Incident
from models.linking import Facts
from models.usual import LEARNED_FIRST
from tests.unit.models.outages import Bench, at, complaint, element, report
from tests.unit.models.test_joining_order import Log, Owner

USUAL: Final = 4
"""Complaints an hour on ordinary days, one a quarter."""


def ordinary(bench: Bench, hours: int, **fields: Any) -> None:
    """Let so many hours from midnight be as usual: a look every hour."""
    for hour in range(hours):
        bench.take(
            *(complaint(f"u-{hour}-{part}", f"{hour}:{15 * part + 7}", **fields) for part in range(USUAL))
        )


def crowd(count: int, clock: str, first: int = 0, **fields: Any) -> list[Facts]:
    """Return complaints of ten minutes from a clock time on."""
    hours, minutes = clock.split(":")
    return [
        complaint(f"x-{clock}-{first + n}", f"{hours}:{int(minutes) + n % 10}", **fields)
        for n in range(count)
    ]


def against(bench: Bench, alarm: str = "a") -> AgainstUsual:
    found = bench.last[alarm].against_usual
    assert found is not None
    return found


def test_ten_times_the_usual_is_one_level_more_severe() -> None:
    """Told once, with the figures; what was clears no more.

    usual       4 an hour ..................... 60:00
    alarm                                       60:05 minor --------- 62:00
    complaints                                  60:20 |30   60:40 |30 more
    told                                        minor       major, tenfold
    """
    bench = Bench()
    ordinary(bench, 60)
    bench.take(report("a", "60:05", "minor"), *crowd(30, "60:20"))
    first = bench.last["a"]
    assert first.perceived_severity == "minor"
    assert (against(bench).complaints, against(bench).basis, against(bench).tenfold) == (32, "region", False)
    assert against(bench).usual == pytest.approx(USUAL, abs=1.5)
    bench.take(*crowd(30, "60:40"))
    found = bench.last["a"]
    assert (found.perceived_severity, found.priority) == ("major", 3)
    assert set(found.reasons) == {"linked", "tenfold", "updated"}
    assert (against(bench).complaints, against(bench).tenfold) == (60, True)
    assert against(bench).complaints > 10 * against(bench).usual
    assert (against(bench).since, against(bench).until) == ("2026-03-03T12:00:00Z", "2026-03-03T13:00:00Z")
    bench.take(report("a", "62:00", "cleared"), *crowd(2, "63:30"))
    bench.take(complaint("later", "70:00", region="31"))
    assert bench.last["a"].status == "closed"
    assert against(bench).complaints == 60, "the hour that was the worst is told to the end"
    assert sum("tenfold" in one.reasons for one in bench.incidents) == 1


def test_of_less_than_one_usual_one_is_taken() -> None:
    """Where next to nothing is usual, ten complaints are not yet ten times of it.

    usual of BRD.DOWN in 31    nothing; in 44 some    |
    complaints                                        ten ... and one
    """
    bench = Bench()
    ordinary(bench, 40)
    many = crowd(10, "40:10", subcategory="BRD.DOWN", region="31", product="home")
    bench.take(report("a", "40:05", "minor", region="31"), *many)
    assert (against(bench).usual, against(bench).tenfold) == (0, False)
    bench.take(*crowd(1, "40:30", subcategory="BRD.DOWN", region="31", product="home"))
    assert against(bench).tenfold
    assert bench.last["a"].perceived_severity == "major"


def test_nothing_is_usual_on_the_first_day() -> None:
    """A day is learned, which takes three and a half hours more; the hour four hours later is the first."""
    bench = Bench()
    ordinary(bench, 26)
    bench.take(report("a", "26:05", "minor"), *crowd(90, "26:20"))
    assert bench.last["a"].against_usual is None
    assert bench.last["a"].perceived_severity == "minor"
    assert LEARNED_FIRST == 24 * 3600


def test_what_outages_explain_is_not_learned_as_usual() -> None:
    """Three hours of sixty complaints on each of two evenings: the third evening is held against ordinary ones.

    evening 1  20:00 |||||||||| 23:00     evening 2 ||||||||||     evening 3 |||
    """
    bench = Bench()
    for day in range(3):
        for hour in range(24):
            bench.take(
                *(complaint(f"u-{day}-{hour}-{n}", f"{24 * day + hour}:{15 * n + 7}") for n in range(USUAL))
            )
            if hour >= 20 and day < 2:
                clock = 24 * day + hour
                alarm = f"a-{day}"
                if hour == 20:
                    bench.take(report(alarm, f"{clock}:00", "major"))
                bench.take(*crowd(60, f"{clock}:30"))
                if hour == 23:
                    bench.take(report(alarm, f"{clock}:59", "cleared"))
    bench.take(report("c", "68:00", "minor"))
    evening = bench.desk.usuals.parts("44", at("68:00"))
    assert sum(evening.values()) < 2 * USUAL


def test_an_element_is_held_against_its_own_share() -> None:
    """Twelve complaints on one of forty OLTs are more than ten times what falls to it, though the region has more in any hour.

    region 44   24 an hour, 20 of them on forty OLTs .......... 40:00
    olt-3       one in two hours                                40:10 |12
    """
    bench = Bench()
    bench.take(*(element(f"olt-{number}") for number in range(40)))
    for hour in range(40):
        bench.take(
            *(
                complaint(f"u-{hour}-{n}", f"{hour}:{3 * n}", element=f"olt-{(7 * hour + n) % 40}")
                for n in range(20)
            ),
            *(complaint(f"v-{hour}-{n}", f"{hour}:{15 * n + 7}") for n in range(4)),
        )
    bench.take(report("a", "40:05", "minor", element_ids=("olt-3",)), *crowd(12, "40:10", element="olt-3"))
    found = against(bench)
    assert (found.basis, found.share, found.tenfold) == ("element", 0.025, True)
    assert found.complaints in range(12, 15), "the usual ones on it are among them"
    assert found.usual == pytest.approx(20 / 40, abs=0.5)
    assert bench.last["a"].perceived_severity == "major"


def test_planned_work_that_swells_is_more_severe_too() -> None:
    """Work that customers complain of ten times as much as usual has gone wrong."""
    bench = Bench()
    ordinary(bench, 40)
    work = report(
        "a", "40:00", "minor", planned_outage_indicator=True, raised_time="40:00", planned_end_time="44:00"
    )
    bench.take(work, *crowd(80, "40:20"))
    assert bench.last["a"].planned_outage
    assert bench.last["a"].perceived_severity == "major"


def test_alarms_that_turn_out_to_be_one_are_compared_together() -> None:
    """Neither half is ten times the usual, together they are; the part that ended as merged says nothing of it any more."""
    bench = Bench()
    bench.take(element("core"), element("olt-1", "core"), element("olt-2", "core"))
    ordinary(bench, 40)
    bench.take(
        report("a", "40:05", "minor", element_ids=("olt-1",)),
        report("b", "40:25", "minor", element_ids=("olt-2",)),
        *crowd(9, "40:30", element="olt-1"),
        *crowd(9, "40:30", element="olt-2", first=50),
    )
    assert not against(bench, "a").tenfold
    assert not against(bench, "b").tenfold
    bench.take(report("b", "40:41", "minor", element_ids=("olt-2",), parent_alarm_id="a"))
    assert against(bench, "a").tenfold
    last = [one for one in bench.incidents if one.underlying_alarm[0].id == "b"][-1]
    assert (last.parent_problem, last.against_usual) == (bench.last["a"].id, None)


stories = st.tuples(
    st.integers(24 * 60, 40 * 60),
    st.integers(10, 400),
    st.lists(st.tuples(st.integers(24 * 60, 44 * 60), st.integers(1, 40)), max_size=4),
)
walks = st.lists(st.sampled_from(["0", "1", "both", "write", "die"]), max_size=40)


def log_of(raised: int, lasts: int, bursts: list[tuple[int, int]]) -> Log:
    """Return two days of four complaints an hour in two partitions, with bursts, and one outage."""
    minutes = [(15 * n + 7, 0) for n in range(4 * 48)]
    minutes += [(minute + n % 7, 1) for minute, count in bursts for n in range(count)]
    sources: list[list[Facts]] = [[], []]
    for number, (minute, _) in enumerate(sorted(minutes)):
        source = sources[number % 2]
        source.append(complaint(f"c{number % 2}-{len(source)}", f"0:{minute}"))
    faults = [report("a", f"0:{raised}", "minor"), report("a", f"0:{raised + lasts}", "cleared")]
    return Log(faults, sources)


def figures(log: Log) -> dict[str, Any]:
    """Return what incidents came to, by id."""
    told: dict[str, Incident] = {}
    for one in log.told:
        told[one.id] = one
    return {id: (one.status, one.perceived_severity, one.against_usual) for id, one in told.items()}


def learned(log: Log) -> Any:
    return log.learned, {key: msgspec.json.decode(kept) for key, kept in log.usual.items()}


@example(
    (1763, 10, [(1440, 1), (1740, 22)]), []
)  # an outage that was due too late for a usual hour that was forgotten
@given(stories, walks)
def test_an_owner_that_dies_anywhere_tells_and_learns_the_same(
    story: tuple[int, int, list[tuple[int, int]]], walk: list[str]
) -> None:
    """However often it looks, and whoever takes over: the same figures, the same severity, the same state to the last digit.

    owner 1 ...| dies     owner 2 ......| dies    owner 3 ...
    """
    undisturbed, log = log_of(*story), log_of(*story)
    finish(undisturbed.owner(), steps=7)
    owner = log.owner()
    for step in walk:
        if step == "die":
            owner = log.owner()
            read_faults(owner)
        elif step == "write":
            owner.write()
        else:
            for partition in (0, 1) if step == "both" else (int(step),):
                for _ in range(9):
                    owner.read(partition)
    owner = log.owner()
    read_faults(owner)
    finish(owner, steps=60)
    assert figures(log) == figures(undisturbed)
    assert learned(log) == learned(undisturbed)


def read_faults(owner: Owner) -> None:
    while owner.next_fault < len(owner.log.faults):
        owner.read(None)


def finish(owner: Owner, steps: int) -> None:
    """Read everything, with so many records between two looks."""
    read_faults(owner)
    while any(queue.next < len(owner.log.sources[queue.partition]) for queue in owner.desk.queues):
        for _ in range(steps):
            owner.read(0)
            owner.read(1)
        owner.write()
    owner.write()
    owner.write()
