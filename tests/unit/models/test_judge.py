"""The judge against a plain recomputation, restarts at any point, and what it says before a pane closes."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.baseline import Baseline, expect, frame_of, learn, new_baseline
from models.calendar import Calendar
from models.episode import NEW, Episode, advance
from models.errors import ContractError
from models.evaluate import evaluate
from models.judge import StreamJudge
from models.measures import Stream
from models.pane import DAY, HOUR, MINUTE
from models.rule import Kind, RuleSet
from tests.examples import examples
from tests.unit.models.judging import (
    COUNT,
    REPEATED,
    SURGE,
    ZONE,
    Recorded,
    identities,
    rule_set,
    vector,
)

START = 1_767_196_800
CELLS = ("region=44", "region=44,category=NET", "region=44,category=BIL", "region=31,category=NET")
QUICK = SURGE.replace("min_history: 1d", "min_history: 2h").replace("{minor: 0.05", "{minor: 0.01")
DAILY = COUNT.replace("COUNT", "DAILY").replace("window: 10m", "window: 24h").replace("step: 5m", "step: 1h")
RULES = rule_set(QUICK, COUNT, DAILY.replace("hold: 10m", "hold: 2h"))

Minutes = dict[int, dict[str, list[int]]]


@st.composite
def days(draw: st.DrawFn) -> Minutes:
    """About ten hours of a few cells: sparse events, and bursts that trigger."""
    length = draw(st.integers(1, 600))
    offset = draw(st.integers(0, 59))
    minutes: Minutes = {START + (offset + minute) * MINUTE: {} for minute in range(length)}
    starts = list(minutes)
    for _ in range(draw(st.integers(0, 40))):
        pane = starts[draw(st.integers(0, length - 1))]
        count = draw(st.sampled_from((1, 1, 2, 3, 8, 12, 30, 80)))
        minutes[pane][draw(st.sampled_from(CELLS))] = complaints(count)
    return minutes


def complaints(count: int) -> list[int]:
    """A vector of distinct complaints."""
    return vector(Stream.COMPLAINTS, raw=count, distinct=count)


def test_a_warning_tells_what_was_expected_until_then() -> None:
    """Window by window up to its own, by the learning of the hour before; no further back than the cell was learned."""
    judge = new_judge(rule_set(QUICK))
    for quarter in range(21):
        judge.quarter(START + quarter * 900, {"region=44,category=NET": complaints(5 + quarter % 4)})
    assert judge.ledger == []
    warnings = judge.quarter(START + 21 * 900, {"region=44,category=NET": complaints(60)})
    (raised,) = [one for one in warnings if one.transition == "raised"]
    learned = new_baseline(START)
    frame = frame_of("region=44,category=NET", rule_set(QUICK).prior, Calendar(ZONE))
    for hour in range(1, 5):
        learn(
            learned,
            frame,
            START + hour * HOUR,
            [5 + quarter % 4 for quarter in range(hour * 4, hour * 4 + 4)],
        )
    starts = range(START + HOUR, START + 22 * 900, 900)
    by_hand = [expect(learned, frame, start, start + 900).mean for start in starts]
    assert raised.line_seconds == 900
    assert list(raised.expected_line) == [float(f"{mean:.4g}") for mean in by_hand]
    assert raised.expected is not None
    assert raised.expected_line[-1] == float(f"{raised.expected:.4g}")


def test_rules_that_expect_nothing_of_a_cell_tell_no_line() -> None:
    """A fixed limit is in `threshold`."""
    judge = new_judge(rule_set(COUNT))
    judge.quarter(START, {"region=44": complaints(500)})
    assert {(one.line_seconds, one.expected_line) for one in judge.ledger} == {(0, ())}


def new_judge(rules: RuleSet = RULES) -> Recorded:
    """A judge of complaints with a memory."""
    return Recorded(StreamJudge(Stream.COMPLAINTS, rules, Calendar(ZONE)))


Ledger = list[tuple[str, int, str, str, int]]


def learned(recorded: Recorded) -> dict[str, Baseline]:
    """What the judge has learned by cell (only surge rules teach)."""
    cells = recorded.judge._cells.items()
    return {name: one.baseline for name, cell in cells for one in cell.learned.values()}


def plain(rules: RuleSet, minutes: Minutes) -> tuple[Ledger, dict[str, Baseline]]:
    """Recompute ledger and baselines with plain sums and no short cut: every cell, every step, every hour."""
    calendar = Calendar(ZONE)
    seen: dict[str, Baseline] = {}
    episodes: dict[tuple[str, str], Episode] = {}
    alarmed: set[str] = set()
    ledger = []

    def total(cell: str, start: int, end: int) -> list[int]:
        inside = [totals[cell] for pane, totals in minutes.items() if start <= pane < end and cell in totals]
        return [sum(column) for column in zip([0, 0, 0], *inside, strict=True)]

    for pane, totals in minutes.items():
        end = pane + MINUTE
        for cell in totals:
            seen.setdefault(cell, new_baseline(pane))
        for rule in rules.rules:
            for cell in sorted(seen) if end % rule.step_seconds == 0 else ():
                if not rule.covers(cell):
                    continue
                baseline = seen[cell]
                start = end - rule.window_seconds
                expectation = None
                if rule.kind is Kind.SURGE and baseline.hours:
                    expectation = expect(baseline, frame_of(cell, rules.prior, calendar), start, end)
                decision = evaluate(rule, total(cell, start, end), expectation)
                before = episodes.get((rule.id, cell), NEW)
                step = advance(rule, before, decision, end)
                episodes[rule.id, cell] = step.episode
                if rule.kind is Kind.SURGE and (decision.level >= 0 or step.episode.is_open):
                    alarmed.add(cell)
                episode_start = step.episode.start or step.episode.previous
                key = f"{rule.id}\n{rule.version}\n{cell}\n{episode_start}"
                name = sha256(key.encode()).hexdigest()[:16]
                ledger += [
                    (name, one.sequence, one.transition.value, one.severity.value, end)
                    for one in step.transitions
                ]
        hour = end - HOUR
        if end % HOUR == 0:
            for cell, baseline in seen.items():
                if baseline.since <= hour:
                    quarters = [
                        total(cell, hour + part * 900, hour + part * 900 + 900)[1] for part in range(4)
                    ]
                    frame = frame_of(cell, rules.prior, calendar)
                    learn(baseline, frame, hour, quarters, alarmed=cell in alarmed)
            alarmed.clear()
    return ledger, {cell: baseline for cell, baseline in seen.items() if "category" in cell}


@settings(max_examples=examples(60), deadline=None)
@given(days())
def test_ledger_is_that_of_a_plain_recomputation(minutes: Minutes) -> None:
    """Rings, running sums, skipped cells and lazily learned zeros change nothing."""
    recorded = new_judge()
    for pane, totals in minutes.items():
        recorded.close(pane, totals)
    assert (identities(recorded.ledger), learned(recorded)) == plain(RULES, minutes)


def test_plain_recomputation_sees_every_kind_of_transition() -> None:
    """The comparison above is worth something: on a busy day there is something to compare."""
    recorded = new_judge()
    for minute in range(12 * 60):
        busy = minute in range(300, 400, 5) or minute in {416, 460}
        # The twelve at 195 cross minor once, which is no episode, but marks the hour.
        count = 80 if busy else 12 if minute == 195 else 2 if minute % 15 == 0 else 0
        cells = ("region=44", "region=44,category=NET") if count else ()
        recorded.close(START + minute * MINUTE, {cell: complaints(count) for cell in cells})
    assert (identities(recorded.ledger), learned(recorded)) == plain(RULES, recorded.minutes)
    kinds = {(one.rule, one.transition) for one in recorded.ledger}
    assert {rule for rule, _ in kinds} == {"SURGE", "COUNT", "DAILY"}
    assert {"raised", "escalated", "recovering", "relapsed", "cleared"} <= {kind for _, kind in kinds}


@settings(max_examples=examples(60), deadline=None)
@given(days(), st.integers(0, 600), st.integers(0, 600))
def test_restart_at_any_point_changes_nothing(minutes: Minutes, first: int, second: int) -> None:
    """Twice restored from state and packs, which also hold panes after the stamp: same ledger, same bytes."""
    whole, broken = new_judge(), new_judge()
    for index, (pane, totals) in enumerate(minutes.items()):
        if index in {first, second}:
            state = broken.judge.to_state()
            hours = dict(whole.hours)
            hours[pane - pane % HOUR] = dict.fromkeys(CELLS, complaints(999))
            broken.judge = StreamJudge.from_state(
                state, Stream.COMPLAINTS, RULES, Calendar(ZONE), minutes=minutes, hours=hours
            )
            assert broken.judge.to_state() == state
        whole.close(pane, totals)
        broken.close(pane, totals)
        if index % 97 == 0:
            assert broken.judge.to_state() == whole.judge.to_state()
    assert identities(broken.ledger) == identities(whole.ledger)
    assert broken.ledger == whole.ledger
    assert broken.judge.to_state() == whole.judge.to_state()
    for cell in CELLS:
        for window in (5 * MINUTE, HOUR, DAY):
            assert broken.judge.total(cell, window) == whole.judge.total(cell, window)


# hours    0         1         2         3         4
# repeats  10 %      40 %      10 %      10 %      40 % from 4:30 on
# rule               too new                       old enough: raised
@pytest.mark.parametrize("restart", [None, 61, 150, 269])
def test_a_rule_about_the_past_waits_until_a_cell_is_old_enough(restart: int | None) -> None:
    """Since when a cell is seen outlives restarts, also before anything has happened to it."""
    rules = rule_set(REPEATED.replace("baseline: 3h", "baseline: 3h\n    min_history: 4h"))
    recorded = Recorded(StreamJudge(Stream.COMPLAINTS, rules, Calendar(ZONE)))
    for minute in range(300):
        if minute == restart:
            recorded = recorded.restored()
        repeat = 4 if minute in range(60, 90) or minute >= 270 else 1
        counts = vector(Stream.COMPLAINTS, raw=10, distinct=10, repeat=repeat)
        recorded.close(START + minute * MINUTE, {"region=44": counts})
    raised = [one.pane for one in recorded.ledger if one.transition == "raised"]
    assert raised == [START + 275 * MINUTE]


def test_restart_keeps_every_minute_of_the_last_hour() -> None:
    """Events at the edges of an hour, and a restart after each minute: hours and windows are whole."""
    whole, broken = new_judge(), new_judge()
    for minute in range(190):
        totals = {"region=44": complaints(1)} if minute % 60 in {0, 59} else {}
        whole.close(START + minute * MINUTE, totals)
        broken.close(START + minute * MINUTE, totals)
        broken = broken.restored()
        for window in (5 * MINUTE, HOUR, DAY):
            assert broken.judge.total("region=44", window) == whole.judge.total("region=44", window)


@settings(max_examples=examples(40), deadline=None)
@given(days())
def test_cell_is_judged_by_itself(minutes: Minutes) -> None:
    """Its part of the ledger is the same without all the others: shards may be cut anywhere."""
    together = new_judge()
    for pane, totals in minutes.items():
        together.close(pane, totals)
    for cell in CELLS:
        alone = new_judge()
        for pane, totals in minutes.items():
            alone.close(pane, {cell: totals[cell]} if cell in totals else {})
        assert alone.ledger == [warning for warning in together.ledger if warning.cell == cell]


def test_late_halves_and_zero_vectors_count_nothing() -> None:
    """Whole vectors may be handed over: the late half is no part of a decision, and a zero is no first sight."""
    plain, padded = new_judge(), new_judge()
    for minute in range(180):
        totals = {"region=44": complaints(12)} if minute % 30 == 7 else {}
        plain.close(START + minute * MINUTE, totals)
        padded.close(
            START + minute * MINUTE,
            {cell: [*counts, 5, 5, 5] for cell, counts in totals.items()}
            | {"region=31,category=NET": [0, 0, 0, 7, 7, 7]},
        )
    assert plain.ledger == padded.ledger
    assert plain.ledger
    assert plain.judge.to_state() == padded.judge.to_state()
    assert padded.judge.cells == ("region=44",)


def test_windows_of_any_length_can_be_read() -> None:
    """Short ones end at the last closed minute, long ones at the last whole hour; unseen cells are zero."""
    recorded = new_judge()
    assert recorded.judge.total("region=44", HOUR) == [0, 0, 0]
    for minute in range(90):
        recorded.close(START + minute * MINUTE, {"region=44": complaints(1)})
    assert [recorded.judge.total("region=44", window)[0] for window in (5 * MINUTE, HOUR, DAY, 30 * DAY)] == [
        5,
        60,
        60,
        60,
    ]
    assert recorded.judge.total("region=99", DAY) == [0, 0, 0]


def test_panes_close_in_order() -> None:
    """A pane twice, a hole, and half a minute are refused, and nothing has changed."""
    recorded = new_judge()
    recorded.close(START, {})
    state = recorded.judge.to_state()
    for pane in (START, START + 2 * MINUTE, START - MINUTE, START + MINUTE + 1):
        with pytest.raises(ContractError, match="panes close in order"):
            recorded.judge.close_minute(pane, {})
    assert recorded.judge.to_state() == state
    with pytest.raises(ContractError, match="panes close in order"):
        new_judge().judge.close_minute(START + 1, {})


def test_foreign_state_is_refused() -> None:
    """Other rules, another zone, another stream, or no state at all: the judge refuses rather than guesses."""
    recorded = new_judge()
    recorded.close(START, {"region=44": complaints(1)})
    state = recorded.judge.to_state()
    for stream, rules, zone in (
        (Stream.COMPLAINTS, rule_set(COUNT), ZONE),
        (Stream.COMPLAINTS, RULES, "UTC"),
        (Stream.CALLS, RULES, ZONE),
    ):
        with pytest.raises(ContractError, match="state is of"):
            StreamJudge.from_state(state, stream, rules, Calendar(zone), minutes={}, hours={})
    with pytest.raises(ContractError, match="cannot be read"):
        StreamJudge.from_state(b"\xc1", Stream.COMPLAINTS, RULES, Calendar(ZONE), minutes={}, hours={})


def test_open_episodes_can_be_listed() -> None:
    """By rule and cell, from the first transition until the one that clears it."""
    recorded = new_judge(rule_set(COUNT))
    for minute in range(40):
        recorded.close(START + minute * MINUTE, {"region=44": complaints(12)} if minute == 3 else {})
        is_open = 5 * MINUTE <= (minute + 1) * MINUTE < 25 * MINUTE
        assert set(recorded.judge.episodes()) == ({("COUNT", "region=44")} if is_open else set())


def open_minutes(*counts: int, first: int = 0) -> Minutes:
    """Open minutes of region 44 with these counts, from minute `first` on."""
    return {
        START + (first + minute) * MINUTE: {"region=44": complaints(count)} if count else {}
        for minute, count in enumerate(counts)
    }


def test_provisional_notice_is_announced_once_and_confirmed() -> None:
    """Closed and open minutes count together; the limit is 10 in ten minutes.

    minute     0  1  2  3  4 | 5  6  7  8  9 |
    count      4  .  .  .  . | 3  3  .  .  . |      10 at minute 6, before the bucket closes at minute 10
               closed          open           confirmed
    """
    recorded = new_judge(rule_set(COUNT))
    judge = recorded.judge
    for minute in range(5):
        recorded.close(START + minute * MINUTE, {"region=44": complaints(4)} if minute == 0 else {})
    assert judge.provisional(open_minutes(3, 2, first=5)) == []
    announced = judge.provisional(open_minutes(3, 3, first=5))
    assert [(one.state, one.pane, one.observed, one.threshold, one.severity) for one in announced] == [
        ("announced", START + 10 * MINUTE, 10.0, 10.0, "warning")
    ]
    assert judge.provisional(open_minutes(3, 5, first=5)) == []
    before = judge.to_state()
    assert judge.to_state() == before
    for minute in range(5, 10):
        recorded.close(START + minute * MINUTE, {"region=44": complaints(3)} if minute in {5, 6} else {})
    settled = judge.provisional({})
    assert [(one.id, one.state, one.observed) for one in settled] == [(announced[0].id, "confirmed", 10.0)]
    assert [one.transition for one in recorded.ledger] == ["raised"]
    assert judge.provisional({}) == []


def test_provisional_notice_that_does_not_come_true_is_withdrawn() -> None:
    """What was counted late after all is missing at the close; the notice says so and the ledger knows nothing."""
    recorded = new_judge(rule_set(COUNT))
    recorded.close(START, {"region=44": complaints(1)})
    notices = recorded.judge.provisional(open_minutes(11, first=1))
    assert [(one.state, one.pane - START) for one in notices] == [("announced", 300), ("announced", 600)]
    for minute in range(1, 10):
        recorded.close(START + minute * MINUTE, {})
    settled = recorded.judge.provisional({})
    assert [(one.state, one.pane - START) for one in settled] == [("withdrawn", 300), ("withdrawn", 600)]
    assert recorded.ledger == []


def test_provisional_notice_completes_a_row_but_never_starts_one() -> None:
    """Minor needs two windows in a row; it is announced in the window that would be the second one.

    minute     0 .... 5 .... 10 ... 15 | 16
    10 min        ^ 20 in minute 4: above from 5 on; the window that ends at 15 makes it ten minutes
    """
    recorded = new_judge(rule_set(COUNT))
    for minute in range(10):
        counts = {4: 20, 8: 20}
        if minute == 5:
            assert recorded.judge.provisional(open_minutes(1, first=5)) == [], (
                "warning is firing, minor not due"
            )
        recorded.close(
            START + minute * MINUTE, {"region=44": complaints(counts[minute])} if minute in counts else {}
        )
    assert [one.transition for one in recorded.ledger] == ["raised"]
    notices = recorded.judge.provisional(open_minutes(5, first=10))
    assert [(one.pane - START, one.severity) for one in notices] == [(900, "minor")]
    for minute in range(10, 15):
        recorded.close(START + minute * MINUTE, {"region=44": complaints(5)} if minute == 10 else {})
    assert [(one.transition, one.severity) for one in recorded.ledger] == [
        ("raised", "warning"),
        ("escalated", "minor"),
    ]
    assert [one.state for one in recorded.judge.provisional({})] == ["confirmed"]


def test_surge_is_announced_before_its_bucket_closes() -> None:
    """A cell with three days of history: forty complaints in the third minute of a bucket."""
    rules = rule_set(SURGE)
    recorded = new_judge(rules)
    cell = "region=44,category=NET"
    for minute in range(3 * 24 * 60 + 60):
        recorded.close(START + minute * MINUTE, {cell: complaints(1)} if minute % 5 == 0 else {})
    now = recorded.judge.closed_until
    assert now is not None
    burst: Minutes = {
        now: {},
        now + MINUTE: {cell: complaints(40)},
        now + 2 * MINUTE: {"region=31,category=NET": complaints(90)},
    }
    notices = recorded.judge.provisional(burst)
    assert [(one.cell, one.severity, one.pane) for one in notices] == [(cell, "major", now + 900)]
    for minute in range(15):
        pane = now + minute * MINUTE
        recorded.close(pane, burst.get(pane, {}))
    assert [(one.cell, one.transition) for one in recorded.ledger] == [(cell, "raised"), (cell, "escalated")]
    assert [(one.cell, one.state) for one in recorded.judge.provisional({})] == [(cell, "confirmed")]


@settings(max_examples=examples(30), deadline=None)
@given(days(), st.integers(1, 30))
def test_provisional_notices_are_outside_the_ledger(minutes: Minutes, ahead: int) -> None:
    """Asking for them at any time changes neither ledger nor state, and each one is settled when its bucket closes."""
    asked, quiet = new_judge(), new_judge()
    panes = list(minutes)
    announced: list[tuple[str, int]] = []
    settled: list[str] = []
    for index, pane in enumerate(panes):
        notices = asked.judge.provisional({later: minutes[later] for later in panes[index : index + ahead]})
        announced += [(one.id, one.pane) for one in notices if one.state == "announced"]
        settled += [one.id for one in notices if one.state != "announced"]
        asked.close(pane, minutes[pane])
        quiet.close(pane, minutes[pane])
    settled += [one.id for one in asked.judge.provisional({})]
    assert asked.ledger == quiet.ledger
    assert asked.judge.to_state() == quiet.judge.to_state()
    assert len(announced) == len(set(announced))
    assert sorted(settled) == sorted(name for name, pane in announced if pane <= panes[-1] + MINUTE)
