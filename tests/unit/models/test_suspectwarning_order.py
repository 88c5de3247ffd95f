"""What people are told of a suspicion does not depend on what is repeated, nor on who is the duty desk when."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.joined import Incident
from tests.unit.models.duties import Bench, action, at, ids
from tests.unit.models.suspected import ended, merged, suspected

_record = st.sampled_from(("more", "worse", "milder"))
_life = st.tuples(st.lists(_record, max_size=5), st.sampled_from(("", "merged", "closed")))


def _records(id: str, life: tuple[list[str], str]) -> list[Incident]:
    """Return a suspicion's records, as its owner could tell them."""
    steps, end = life
    severity, found = "major", [suspected(1, id=id)]
    for number, step in enumerate(steps, 2):
        severity = {"worse": "critical", "milder": "major"}.get(step, severity)
        found.append(suspected(number, severity, id=id, customers=12 + number, looked=number))
    if end:
        last = len(found) + 1
        over = merged(last, severity, id=id) if end == "merged" else ended(last, severity, id=id, last=last)
        found.append(over)
    return found


@given(
    lives=st.lists(_life, min_size=1, max_size=3),
    acts=st.lists(st.sampled_from(("acknowledge", "unacknowledge", "silence", "")), max_size=12),
    repeats=st.lists(st.integers(0, 100), max_size=12),
    cuts=st.sets(st.integers(0, 20)),
    gap=st.sampled_from((0.5, 5, 20, 90)),
)
def test_whatever_is_repeated_or_cut_the_desk_says_the_same(
    lives: Sequence[tuple[list[str], str]], acts: list[str], repeats: list[int], cuts: set[int], gap: float
) -> None:
    """Records told again behind later ones, successors at any place: states, notifications and groups, byte for byte."""
    whole, cut = Bench(), Bench()
    rows = [_records(f"s{number}", life) for number, life in enumerate(lives)]
    told = [one for turn in range(8) for row in rows for one in row[turn : turn + 1]]
    for number, one in enumerate(told):
        minute = number * gap
        for bench in (whole, cut):
            bench.outage(minute, one)
            if number < len(acts) and acts[number]:
                _act(bench, minute, acts[number], number)
        if number < len(repeats):
            cut.outage(minute, told[repeats[number] % (number + 1)])
        if number in cuts:
            cut.restart()
    for bench in (whole, cut):
        bench.until(len(told) * gap + 600)
    assert cut.kept == whole.kept
    assert cut.notifications == whole.notifications
    assert len(set(ids(whole.notifications))) == len(whole.notifications)
    for number, (_, end) in enumerate(lives):
        state = whole.state(f"s{number}")
        assert (state.is_open, state.warning.severity == "cleared") == (not end, bool(end))


def _act(bench: Bench, minute: float, verb: str, number: int) -> None:
    if verb == "silence":
        quiet: dict[str, Any] = {
            "silence_id": "q",
            "matchers": {"rule": "EW18"},
            "until": at(minute + 7) * 1000,
        }
        bench.desk.put_action(at(minute), f"e{number}", action("silence", **quiet))
    else:
        bench.desk.put_action(at(minute), f"e{number}", action(verb, warning_id="s0"))
    bench.look()
