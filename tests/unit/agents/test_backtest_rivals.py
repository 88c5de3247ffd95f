"""The baselines: their formulas on many series at once, what they watch, and what an episode of theirs is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.backtest.baselines import ears_c1, ears_c2, ears_c3, nb_cusum, percent
from agents.backtest.closing import ClosedMinute
from agents.backtest.rivals import STEP, RivalCounts
from agents.backtest.scoring import Alarm
from models.measures import FIELDS, Stream
from models.pane import HOUR
from tests.examples import examples

T0 = 1_750_003_200
CELL = "region=44,category=NET"
DETECTORS = (
    ears_c1,
    ears_c2,
    ears_c3,
    lambda counts: nb_cusum(counts, STEP),
    lambda counts: percent(counts, STEP),
)


def vector(stream: Stream, **fields: int) -> list[int]:
    return [fields.get(field, 0) for field in FIELDS[stream]]


def told(stream: Stream, cell: str, vectors: list[list[int]]) -> dict[str, list[Alarm]]:
    """Return the alarms over quarter-hours in whose first minute everything happens."""
    counts = RivalCounts()
    for number, one in enumerate(vectors):
        for minute in range(15):
            pane = T0 + number * STEP + minute * 60
            counts.take(ClosedMinute(stream, pane, {} if minute else {cell: one}))
    return {name: alarms for name, (_, alarms) in counts.alarms().items()}


@settings(max_examples=examples(50), deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 60), min_size=40, max_size=40), min_size=1, max_size=4),
    st.integers(1, 39),
)
def test_each_row_of_each_series_is_judged_by_itself(rows: list[list[int]], cut: int) -> None:
    """From the rows up to it alone, whatever stands beside it or follows."""
    every = np.array(rows, dtype=float)
    for detector in DETECTORS:
        together = detector(every)
        for row, series in zip(together, every, strict=True):
            np.testing.assert_allclose(detector(series), row, atol=1e-9)
            np.testing.assert_allclose(detector(series[:cut]), row[:cut], atol=1e-9)


def test_published_values() -> None:
    """Counts of mean 4 before, and what stands out of them by how many deviations. A flat past is taken as half an event wide."""
    past = [3.0, 5.0, 4.0, 4.0, 3.0, 5.0, 4.0]
    deviation = float(np.std(past, ddof=1))
    assert ears_c1(np.array([*past, 10.0]))[-1] == (10.0 - 4.0) / deviation
    assert ears_c1(np.array([4.0] * 7 + [10.0]))[-1] == 12.0
    assert ears_c2(np.array([*past, 9.0, 9.0, 10.0]))[-1] == (10.0 - 4.0) / deviation
    assert ears_c3(np.array([4.0] * 9 + [6.0, 6.0, 6.0]))[-1] == 9.0
    assert percent(np.array([10.0] * 4 + [13.0] * 4), STEP)[-1] == pytest.approx(0.3)


# quarter-hours   0 .. 31       32    33    34
# complaints      4 each        40    40    4
def test_a_burst_is_one_alarm_told_at_the_end_of_its_first_row() -> None:
    """Of each detector but the +30 % rule, which waits for the full hour."""
    counts = [vector(Stream.COMPLAINTS, raw=n, distinct=n) for n in [4] * 32 + [40, 40] + [4] * 10]
    alarms = told(Stream.COMPLAINTS, CELL, counts)
    first = T0 + 33 * STEP
    assert {name: [one.told for one in found] for name, found in alarms.items()} == {
        "EARS C1": [(first,)], "EARS C2": [(first,)], "EARS C3": [(first,)], "NB-CUSUM": [(first,)],
        "+30 % rule": [(T0 + 9 * HOUR,)],
    }  # fmt: skip
    assert {one.cell for found in alarms.values() for one in found} == {CELL}


def test_bad_answers_are_those_that_were_not_satisfied() -> None:
    """Many good answers are no alarm, as many bad ones are."""
    good = [vector(Stream.SURVEYS, csat_n=n, csat_satisfied=n) for n in [5] * 12 + [60]]
    bad = [vector(Stream.SURVEYS, csat_n=n, csat_satisfied=5) for n in [5] * 12 + [60]]
    assert not told(Stream.SURVEYS, "region=44", good)["EARS C1"]
    assert len(told(Stream.SURVEYS, "region=44", bad)["EARS C1"]) == 1


def test_few_events_and_cells_that_nobody_watches_are_passed_over() -> None:
    """Four complaints are no alarm, whatever was before; nor are channels."""
    few = [vector(Stream.COMPLAINTS, distinct=n) for n in [0] * 12 + [4]]
    many = [vector(Stream.COMPLAINTS, distinct=n) for n in [0] * 12 + [400]]
    assert not any(told(Stream.COMPLAINTS, CELL, few).values())
    assert not any(told(Stream.COMPLAINTS, "channel=app", many).values())
    assert any(told(Stream.COMPLAINTS, CELL, many).values())
