"""Days ahead: which they are, when a peak is announced, and that an announcement changes nothing else."""

from math import isclose

import pytest

from models.baseline import Baseline, Expectation, Frame, expect, frame_of, learn, new_baseline, ordinary
from models.calendar import BillingPhase, Calendar
from models.decision import Reason
from models.evaluate import evaluate
from models.forecast import Forecast, days_ahead, forecast_of
from models.judge import StreamJudge
from models.measures import Stream
from models.pane import DAY, HOUR
from models.prior import load_prior
from tests.unit.models.judging import AHEAD, SURGE, ZONE, Recorded, local, only, rule_set, told, vector

RULE = only(AHEAD)
BILLS = "category=BIL"


def month(cell: str = BILLS, first: str = "2026-01-05T00:00", days: int = 20) -> tuple[Baseline, Frame]:
    """A cell that has counted twenty an hour under its profile, and what it is read against."""
    frame = frame_of(cell, load_prior(), Calendar(ZONE, "CN"))
    baseline = new_baseline(local(first) - HOUR)
    for hour in range(baseline.since, baseline.since + days * DAY, HOUR):
        count = round(20 * frame.own.shape[frame.calendar.at(hour).slot])
        learn(baseline, frame, hour, [count - 3 * (count // 4), *[count // 4] * 3])
    return baseline, frame


@pytest.mark.parametrize("judged", ["2026-01-29T00:00", "2026-01-29T08:00", "2026-01-29T23:00"])
def test_the_days_ahead_begin_with_the_next_midnight(judged: str) -> None:
    """Where the customers live, and never with the day on which it is judged."""
    start = local("2026-01-30T00:00")
    assert days_ahead(RULE, Calendar(ZONE), local(judged)) == (start, start + DAY)


def test_of_a_day_in_the_middle_of_a_month_nothing_is_announced() -> None:
    """The 21st: what is expected is what is ordinary, to the last digit."""
    baseline, frame = month(days=15)
    found = forecast_of(RULE, baseline, frame, local("2026-01-20T08:00"))
    assert found is not None
    assert isclose(found.expectation.mean, found.ordinary, rel_tol=1e-9)
    decision = evaluate(RULE, (), found)
    assert (decision.level, decision.reason) == (-1, Reason.CLEAR_CONDITION)


def test_bills_are_announced_the_day_before() -> None:
    """The prior says half as many again at the end of a month, and the cell has not seen one yet."""
    baseline, frame = month()
    start = local("2026-01-29T00:00")
    decision = evaluate(RULE, (), forecast_of(RULE, baseline, frame, start - 16 * HOUR))
    assert decision.level == 0
    assert decision.expected is not None
    assert isclose(
        decision.observed / decision.expected, load_prior().of(BILLS).phase[BillingPhase.END], rel_tol=1e-6
    )
    assert isclose(decision.observed, expect(baseline, frame, start, start + DAY).mean)
    assert isclose(decision.expected, ordinary(baseline, frame, start, start + DAY))


@pytest.mark.parametrize(
    ("mean", "usual", "level", "reason"),
    [
        (126.0, 100.0, 0, Reason.ABOVE_STEP),
        (125.0, 100.0, -1, Reason.WITHIN),
        (114.0, 100.0, -1, Reason.CLEAR_CONDITION),
        (201.0, 100.0, 1, Reason.ABOVE_STEP),
        (30.0, 9.0, -1, Reason.TOO_FEW),
    ],
)
def test_by_hand(mean: float, usual: float, level: int, reason: Reason) -> None:
    """Times the ordinary, on either side of each limit; a small cell says nothing."""
    decision = evaluate(RULE, (), Forecast(Expectation(mean, 0.01, 0.1, 3 * DAY), usual))
    assert (decision.level, decision.reason) == (level, reason)


def test_a_young_cell_announces_nothing() -> None:
    """Nor does one of which nothing was learned."""
    assert evaluate(RULE, (), Forecast(Expectation(300.0, 0.01, 0.1, DAY), 100.0)).reason is Reason.COLD
    assert evaluate(RULE, (), None).reason is Reason.COLD


def test_a_peak_is_announced_goes_on_and_ends_with_the_month_edge() -> None:
    """Judged at 08:00, about the next day; the edge of the month is the 29th to the 3rd.

    Jan 27 | 28  29  30  31 | Feb 1   2   3
           | raised         |       3rd is the last dear day: told of on the 2nd; on the 3rd the 4th is ordinary
    """
    recorded = Recorded(StreamJudge(Stream.COMPLAINTS, rule_set(AHEAD), Calendar(ZONE, "CN")))
    own, calendar = load_prior().of(BILLS), Calendar(ZONE, "CN")
    for quarter in range(local("2026-01-19T00:00"), local("2026-02-05T00:00"), 900):
        facts = calendar.at(quarter)
        count = round(10 * own.shape[facts.slot] * own.phase[facts.phase])
        recorded.quarter(
            quarter, {BILLS: vector(Stream.COMPLAINTS, raw=count, distinct=count)} if count else {}
        )
    assert told(recorded.ledger) == [
        "08:00 raised warning",
        "08:00 recovering warning",
        "08:00 cleared cleared",
    ]
    assert [one.pane for one in recorded.ledger] == [
        local("2026-01-28T08:00"),
        *[local("2026-02-03T08:00")] * 2,
    ]


def test_an_announced_peak_is_learned_like_any_other_hour() -> None:
    """Beside a surge rule that never fires, the forecast leaves what is learned as it is."""
    learned = []
    surge = SURGE.replace("[[region, category]]", "[[category]]")
    for texts in ((surge,), (surge, AHEAD)):
        recorded = Recorded(StreamJudge(Stream.COMPLAINTS, rule_set(*texts), Calendar(ZONE)))
        for quarter in range(local("2026-01-26T00:00"), local("2026-01-31T00:00"), 900):
            recorded.quarter(quarter, {BILLS: vector(Stream.COMPLAINTS, raw=9, distinct=9)})
        learned.append(recorded.judge._book.cells[BILLS].learned[1].baseline)
        if len(texts) == 2:
            assert any(one.rule == "AHEAD" for one in recorded.ledger)
    assert learned[0] == learned[1]
