"""The life of an episode, drawn: one character for one evaluation.

Severities of the rule: 0 minor (two windows in a row), 1 major, 2 critical. Evaluations are a window (15 min) apart and
the hold is 30 min, so three clear ones in a row.

    .  clear                    ~  neither clear nor crossed          ?  too few to judge
    0 1 2  crossed so far       a b  crossed nothing, but only steps above 0 (a) or 1 (b) are clear: same as ~ for the rest
"""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decision import Decision, Reason
from models.episode import NEW, Episode, Phase, Transition, advance
from models.outcomes import WarningTransition
from models.rule import Rule
from tests.unit.models.judging import SURGE, only

RULE = only(SURGE)
START = 1_767_196_800
STEP = RULE.step_seconds
SYMBOLS = ".~?012ab"


def decision(symbol: str) -> Decision:
    """The decision that a character stands for."""
    level = int(symbol) if symbol in "012" else -1
    calm_from = {".": 0, "~": 3, "?": 3, "0": 1, "1": 2, "2": 3, "a": 1, "b": 2}[symbol]
    reason = Reason.TOO_FEW if symbol == "?" else Reason.ABOVE_STEP if level >= 0 else Reason.WITHIN
    if symbol == ".":
        reason = Reason.CLEAR_CONDITION
    severity = RULE.steps[level].severity if level >= 0 else None
    return Decision(
        reason=reason,
        level=level,
        calm_from=calm_from,
        severity=severity,
        n=1,
        observed=1.0,
        is_judged=symbol != "?",
    )


def run(
    timeline: str, rule: Rule = RULE, episode: Episode = NEW
) -> tuple[list[str], Episode, list[Transition]]:
    """Play a timeline; return what each evaluation wrote, the last state and every transition."""
    written: list[str] = []
    everything: list[Transition] = []
    for number, symbol in enumerate(timeline):
        step = advance(rule, episode, decision(symbol), START + number * STEP)
        episode = step.episode
        everything += step.transitions
        written += [f"{number} {one.transition} {one.severity}" for one in step.transitions]
    return written, episode, everything


@dataclass(frozen=True)
class Scenario:
    """A timeline and the transitions that it makes, each after the number of its evaluation."""

    timeline: str
    transitions: tuple[str, ...]
    story: str


SCENARIOS = (
    Scenario(".~..~.", (), "nothing is crossed"),
    Scenario(".0.0.0.", (), "minor never twice in a row"),
    Scenario("0?0", (), "a window that cannot be judged breaks the row"),
    Scenario("00", ("1 raised minor",), "minor is confirmed by the second window"),
    Scenario("1", ("0 raised minor", "0 escalated major"), "major needs no confirmation, and passes through minor"),
    Scenario(
        "2",
        ("0 raised minor", "0 escalated major", "0 escalated critical"),
        "every step that is crossed is told, in order",
    ),
    Scenario(
        "0012...",
        (
            "1 raised minor",
            "2 escalated major",
            "3 escalated critical",
            "4 recovering critical",
            "6 cleared cleared",
        ),
        "rise, confirm, escalate, clear",
    ),
    Scenario("1..~...", ("0 raised minor", "0 escalated major", "1 recovering major", "6 cleared cleared"),
             "between clear and crossed it goes on recovering, but the hold starts again"),
    Scenario("1.0...", (
        "0 raised minor", "0 escalated major", "1 recovering major", "2 relapsed major", "3 recovering major",
    ), "a relapse needs no confirmation, and doubles the hold: three are not enough"),
    Scenario("1.0.....", (
        "0 raised minor", "0 escalated major", "1 recovering major", "2 relapsed major", "3 recovering major",
        "7 cleared cleared",
    ), "... five are"),
    Scenario("2aaa", (
        "0 raised minor", "0 escalated major", "0 escalated critical",
        "3 deescalated major", "3 deescalated minor",
    ), "two steps down after the hold are two transitions"),
    Scenario("2000", (
        "0 raised minor", "0 escalated major", "0 escalated critical",
        "3 deescalated major", "3 deescalated minor",
    ), "it de-escalates while the lowest step is still crossed"),
    Scenario("2bbb~", ("0 raised minor", "0 escalated major", "0 escalated critical", "3 deescalated major"),
             "only steps that have been clear are left"),
    Scenario("2aaa2", (
        "0 raised minor", "0 escalated major", "0 escalated critical", "3 deescalated major", "3 deescalated minor",
        "4 escalated major", "4 escalated critical",
    ), "and it can rise again"),
    Scenario("1.1.2", (
        "0 raised minor", "0 escalated major", "1 recovering major", "2 relapsed major", "3 recovering major",
        "4 relapsed major", "4 escalated critical",
    ), "a relapse into something worse is told as both"),
    Scenario("1" + "~" * 60, ("0 raised minor", "0 escalated major"), "what is not clear stays"),
    Scenario("1" + "?" * 48, ("0 raised minor", "0 escalated major", "48 cleared cleared"), "what cannot be judged expires"),
    Scenario("1." + "?" * 3 + "...", (
        "0 raised minor", "0 escalated major", "1 recovering major", "7 cleared cleared",
    ), "the hold does not run while nothing can be judged"),
)  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.story)
def test_timeline_makes_these_transitions_and_no_others(scenario: Scenario) -> None:
    """Each scenario is the published state machine at work."""
    assert tuple(run(scenario.timeline)[0]) == scenario.transitions


