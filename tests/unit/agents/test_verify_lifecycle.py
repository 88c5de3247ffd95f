"""The life of a warning, kept a second time: scenarios by hand, and agreement with the workers' state machine."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.verify.lifecycle import Life
from models.decision import Decision, Reason
from models.episode import NEW, advance
from models.events import PerceivedSeverity
from models.measures import Stream
from models.rule import Kind, Measure, Rule, Side, Step
from tests.examples import examples

STEP = 300
START = 1_760_000_400


def a_rule(**changes: Any) -> Rule:
    fields: dict[str, Any] = {
        "id": "T1", "name": "t", "name_zh": "t", "kind": Kind.THRESHOLD, "stream": Stream.CALLS,
        "measure": Measure("abandoned", 3), "side": Side.ABOVE, "dimensions": ((),), "where": {},
        "window_seconds": STEP, "step_seconds": STEP, "min_sample": 1,
        "steps": (
            Step(PerceivedSeverity.MINOR, 10, 5, buckets=2),
            Step(PerceivedSeverity.MAJOR, 20, 15),
            Step(PerceivedSeverity.CRITICAL, 30, 25),
        ),
        "hold_seconds": 2 * STEP, "expire_seconds": 4 * STEP, "summary": "", "summary_zh": "",
    }  # fmt: skip
    return Rule(**(fields | changes))


def a_decision(rule: Rule, level: int, calm_from: int | None = None, *, judged: bool = True) -> Decision:
    """The outcome of a window that crosses steps up to `level`; -1 and calm_from 0: clear."""
    calm = len(rule.steps) if calm_from is None else calm_from
    reason = Reason.ABOVE_STEP if level >= 0 else Reason.CLEAR_CONDITION if calm == 0 else Reason.WITHIN
    return Decision(
        reason=reason if judged else Reason.NO_DATA,
        level=level if judged else -1,
        calm_from=calm if judged else len(rule.steps),
        severity=rule.steps[level].severity if judged and level >= 0 else None,
        n=1,
        observed=1.0,
        is_judged=judged,
    )


def told(rule: Rule, decisions: Sequence[Decision]) -> list[tuple[int, int, str, str]]:
    """Return (evaluation, sequence, transition, severity) of every transition."""
    life = Life(rule)
    return [
        (number, entry.sequence, entry.transition.value, entry.severity.value)
        for number, decision in enumerate(decisions)
        for entry in life.take(decision, START + number * STEP)
    ]


# evaluation   0      1       2       3       4       5       6
# crosses      minor  minor   crit    -       -       -       -
# clear                               all     all     all
# told                raised  esc x2  recov           cleared
def test_an_episode_from_its_first_step_to_its_end() -> None:
    """Each step that is crossed is a transition of its own; two buckets confirm the lowest."""
    rule = a_rule()
    calm = a_decision(rule, -1, 0)
    decisions = [a_decision(rule, 0), a_decision(rule, 0), a_decision(rule, 2), calm, calm, calm, calm]
    assert told(rule, decisions) == [
        (1, 1, "raised", "minor"),
        (2, 2, "escalated", "major"),
        (2, 3, "escalated", "critical"),
        (3, 4, "recovering", "critical"),
        (5, 5, "cleared", "cleared"),
    ]


# evaluation   0       1      2      3
# crosses      crit    minor  minor  minor
# clear                major+ major+ major+
# told         raised,        ...    deesc x2
#              esc x2
def test_it_deescalates_by_the_steps_that_have_been_clear_for_the_hold() -> None:
    """Although the lowest step is still crossed."""
    rule = a_rule()
    eased = a_decision(rule, 0, 1)
    assert told(rule, [a_decision(rule, 2), eased, eased, eased])[3:] == [
        (3, 4, "deescalated", "major"),
        (3, 5, "deescalated", "minor"),
    ]


def test_it_expires_when_nothing_can_be_judged() -> None:
    """Neither recovered nor crossed: nobody knows."""
    rule = a_rule()
    unknown = a_decision(rule, -1, judged=False)
    assert told(rule, [a_decision(rule, 1), *[unknown] * 5])[2:] == [(4, 3, "cleared", "cleared")]


decision_codes = st.tuples(st.integers(-1, 2), st.integers(0, 3), st.booleans())


@settings(max_examples=examples(300))
@given(st.lists(decision_codes, max_size=120), st.sampled_from([1, 2, 3]), st.sampled_from([0, 1, 3]))
def test_it_agrees_with_the_state_machine_of_the_workers(
    codes: list[tuple[int, int, bool]], buckets: int, hold: int
) -> None:
    """Two programs, written apart from the same description, tell the same transitions."""
    steps = a_rule().steps
    first = Step(PerceivedSeverity.MINOR, 10, 5, buckets=buckets)
    rule = a_rule(steps=(first, *steps[1:]), hold_seconds=hold * STEP)
    life, episode = Life(rule), NEW
    for number, (level, calm_from, judged) in enumerate(codes):
        # What is crossed is not clear.
        decision = a_decision(rule, level, max(calm_from, level + 1), judged=judged)
        end = START + number * STEP
        before = episode
        theirs = advance(rule, episode, decision, end)
        episode = theirs.episode
        ours = life.take(decision, end)
        assert [(e.sequence, e.transition, e.severity, e.reason) for e in ours] == [
            (t.sequence, t.transition, t.severity, t.reason) for t in theirs.transitions
        ]
        for entry in ours:
            start = episode.start if episode.is_open else episode.previous
            assert (entry.episode_start, entry.previous_start) == (start, before.previous)
        assert life.is_open == episode.is_open
