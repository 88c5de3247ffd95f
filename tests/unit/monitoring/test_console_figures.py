"""What the console computes: surprise, satisfaction with intervals, rates, a shift, the like before, and charts."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from models.annotated import HoldKind, HoldState, OperatorNote, Verdict, WarningState
from models.cells import ALL
from models.measures import FIELDS, Stream
from models.outcomes import WindowSnapshot
from models.pane import DAY, HOUR
from monitoring.console.charts import traffic_chart, warning_chart
from monitoring.console.formats import lasting, number, quantity
from monitoring.console.heat import DISPERSION, PAST, heat_of
from monitoring.console.satisfaction import BY_ID, LEAST, dimensions, figures_of
from monitoring.console.satisfaction import Verdict as Judged
from monitoring.console.shift import shift_of
from monitoring.console.similar import FOUND_MAX, similar
from monitoring.console.sources import Bucket
from monitoring.console.spans import Span
from monitoring.console.texts import sayer
from monitoring.console.theme import PALETTES
from monitoring.console.traffic import KEPT, Traffic
from tests.unit.models.duties import MORNING, cleared, warning

ZONE = ZoneInfo("Asia/Shanghai")


def cell(stream: Stream, name: str, **windows: dict[str, int]) -> tuple[str, WindowSnapshot]:
    """Return the windows of a cell; `w3600={"distinct": 3}` names what is not zero."""
    vectors = {
        length[1:]: [values.get(field, 0) for field in FIELDS[stream]] for length, values in windows.items()
    }
    told = WindowSnapshot(stream=stream, cell=name, closed_until=MORNING, windows=vectors)
    return f"{stream}|{name}", told


def complaints(name: str, hour: int, week: int) -> tuple[str, WindowSnapshot]:
    return cell(Stream.COMPLAINTS, name, w3600={"distinct": hour}, w604800={"distinct": week})


def test_surprise_is_against_the_cells_own_share_at_the_pace_of_the_rest() -> None:
    """A large province at its usual share is ordinary; a small one that counts as much is not, and its neighbours stay so."""
    board = dict(
        [
            complaints(ALL, 200, 16_800),
            complaints("region=44", 100, 8_400),
            complaints("region=63", 50, 168),
            complaints("category=NET", 0, 0),
            complaints("region=44,category=NET", 50, 4_200),
        ]
    )
    found = heat_of(board, ["44", "63"], ["NET"], HOUR)
    assert set(found) == {("", "NET"), ("44", ""), ("44", "NET"), ("63", ""), ("63", "NET")}
    assert found["44", ""].expected == pytest.approx(100.0)
    assert found["44", ""].score == pytest.approx(0.0)
    assert found["44", ""].band == found["44", "NET"].band == 0
    assert found["63", ""].expected == pytest.approx(150 * 168 / (16_800 - 168))
    assert found["63", ""].band == 4
    assert found["63", "NET"].observed == 0
    assert found["63", "NET"].expected == 0.5, "no past is not no expectation"
    assert heat_of({}, ["44"], ["NET"], HOUR)["44", "NET"].score is None
    assert PAST == 7 * DAY
    assert DISPERSION > 0


@given(st.integers(0, 400), st.integers(0, 400), st.integers(1, 9_000))
def test_more_complaints_are_never_less_surprising(fewer: int, more: int, week: int) -> None:
    """With everything else as it was."""

    def score(count: int) -> float:
        board = dict([complaints(ALL, 500 + count, 40_000), complaints("region=44", count, week)])
        found = heat_of(board, ["44"], [], HOUR)["44", ""].score
        assert found is not None
        return found

    fewer, more = sorted((fewer, more))
    assert score(fewer) <= score(more)


@pytest.mark.parametrize(
    ("satisfied", "n", "verdict"),
    [
        (700, 1_000, Judged.BELOW),
        (845, 1_000, Judged.UNSURE),
        (950, 1_000, Judged.MET),
        (0, LEAST - 1, Judged.FEW),
        (0, 0, Judged.FEW),
    ],
)
def test_a_share_is_judged_by_its_whole_interval(satisfied: int, n: int, verdict: Judged) -> None:
    """0.85 is the target; 845 of 1,000 may well be it."""
    board = dict([cell(Stream.SURVEYS, ALL, w86400={"csat_n": n, "csat_satisfied": satisfied})])
    (figure,) = figures_of(BY_ID["csat"], board, "region", DAY, {})
    assert figure.verdict is verdict
    assert (figure.value is None) == (n == 0)


def test_figures_are_of_the_nation_and_of_one_dimension_the_worst_first() -> None:
    """A cell without a sample is left out, cells of two dimensions are another table's."""

    def calls(name: str, within: int, offered: int) -> tuple[str, WindowSnapshot]:
        return cell(Stream.CALLS, name, w86400={"offered": offered, "within_threshold": within})

    board = dict(
        [
            calls("region=31", 90, 100),
            calls("region=44", 50, 100),
            calls("region=51", 0, 0),
            calls("channel=hotline", 1, 100),
            calls(ALL, 140, 200),
        ]
    )
    found = figures_of(BY_ID["answered"], board, "region", DAY, {})
    assert [one.cell for one in found] == [ALL, "region=44", "region=31"]
    assert dimensions(board.values(), Stream.CALLS) == ["channel", "region"]


