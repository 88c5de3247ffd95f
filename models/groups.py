"""Warnings that are told together: when the next notification is due, and what it says.

     first news          wait            interval                                     repeat
    ─────┬───────────────────┬───────┬──────────────┬──────────────────────────────────────┬──────
         │ new               │ told  │ news waits   │ told                                 │ told again, while
         └ due = + wait ─────┘       └ due ─────────┘                                      └ nobody acknowledges

Owns the arithmetic of one group and the words of its notifications. Which warnings it has is `models.duty`.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from models.annotated import GroupState, WarningState
from models.dutypolicy import Grouping, rank_of
from models.iso import iso
from models.naming import Names
from models.notification import News, Notification, notification_id, write_item, write_summary


def scheduled(group: GroupState, policy: Grouping, now: int, severity: str, begun: int) -> GroupState:
    """Return a group that has news at `now`, the worst of which has this severity (empty: none that calls anybody)."""
    due = now + policy.wait_seconds
    if group.sent:
        due = max(due, group.sent + policy.interval_seconds)
    if policy.at_once and severity and rank_of(severity) >= rank_of(policy.at_once):
        due = now
    due = max(due, begun)
    return replace(group, due=min(group.due, due) if group.due else due)


def calls(state: WarningState) -> bool:
    """Return whether people are still called about a warning: it goes on, and neither they nor anything else keep it quiet."""
    return bool(state.is_open and state.told and not state.is_suppressed and state.acknowledged is None)


def repeat_due(group: GroupState, policy: Grouping, members: Sequence[WarningState]) -> int:
    """Return when people are told again of what is open; 0: never."""
    if not group.called or not any(map(calls, members)):
        return 0
    return group.called + policy.repeat_seconds


def notification(
    group: GroupState,
    policy: Grouping,
    names: Names,
    labels: dict[str, str],
    members: Sequence[WarningState],
    told: Sequence[WarningState],
    now: int,
) -> tuple[GroupState, Notification]:
    """Return the next notification of a group, and the group after it.

    Args:
        group: before it.
        policy: its grouping.
        names: words for places and departments.
        labels: what its warnings have in common.
        members: all of its warnings.
        told: those that it speaks of, one at least.
        now: when it is due.
    """
    ordered = sorted(told, key=lambda one: (quiet(one), -rank_of(one.warning.severity), one.warning.id))
    items = tuple(write_item(one, _reasons(group, one), suppressed=quiet(one)) for one in ordered)
    heard = [one for one in ordered if not quiet(one)]
    level = max((one.ladder_level for one in heard), default=1)
    severity = max((item.severity for item in items), key=rank_of)
    open_count = sum(one.is_open for one in members)
    summary, summary_zh = write_summary(names, labels, items, open_count)
    sequence = group.sequence + 1
    value = Notification(
        id=notification_id(group.key, group.born, group.since, sequence),
        sequence=sequence,
        group=group.key,
        time=iso(now),
        reasons=tuple(news for news in News if any(news in item.reasons for item in items)),
        suppressed=not heard,
        severity=severity if rank_of(severity) else "cleared",
        notify=policy.ladder.role(min(level, len(policy.ladder.steps) + 1)),
        level=level,
        department=ordered[0].warning.department,
        labels=labels,
        items=items,
        open_count=open_count,
        summary=summary,
        summary_zh=summary_zh,
    )
    after = replace(group, sequence=sequence, sent=now, called=now if heard else group.called, due=0)
    return after, value


def quiet(state: WarningState) -> bool:
    """Return whether nobody is called about a warning's news.

    Who was told that it began is told that it is over; of what nobody was told the end is for the record only.
    """
    if state.is_open:
        return state.is_suppressed
    return not state.told and (state.is_suppressed or News.NEW not in state.news)


def _reasons(group: GroupState, state: WarningState) -> tuple[str, ...]:
    if not state.news:
        return (News.REPEATED,)
    return tuple(News.MORE if news == News.NEW and group.sequence else news for news in state.news)
