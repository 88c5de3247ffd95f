"""What an open bucket still needs: the counts from which on its close would raise or escalate an episode.

Owns the arithmetic of announcements ahead of the close. Announces nothing and keeps nothing; see `models.judge`.
"""

from collections.abc import Sequence

from models.baseline import Expectation
from models.episode import Episode
from models.evaluate import least_count
from models.rule import Rule


def open_ends(rule: Rule, panes: Sequence[int]) -> list[int]:
    """Return the ends of the rule's windows that contain one of `panes` (starts of open minutes), ascending."""
    step = rule.step_seconds
    ends = {
        end
        for pane in panes
        for end in range(pane - pane % step + step, pane + rule.window_seconds + 1, step)
    }
    return sorted(ends)


def needed_counts(
    rule: Rule, episode: Episode, expectation: Expectation | None, end: int, closed_until: int
) -> list[tuple[int, int]]:
    """Return (step, least count) for every step that the window ending at `end` could newly confirm, mildest first.

    A step that asks for several windows in a row can be foreseen only for the very next evaluation, and only if this one
    would complete the row.

    Args:
        rule: a monotone rule (`Rule.is_monotone`).
        episode: the state after the last closed evaluation.
        expectation: of that window.
        end: end of the open window.
        closed_until: end of the last closed pane.
    """
    found = []
    first = episode.level + 1 if episode.is_open else 0
    is_next = end - rule.step_seconds <= closed_until
    for level in range(first, len(rule.steps)):
        rest = (rule.steps[level].buckets - 1) * rule.window_seconds
        since = episode.above[level] if episode.above else 0
        if rest and not (is_next and since and end - since >= rest):
            continue
        least = least_count(rule, level, expectation)
        if least is not None:
            found.append((level, least))
    return found
