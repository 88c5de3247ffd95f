"""Days of one cell, drawn: what people would see of the early warnings.

Every scenario begins after sixteen calm days of about 20 complaints an hour under the profile (Monday 5 to Tuesday 20
January 2026); what happens in a quarter of an hour is put into its first minute.
"""

from collections.abc import Callable
from random import Random

import pytest

from models.calendar import Calendar
from models.judge import StreamJudge
from models.measures import Stream
from models.pane import DAY, HOUR
from models.prior import load_prior
from tests.unit.models.judging import (
    ANSWERED,
    SATISFIED,
    SURGE,
    ZONE,
    Recorded,
    identities,
    local,
    rule_set,
    told,
    vector,
)  # fmt: skip
from tests.unit.models.test_baseline import CALENDAR, poisson

CELL = "region=44,category=NET"
BILLS = "region=44,category=BIL"
QUARTER = 900
PRIOR = load_prior()
WARM = local("2026-01-05T00:00")
WEDNESDAY = local("2026-01-21T00:00")

Counts = Callable[[int], int]


def complaints(count: int) -> list[int]:
    """A vector of distinct complaints."""
    return vector(Stream.COMPLAINTS, raw=count, distinct=count)


def calm(cell: str, seed: int) -> Counts:
    """Poisson counts at 20 an hour under the profile of the cell, without any billing peak."""
    shape = PRIOR.of(cell).shape
    random = Random(seed)
    return lambda start: poisson(random, 5.0 * shape[CALENDAR.at(start).slot])


def feed(recorded: Recorded, until: int, **cells: Counts) -> list[str]:
    """Close quarters until `until`; `cells` are given as net or bil."""
    names = {"net": CELL, "bil": BILLS}
    found = []
    start = recorded.judge.closed_until
    assert start is not None
    for quarter in range(start, until, QUARTER):
        counts = {names[key]: counts(quarter) for key, counts in cells.items()}
        found += recorded.quarter(
            quarter, {cell: complaints(count) for cell, count in counts.items() if count}
        )
    return told(found)


@pytest.fixture(scope="module")
def warm() -> Recorded:
    """Sixteen calm days."""
    recorded = Recorded(StreamJudge(Stream.COMPLAINTS, rule_set(SURGE), Calendar(ZONE)))
    net, bil = calm(CELL, 1), calm(BILLS, 2)
    for start in range(WARM, WEDNESDAY, QUARTER):
        counts = {CELL: net(start), BILLS: bil(start)}
        recorded.quarter(start, {cell: complaints(count) for cell, count in counts.items()})
    assert recorded.ledger == []
    return recorded


@pytest.fixture
def day(warm: Recorded) -> Recorded:
    """Wednesday 21 January, 09:00, with the calm days in memory."""
    recorded = warm.restored()
    assert feed(recorded, WEDNESDAY + 9 * HOUR, net=calm(CELL, 3)) == []
    return recorded