def test_flapping_is_held_in_one_episode() -> None:
    """Crossed and clear in turns: relapses double the hold, and from the third on nothing is told but the end.

    evaluation   1.1.1.1.1.1.1.1.........
                 |                      |
                 raised                 cleared after eight times the hold
    """
    written, episode, _ = run("1." * 8 + "." * 16)
    kinds = [line.split()[1] for line in written]
    assert kinds.count("raised") == kinds.count("cleared") == 1
    assert kinds.count("relapsed") == 3
    assert written[-2:] == ["31 recovering major", "31 cleared cleared"]
    assert episode.phase is Phase.IDLE


def test_next_episode_is_a_new_one() -> None:
    """It starts elsewhere, counts from 1, names the one before, and absorbs nothing of it."""
    _, between, first = run("1...")
    _, after, second = run("....1", episode=between)
    assert [one.sequence for one in first] == [1, 2, 3, 4]
    assert [one.sequence for one in second] == [1, 2]
    assert between.previous == after.previous == START
    assert after.start == START + 4 * STEP


def test_quick_return_doubles_the_hold_and_a_late_one_does_not() -> None:
    """Within 21 evaluations of the end it is flapping; after that it is forgiven."""
    quick = run("1..." + "." * 20 + "1")[1]
    late = run("1..." + "." * 21 + "1")[1]
    assert (quick.flaps, late.flaps) == (1, 0)


def test_row_over_sliding_windows_is_not_confirmed_before_a_whole_window_has_passed() -> None:
    """With a step of 5 and windows of 15 min, the second window that does not overlap ends 15 min after the first.

    min        0    5   10   15
    crossed    0    0    0    0
    windows   |---------|
                         |---------|   confirmed
    """
    rule = only(SURGE.replace("step: 15m", "step: 5m"))
    episode = NEW
    for number in range(4):
        step = advance(rule, episode, decision("0"), START + number * 300)
        assert bool(step.transitions) is (number == 3)
        assert step.reason is (Reason.ABOVE_STEP if number == 3 else Reason.STREAK_PENDING)
        episode = step.episode
    assert episode.start == START, "an episode begins with the first window that crossed"


def test_pending_is_seen_but_written_nowhere() -> None:
    """A streak that is not fulfilled is a state and a reason, and no transition."""
    _, episode, transitions = run("0")
    assert (episode.phase, transitions) == (Phase.PENDING, [])
    assert not episode.is_quiet
    assert run("0.")[1] == NEW


@given(st.text(SYMBOLS, max_size=120))
def test_ledger_of_any_timeline_is_well_formed(timeline: str) -> None:
    """Sequences are contiguous from 1, severities move one step at a time, and only the end is `cleared`."""
    _, _, transitions = run(timeline)
    sequence, level = 0, -1
    severities = [step.severity for step in RULE.steps]
    recovering = False
    for one in transitions:
        sequence += 1
        assert one.sequence == sequence
        match one.transition:
            case WarningTransition.RAISED:
                assert (sequence, level) == (1, -1)
                level = 0
            case WarningTransition.ESCALATED:
                level += 1
                recovering = False
            case WarningTransition.DEESCALATED:
                level -= 1
            case WarningTransition.RECOVERING:
                assert not recovering
                recovering = True
            case WarningTransition.RELAPSED:
                assert recovering
                recovering = False
            case WarningTransition.CLEARED:
                assert recovering or one.reason is Reason.EXPIRED
                assert one.severity == "cleared"
                sequence, level, recovering = 0, -1, False
                continue
        assert level >= 0
        assert one.severity is severities[level]


@given(st.text(SYMBOLS, max_size=80))
def test_quiet_evaluations_may_be_left_out(timeline: str) -> None:
    """Where nothing is pending or open, an evaluation that crosses nothing changes nothing: judges may skip it."""
    episode = NEW
    for number, symbol in enumerate(timeline):
        step = advance(RULE, episode, decision(symbol), START + number * STEP)
        if episode.is_quiet and symbol not in "012":
            assert (step.episode, step.transitions) == (episode, ())
        episode = step.episode