def test_per_ten_thousand_needs_subscribers_and_less_is_better() -> None:
    """Ten complaints of 10,000 subscribers in a day are 300 in 30 days."""
    board = dict(
        [
            cell(Stream.COMPLAINTS, ALL, w86400={"distinct": 40}),
            cell(Stream.COMPLAINTS, "region=44", w86400={"distinct": 40}),
            cell(Stream.COMPLAINTS, "region=31", w86400={"distinct": 0}),
        ]
    )
    served = {("44", "individual"): 30_000, ("44", "family"): 10_000}
    found = {one.cell: one for one in figures_of(BY_ID["per_10k"], board, "region", DAY, served)}
    assert found["region=44"].value == pytest.approx(300.0)
    assert found["region=44"].verdict is Judged.BELOW
    lower, upper = found["region=44"].lower, found["region=44"].upper
    assert lower is not None
    assert upper is not None
    assert lower < 300.0 < upper
    assert "region=31" not in found
    assert figures_of(BY_ID["per_10k"], board, "category", DAY, served)[0].value == pytest.approx(300.0)
    assert figures_of(BY_ID["per_10k"], board, "region", DAY, {})[0].verdict is Judged.FEW


def test_nps_is_a_mean_of_promoters_and_detractors() -> None:
    """60 promoters and 20 detractors of 100: 40, give or take 16."""
    counts = {"nps_n": 100, "nps_promoters": 60, "nps_detractors": 20}
    board = dict([cell(Stream.SURVEYS, ALL, w86400=counts)])
    (figure,) = figures_of(BY_ID["nps"], board, "region", DAY, {})
    assert figure.value == pytest.approx(40.0)
    assert figure.lower == pytest.approx(24.2, abs=0.2)
    assert figure.verdict is Judged.UNSURE


def told(id: str, at: float, events: int, letters: int = 0, lag: int = 0) -> dict[str, Any]:
    places = [{"topic": "t", "partition": 0, "lag": lag, "watermark": 5}]
    return {
        "id": id,
        "at": at * 1000,
        "events": events,
        "outcomes": {"dead_letter": letters},
        "partitions": places,
    }


def test_rates_are_differences_of_what_one_worker_told() -> None:
    """A worker that begins anew gives none at first; a repeat of what it told changes none."""
    traffic = Traffic()
    traffic.note(0, [told("a", 0, 1_000), told("b", 0, 500)])
    traffic.note(4, [told("a", 4, 1_400, 4, lag=7), told("b", 4, 700)])
    assert traffic.now is not None
    assert (traffic.now.events, traffic.now.letters, traffic.now.lag) == (150.0, 1.0, 7)
    traffic.note(8, [told("a", 4, 1_400, 4), told("b", 0, 3)])
    assert traffic.now is not None
    assert traffic.now.events == 100.0, "what a has told still holds, and b is new"
    traffic.note(9, [])
    assert len(traffic.points) == 3, "a point in three seconds"
    for step in range(2 * KEPT):
        traffic.note(20 + 4 * step, [])
    assert len(traffic.points) == KEPT


def state(id: str, opened: int, cleared_at: int = 0, **fields: Any) -> WarningState:
    made = warning(id, severity=fields.pop("severity", "major")) if not cleared_at else cleared(id)
    return WarningState(warning=made, opened=opened, cleared=cleared_at, **fields)


def test_a_shift_hands_over_what_is_open_and_what_happened_in_it() -> None:
    """
    shift        |--------------|
    before  ##                        left out
    long    ###########               over in it
    open       ############### ...    still open
    later                      ## ... left out
    """
    start, end = 1_000, 2_000
    notes = (
        OperatorNote(actor="li", at=900, text="old"),
        OperatorNote(actor="li", at=1_500, text="fibre found"),
    )
    false = Verdict(verdict="false_alarm", actor="li", at=1_700)
    states = [
        state("before", 100, 900, notes=notes[:1]),
        state("long", 200, 1_400, feedback=false),
        state("open", 1_100, notes=notes),
        state("worse", 1_200, severity="critical"),
        state("later", 2_500),
    ]
    holds = [
        HoldState(id="on", kind=HoldKind.SILENCE, since=500),
        HoldState(id="done", kind=HoldKind.PLANNED_WORK, since=500, ended=1_100),
        HoldState(id="long-done", kind=HoldKind.SILENCE, since=10, ended=800),
        HoldState(id="fault", kind=HoldKind.LINKED_FAULT, since=500),
    ]
    shift = shift_of(states, holds, start, end)
    assert [one.warning.id for one in shift.open] == ["worse", "open"]
    assert [one.warning.id for one in shift.over] == ["long"]
    assert [note.text for note, _ in shift.notes] == ["fibre found"]
    assert [one.id for one in shift.holds] == ["on", "done"]
    assert (shift.raised, shift.unclaimed, shift.false_alarms) == (2, 2, 1)