def play(recorded: Recorded, counts: list[int]) -> list[str]:
    """Let the quarters from now on have these counts."""
    start = recorded.judge.closed_until
    assert start is not None
    return feed(recorded, start + len(counts) * QUARTER, net=lambda at: counts[(at - start) // QUARTER])


def test_rise_is_confirmed_escalates_and_clears(day: Recorded) -> None:
    """About 7 a quarter are expected.

    09:15 :30 :45 10:00 :15 :30 :45 11:00
      6   20  21   45    80   6   7    6
           |   |    |     |   |        |
      pending  |   major  |   recovering
             minor     critical      cleared
    """
    assert play(day, [6, 20, 21, 45, 80, 6, 7, 6]) == [
        "09:45 raised minor",
        "10:00 escalated major",
        "10:15 escalated critical",
        "10:30 recovering critical",
        "11:00 cleared cleared",
    ]
    assert [one.sequence for one in day.ledger] == [1, 2, 3, 4, 5]
    assert len({one.id for one in day.ledger}) == 1


def test_warning_explains_itself(day: Recorded) -> None:
    """Rule, window, count, expectation, probability, names in two languages and the department are in the event."""
    play(day, [45])
    raised, escalated = day.ledger
    assert (raised.severity, escalated.severity) == ("minor", "major")
    assert (raised.rule, raised.kind, raised.measure, raised.window_seconds) == (
        "SURGE",
        "surge",
        "distinct",
        900,
    )
    assert (raised.n, raised.observed, raised.reason) == (45, 45.0, "above_step")
    assert raised.expected is not None
    assert 4 < raised.expected < 11
    assert raised.p_value is not None
    assert raised.p_value < 1e-6
    assert raised.threshold is not None
    assert raised.upper is not None
    assert raised.expected < raised.upper < raised.threshold <= 45
    assert raised.summary.startswith("Guangdong, Network quality: 45.0 of 45 in 15 min")
    assert escalated.summary.startswith("Worse. Guangdong")
    assert raised.summary_zh == "广东·网络质量：45.0"
    assert raised.department == "network"
    assert (raised.decided_at, raised.samples, raised.previous_episode) == ("", (), "")
    assert raised.episode_start == raised.pane == WEDNESDAY + 9 * HOUR + QUARTER


def test_one_minor_window_is_no_alarm(day: Recorded) -> None:
    """A step that asks for two windows in a row is not crossed by every other one.

    count   20  6  20  6  20  6
    """
    assert play(day, [20, 6, 20, 6, 20, 6]) == []


def test_flapping_stays_one_episode(day: Recorded) -> None:
    """On and off for three hours: one episode, whose relapses stop being told, and which ends once it has been calm.

    count   45 6 45 6 45 6 45 6 45 6 6 6 6 6 ...
            |                       |
            raised                  from here calm: eight times the hold of 30 min
    """
    written = play(day, [45, 6] * 5 + [6] * 20)
    kinds = [line.split()[1] for line in written]
    assert kinds.count("raised") == 1
    assert kinds.count("relapsed") == 3
    assert written[-2:] == ["15:30 recovering major", "15:30 cleared cleared"]
    assert len({one.id for one in day.ledger}) == 1


def test_next_surge_is_another_episode_that_names_the_first(day: Recorded) -> None:
    """What has been cleared absorbs nothing.

    count   45 6 6 6 | 45
            raised   |  raised again, sequence 1
               cleared
    """
    play(day, [45, 6, 6, 6, 45])
    first, second = day.ledger[0], day.ledger[-1]
    assert first.id != second.id
    assert day.ledger[-2].sequence == 1
    assert second.previous_episode == first.id


def test_too_few_samples_are_never_a_surge(warm: Recorded) -> None:
    """At three in the morning next to nothing is expected; four complaints are improbable, and too few.

    03:00  count  4  4  4  4        0.5 expected, at least 5 asked for
    """
    night = warm.restored()
    feed(night, WEDNESDAY + 3 * HOUR, net=calm(CELL, 3))
    assert play(night, [4, 4, 4, 4]) == []
    assert play(night, [12]) == ["04:15 raised minor", "04:15 escalated major"]


def test_month_end_peak_does_not_fire(warm: Recorded) -> None:
    """Bills are half as many again for six days; the category's prior knows, and the cell has never seen it.

    Jan 21 ........ 28 | 29 30 31 | Feb 1  2  3 | 4
    rate      20       |    30    |     32      | 20
    """
    month = warm.restored()
    usual = calm(BILLS, 5)
    random = Random(6)

    def bills(start: int) -> int:
        phase = CALENDAR.at(start).phase
        extra = {"start": 0.6, "end": 0.5, "middle": 0.0}[phase.value]
        return usual(start) + poisson(random, extra * 5.0 * PRIOR.of(BILLS).shape[CALENDAR.at(start).slot])

    assert feed(month, local("2026-02-05T00:00"), bil=bills) == []


def test_same_peak_in_the_middle_of_a_month_fires(warm: Recorded) -> None:
    """The expectation is raised at the edges only: a threefold wave of bills on the 21st is a warning."""
    middle = warm.restored()
    usual = calm(BILLS, 5)
    written = feed(middle, WEDNESDAY + DAY, bil=lambda start: 3 * usual(start))
    assert any("raised" in line for line in written)


def test_cold_cell_does_not_alarm() -> None:
    """A cell that starts with 60 a quarter is new, not surging; after a day it may alarm again.

    day      1          2
    count    60 60 60   ... 60  400
             nothing            raised
    """
    cold = Recorded(StreamJudge(Stream.COMPLAINTS, rule_set(SURGE), Calendar(ZONE)))
    start = WEDNESDAY + 9 * HOUR
    for quarter in range(start, start + 26 * HOUR, QUARTER):
        assert cold.quarter(quarter, {CELL: complaints(60)}) == []
    assert "raised" in " ".join(play(cold, [600]))


def test_hours_without_any_data_end_an_episode_and_teach_little(day: Recorded) -> None:
    """Sources fall silent for six hours in a surge: the panes close empty, which is clear; the return is no surge.

    09:15 :30        15:30
      45   0  0 ... 0  7 7 8 6
      raised  |        nothing
              cleared
    """
    assert play(day, [45] + [0] * 24 + [7, 7, 8, 6]) == [
        "09:15 raised minor",
        "09:15 escalated major",
        "09:30 recovering major",
        "10:00 cleared cleared",
    ]


def test_surge_does_not_become_the_new_normal(day: Recorded) -> None:
    """Eight hours at ten times the rate; the next day the same again is still a surge."""
    play(day, [70] * 32 + [6] * 12)
    feed(day, WEDNESDAY + DAY + 9 * HOUR, net=calm(CELL, 8))
    assert play(day, [45]) == ["09:15 raised minor", "09:15 escalated major"]


def test_satisfaction_drop_waits_for_its_interval() -> None:
    """100 answers an hour; the window is 24 h, judged every hour, and 85 % is the target.

    answers of the hour that ends at
    hour       1 .. 24 25 26 27 28 29 30 31 32 33 .. 48 49 50 51 52 53 54 55 56
    of 100       88    50 50 50 50 50 50 50 50  90 .. 90 90 90 90 90 90 90 90 90
    window %     88    86 85 83 82 80 78 77 75  75 .. 77 78 80 82 83 85 87 88 90
                             |           |                          |        |
                           minor       major               recovering     cleared
    """
    recorded = Recorded(StreamJudge(Stream.SURVEYS, rule_set(SATISFIED), Calendar(ZONE)))
    start = local("2026-01-12T00:00")
    for hour in range(60):
        satisfied = 88 if hour < 24 else 50 if hour < 32 else 90
        for quarter in range(4):
            totals = {"region=44": vector(Stream.SURVEYS, csat_n=100, csat_satisfied=satisfied)}
            recorded.quarter(start + hour * HOUR + quarter * QUARTER, {} if quarter else totals)
    found = [((one.pane - start) // HOUR, one.transition, one.severity) for one in recorded.ledger]
    assert found == [
        (27, "raised", "minor"),
        (31, "escalated", "major"),
        (53, "recovering", "major"),
        (56, "cleared", "cleared"),
    ]
    raised = recorded.ledger[0]
    assert raised.upper is not None
    assert raised.lower is not None
    assert raised.lower < raised.observed < raised.upper < 0.85
    assert (raised.n, raised.expected) == (2400, 0.85)


def test_answer_rate_falls_and_recovers() -> None:
    """60 calls every five minutes; the window is 15 min, judged every five.

    min       5    10   15   20   25   30   35   40   45   50   55   60
    in time  57    57   57   30   30   30   57   57   57   57   57   57   of 60
    window         95 % ..  80   65   50   65   80   95 ............... %
                          minor major            |     recovering  cleared
    """
    recorded = Recorded(StreamJudge(Stream.CALLS, rule_set(ANSWERED), Calendar(ZONE)))
    start = local("2026-01-12T10:00")
    written = []
    for index, within in enumerate([57, 57, 57, 30, 30, 30] + [57] * 8):
        for minute in range(5):
            totals = {} if minute else {"all": vector(Stream.CALLS, offered=60, within_threshold=within)}
            written += told(recorded.close(start + index * 300 + minute * 60, totals))
    assert written == [
        "10:20 raised minor",
        "10:25 escalated major",
        "10:45 recovering major",
        "11:00 cleared cleared",
    ]


def test_answer_rate_with_too_few_calls_holds_and_then_expires() -> None:
    """At night 4 of 10 are answered: no verdict. An episode that was open ends when two hours could not be judged.

    offered   100   10 10 10 ... 10 (two hours)
    in time    40    4  4  4 ...
             raised                 cleared (expired)
    """
    recorded = Recorded(StreamJudge(Stream.CALLS, rule_set(ANSWERED), Calendar(ZONE)))
    start = local("2026-01-12T01:00")
    written = []
    for minute in range(150):
        offered = 100 if minute == 0 else 10 if minute % 15 == 1 else 0
        totals = (
            {"all": vector(Stream.CALLS, offered=offered, within_threshold=offered * 4 // 10)}
            if offered
            else {}
        )
        written += told(recorded.close(start + minute * 60, totals))
    assert written[:3] == ["01:05 raised minor", "01:05 escalated major", "01:05 escalated critical"]
    assert written[3:] == ["03:15 cleared cleared"]
    assert recorded.ledger[-1].reason == "expired"
    assert recorded.ledger[-1].summary.startswith("Closed: too little to judge by.")


def test_warm_restart_in_the_middle_of_a_surge_changes_nothing(day: Recorded) -> None:
    """The same quarters, with a restart after each of them: the same ledger and the same state."""
    counts = [6, 20, 21, 45, 80, 6, 7, 6]
    other = day.restored()
    ledger = []
    play(day, counts)
    for count in counts:
        play(other, [count])
        ledger += other.ledger
        other = other.restored()
    assert identities(ledger) == identities(day.ledger)
    assert other.judge.to_state() == day.judge.to_state()
