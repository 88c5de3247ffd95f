"""What a warning expected, as sparklines, the map and its chart show it; and what else went on beside it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.annotated import HoldKind, HoldState
from models.cells import ALL
from models.iso import iso
from models.naming import load_names
from models.outcomes import WindowSnapshot
from models.pane import DAY, HOUR
from monitoring.console.expectation import expected_at, expected_between
from monitoring.console.heat import Heats, heat_of, lines_of
from monitoring.console.picture import Picture
from monitoring.console.rings import Rings
from monitoring.console.rows import RowBook
from monitoring.console.spans import BESIDE_MAX, linked_span, spans_beside
from tests.unit.models.duties import MORNING, incident, warning
from tests.unit.monitoring.test_console_feed import ZONE, window
from tests.unit.monitoring.test_console_figures import complaints

LINED = warning(expected_line=(6.0, 12.0, 30.0), line_seconds=900, pane=MORNING)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (-900, 0, 30.0),
        (-2_700, 0, 48.0),
        (-450, 0, 15.0),
        (-1_350, -450, 6.0 + 15.0),
        (0, 900, 30.0),
        (-3_600, -2_700, 6.0),
    ],
)
def test_a_line_says_what_was_expected_of_any_span(start: int, end: int, expected: float) -> None:
    """Each window by its share; beyond its ends it goes on as it begins and ends."""
    found = expected_between(LINED, MORNING + start, MORNING + end)
    assert found == pytest.approx(expected)


@given(st.integers(-9_000, 9_000), st.integers(1, 5_000), st.integers(1, 5_000))
def test_what_is_expected_of_two_spans_adds_up(start: int, first: int, second: int) -> None:
    """As counts do."""
    a, b, c = MORNING + start, MORNING + start + first, MORNING + start + first + second
    parts = [expected_between(LINED, a, b), expected_between(LINED, b, c)]
    assert expected_between(LINED, a, c) == pytest.approx(sum(part or 0.0 for part in parts))


def test_without_a_line_nothing_is_made_up() -> None:
    """Of a share, or of a rule that expects nothing of a cell."""
    assert expected_between(warning(), 0, 1) is None
    assert expected_at(warning(), [MORNING], 300) is None
    assert expected_at(LINED, [], 300) is None


def test_a_sparkline_is_against_the_warnings_own_line() -> None:
    """In windows of five minutes as its points are; flat only where the warning tells no line."""
    rings = Rings()
    for minute in range(-20, 1):
        rings.put("complaints|region=44,category=NET", window(MORNING + 60 * minute))
    book = RowBook("en", load_names(), ZONE, rings)
    row = book.rows(Picture(version=1, warnings={"w1": LINED}))["w1"]
    assert len(row["line"]) == len(row["spark"]) == 21
    assert row["line"][-1] == 10.0
    assert row["line"][0] == 4.0
    assert sorted(row["line"]) == row["line"]
    row = book.rows(Picture(version=2, warnings={"w1": warning()}))["w1"]
    assert row["line"] == round(14.0 * 300 / 900, 4)


def board() -> dict[str, WindowSnapshot]:
    return dict(
        [
            complaints(ALL, 200, 16_800),
            complaints("region=44", 100, 8_400),
            complaints("region=44,category=NET", 50, 4_200),
        ]
    )


def test_the_map_expects_what_the_warning_of_a_cell_expects() -> None:
    """Where its line reaches over most of the window; of the warnings of a cell the newest; of complaints alone."""
    old = warning("a", expected_line=(1.0,), line_seconds=HOUR, pane=MORNING - 900)
    own = warning("b", expected_line=(20.0,), line_seconds=HOUR, pane=MORNING)
    calls = warning("c", stream="calls", expected_line=(3.0,), line_seconds=HOUR, pane=MORNING + 900)
    lines = lines_of([own, old, calls, warning("d")])
    assert lines == {own.cell: own}
    found = heat_of(board(), ["44"], ["NET"], HOUR, lines)
    assert found["44", "NET"].expected == 20.0
    assert found["44", ""].expected == pytest.approx(100.0)
    stale = {own.cell: warning(expected_line=(20.0,), line_seconds=HOUR, pane=MORNING - HOUR)}
    assert heat_of(board(), ["44"], ["NET"], HOUR, stale)["44", "NET"].expected == pytest.approx(50.0)


def test_the_heat_is_worked_out_once_for_all() -> None:
    """The same answer for whoever asks, until windows or lines are other."""
    heats = Heats(["44"], ["NET"])
    windows, lined = board(), {LINED.id: LINED}
    first = heats.of(Picture(windows=windows, warnings=lined), HOUR)
    assert heats.of(Picture(version=7, windows=windows, warnings=lined), HOUR) is first
    assert heats.of(Picture(windows=windows, warnings={**lined, "w2": warning("w2")}), HOUR) is first
    assert heats.of(Picture(windows=windows, warnings=lined), DAY) is not first
    assert heats.of(Picture(windows=windows, warnings=lined), HOUR) is first
    assert heats.of(Picture(windows=dict(windows), warnings=lined), HOUR) is not first


def hold(id: str, kind: HoldKind = HoldKind.PLANNED_WORK, **fields: Any) -> HoldState:
    return HoldState(
        id=id, kind=kind, since=MORNING, **{"name": id, "name_zh": f"割接{id}", "regions": ("44",), **fields}
    )


def test_beside_a_warning_stand_the_outage_that_explains_it_and_what_else_is_known_of_its_region() -> None:
    """In the language of the page, the linked one first, nothing of elsewhere or of another time, no silence, no slow fan."""
    incidents = {
        "i1": incident(planned_end=iso(MORNING + HOUR)),
        "i2": incident(id="i2", name="other", planned_outage=True, first_alert=iso(MORNING - 600)),
        "far": incident(id="far", affected_location=()),
        "fan": incident(id="fan", name="fan", perceived_severity="minor", first_alert=iso(MORNING - 600)),
    }
    holds = {
        one.id: one
        for one in (
            hold("work", began=MORNING - HOUR, until=MORNING + 60),
            hold("gone", began=MORNING - DAY, ended=MORNING - 2 * HOUR),
            hold("later", began=MORNING + HOUR),
            hold("quiet", HoldKind.SILENCE),
            hold("i2"),
            hold("heat", HoldKind.LINKED_FAULT, severity="warning", began=MORNING - 60),
            hold("elsewhere", regions=("31",)),
        )
    }
    since, until = MORNING - HOUR, MORNING
    found = spans_beside("region=44,category=NET", "i1", incidents, holds, since, until, zh=True)
    assert [(one.kind, one.name, one.is_linked) for one in found] == [
        ("fault", "广东：信号中断", True),
        ("work", "广东：信号中断", False),
        ("work", "割接work", False),
    ]
    assert (found[0].start, found[0].end) == (MORNING, MORNING + HOUR)
    assert found[1].end is None
    everywhere = spans_beside("category=NET", "", incidents, holds, since, until, zh=False)
    assert {one.name for one in everywhere} >= {"Guangdong: loss of signal", "elsewhere"}
    assert len(everywhere) == BESIDE_MAX


def test_an_outage_is_named_as_far_as_anybody_knows_it() -> None:
    """By the board, by the duty desk once that has let it go, and else by its id, without a place in a chart."""
    incidents, holds = {"i1": incident()}, {"i2": hold("i2", HoldKind.LINKED_FAULT, began=7)}
    assert linked_span("", incidents, holds, zh=False) is None
    known = [linked_span(id, incidents, holds, zh=False) for id in ("i1", "i2", "i3")]
    assert [one and one.name for one in known] == ["Guangdong: loss of signal", "i2", "i3"]
    assert spans_beside("region=44", "i3", {}, {}, 0, 1, zh=False) == []