def test_the_like_before_are_of_the_same_rule_and_the_same_cell_first() -> None:
    """And never what came later, nor the warning itself."""
    ours = warning("now")

    def past(id: str, cell: str, days: int, rule: str = "EW01") -> WarningState:
        made = replace(cleared(id, cell=cell, rule=rule), episode_start=ours.episode_start - days * DAY)
        return WarningState(warning=made, opened=1, cleared=2)

    states = [
        past("same", ours.cell, 20),
        past("region", "region=44,category=BRD", 1),
        past("other", "region=31,category=BRD", 1),
        past("rule", ours.cell, 1, rule="EW02"),
        past("future", ours.cell, -1),
        WarningState(warning=ours, opened=1),
    ]
    assert [one.warning.id for one in similar(ours, states)] == ["same", "region", "other"]
    many = [past(f"p{number}", ours.cell, number + 1) for number in range(30)]
    assert [one.warning.id for one in similar(ours, many)] == [f"p{number}" for number in range(FOUND_MAX)]


def test_a_warnings_chart_has_everything_that_is_known() -> None:
    """Seen, expected, what is normal, the limit, the episode, its transitions and the fault beside it."""
    one = warning(lower=6.0, upper=20.0, threshold=22.0, pane=MORNING)
    buckets = [Bucket(MORNING - 900 * back, 9.0, 12.0, back < 2) for back in range(10, -1, -1)]
    options = warning_chart(
        buckets, [one], [Span("fault", "cut", MORNING - 1_800, None)], sayer("zh"), PALETTES["dark"], ZONE
    )
    series = {item["name"]: item for item in options["series"]}
    assert set(series) == {"", "正常区间", "实际", "预期", "阈值"}
    assert [point["value"] for point in series["实际"]["data"]] == [9.0] * 11
    assert series["正常区间"]["data"] == [14.0] * 11
    areas = series["实际"]["markArea"]["data"]
    assert [area[0]["name"] for area in areas] == ["本次过程", "故障: cut"]
    assert [(area[0]["xAxis"], area[1]["xAxis"]) for area in areas] == [(8, 10), (8, 10)]
    assert [mark["xAxis"] for mark in series["阈值"]["markLine"]["data"]] == [10]


def test_what_is_normal_moves_with_what_is_expected() -> None:
    """By the root of it, as counts scatter; what a transition says of its own window stands."""
    one = warning(
        expected=16.0, lower=8.0, upper=28.0, expected_line=(1.0, 4.0, 16.0), line_seconds=900, pane=MORNING
    )
    buckets = [
        Bucket(MORNING - 900 * back, 9.0, expected, back == 0)
        for back, expected in ((2, 1.0), (1, 4.0), (0, 16.0))
    ]
    options = warning_chart(buckets, [one], [], sayer("en"), PALETTES["light"], ZONE)
    below, width = options["series"][0]["data"], options["series"][1]["data"]
    assert below == [0.0, 0.0, 8.0]
    assert width == [4.0, 10.0, 20.0]


def test_a_shares_chart_is_in_per_cent_and_has_no_band() -> None:
    """Its interval is about the sample, and not about what is normal."""
    one = warning(measure="csat_satisfied / csat_n", observed=0.7, expected=0.85, lower=0.6, upper=0.8)
    options = warning_chart(
        [Bucket(MORNING, 0.7, 0.85, True)], [one], [], sayer("en"), PALETTES["light"], ZONE
    )
    assert [item["name"] for item in options["series"]] == ["seen", "expected"]
    assert options["series"][1]["data"] == [85.0]
    assert traffic_chart([], "events", "x", PALETTES["light"], ZONE)["series"][0]["data"] == []


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 s", "0秒"),
        (59, "59 s", "59秒"),
        (3_700, "1 h 1 min", "1小时1分"),
        (90_000, "1 d 1 h", "1天1小时"),
    ],
)
def test_durations_are_said_in_two_units(seconds: int, english: str, chinese: str) -> None:
    """In both languages as one says it."""
    assert (lasting(seconds, sayer("en")), lasting(seconds, sayer("zh"))) == (english, chinese)


def test_numbers_are_as_people_read_them() -> None:
    """Whole ones whole, shares as per cent, nothing as a dash."""
    assert [number(value) for value in (1_204.0, 14.26, 0.0421, None)] == ["1,204", "14.3", "0.0421", "–"]
    assert quantity(0.8512, "csat_satisfied / csat_n") == "85.1%"
    assert quantity(41.0, "distinct") == "41"
