"""The panels of a warning's own page: its numbers, where the excess comes from, complaints, the like before, history, people."""

from collections.abc import Sequence
from typing import Any, Final

from models.annotated import SuppressionReason, WarningState
from models.outcomes import Contribution, EarlyWarning, WarningTransition
from models.suspectwarning import element_of
from monitoring.console.desk import Visit
from monitoring.console.filters import SEVERITIES
from monitoring.console.formats import clock, lasting, number, seconds_of
from monitoring.console.live import GridTable
from monitoring.console.markup import facts, link, panel, paragraph, tag
from monitoring.console.rows import numbers_of
from monitoring.console.texts import words

LINKED_MAX: Final = 12
"""Warnings that are told with one, as its page lists them."""
INSTEAD: Final = frozenset({SuppressionReason.PARENT, SuppressionReason.PART})
"""Reasons for which another warning is told."""


def judged(transitions: Sequence[EarlyWarning]) -> EarlyWarning:
    """Return the last transition that was not about the end: its numbers say why."""
    ends = {WarningTransition.CLEARED, WarningTransition.RECOVERING}
    return next((one for one in reversed(transitions) if one.transition not in ends), transitions[-1])


def figures(visit: Visit, warning: EarlyWarning) -> None:
    """Draw the numbers behind a warning, and who should act."""
    say = visit.say
    pairs = [(say(name), value) for name, value in numbers_of(warning)]
    pairs.append((say("number.window"), lasting(warning.window_seconds, say)))
    if warning.department:
        known = visit.desk.names.values.get("department", {}).get(warning.department)
        pairs.append(
            (say("number.department"), known[1 if visit.is_zh else 0] if known else warning.department)
        )
    facts(pairs)


def outage(visit: Visit, found: list[tuple[str, str]]) -> None:
    """Draw what is known of the outage that explains it; nothing where none does, or the board has let it go."""
    if found:
        with panel(visit.say("warning.outage"), "outage"):
            facts(found)


def suspected(visit: Visit) -> None:
    """Say, in place of a chart, on which evidence an outage is suspected."""
    paragraph(visit.say("warning.suspected"), "panel faint")


def contributors(visit: Visit, found: Sequence[Contribution]) -> None:
    """Draw the cells inside this one from which the excess comes."""
    say = visit.say
    rows: list[dict[str, Any]] = [
        {
            "cell": visit.book.place(one.cell),
            "numbers": f"{number(one.observed)} / {number(None if one.expected is None else round(one.expected, 1))}",
            "shown": "–" if one.share is None else f"{one.share:.0%}",
            "share": one.share or 0.0,
        }
        for one in found
    ]
    columns = _columns(visit, ("cell", "text"), ("numbers", "number"))
    columns.append({"name": "shown", "label": say("column.share"), "kind": "share"})
    _table(visit, "warning.contributors", rows, columns)


def samples(visit: Visit, found: Sequence[tuple[str, str, str]]) -> None:
    """Draw masked complaints: (time, id, text)."""
    rows: list[dict[str, Any]] = [
        {"time": clock(seconds_of(time) or 0, visit.desk.zone), "text": text, "key": id, "id": id}
        for time, id, text in found
    ]
    _table(
        visit, "warning.samples", rows, _columns(visit, ("time", "time"), ("text", "text"), ("id", "code"))
    )


def before(visit: Visit, found: Sequence[WarningState]) -> None:
    """Draw the like before: when, how long, who, and whether it was right."""
    say, zone = visit.say, visit.desk.zone
    rows: list[dict[str, Any]] = [
        {
            "severity": one.warning.severity,
            "time": clock(one.warning.episode_start, zone),
            "cell": _place(visit, one.warning),
            "href": visit.path(f"warning/{one.warning.id}"),
            "duration": lasting(one.cleared - one.opened, say) if one.cleared else say("handover.still"),
            "who": one.acknowledged.actor if one.acknowledged is not None else "–",
            "verdict": say(f"verdict.{one.feedback.verdict}") if one.feedback is not None else "–",
            "notes": [note.text for note in one.notes[-2:]],
        }
        for one in found
    ]
    columns = _columns(
        visit,
        ("severity", "severity"),
        ("time", "time"),
        ("cell", "link"),
        ("duration", "tight"),
        ("who", "text"),
        ("verdict", "text"),
        ("notes", "lines"),
    )
    _table(visit, "warning.similar", rows, columns)


def _place(visit: Visit, warning: EarlyWarning) -> str:
    """Return where a warning is; of a suspicion with its element, of which there may be many in a province."""
    element = element_of(warning)
    return f"{visit.book.place(warning.cell)}{' · ' if element else ''}{element}"


def history(visit: Visit, transitions: Sequence[EarlyWarning]) -> None:
    """Draw the episode's transitions, the latest first."""
    rows: list[dict[str, Any]] = []
    for one in reversed(transitions):
        numbers = dict(numbers_of(one))
        rows.append(
            {
                "severity": one.severity,
                "time": clock(one.pane, visit.desk.zone),
                "event": visit.say(one.transition),
                "numbers": f"{numbers['number.observed']} / {numbers.get('number.expected', '–')}",
            }
        )
    columns = _columns(
        visit, ("severity", "severity"), ("time", "time"), ("event", "text"), ("numbers", "number")
    )
    _table(visit, "warning.history", rows, columns)


def people(visit: Visit, state: WarningState | None) -> None:
    """Draw who has it, what was written about it, and whether it was right."""
    say, zone = visit.say, visit.desk.zone
    lines: list[str] = []
    if state is not None:
        taken = state.acknowledged
        if taken is not None:
            note = f": {taken.note}" if taken.note else ""
            lines.append(f"{clock(taken.at, zone)}  {say('acknowledged by').format(name=taken.actor)}{note}")
        if state.assignee:
            lines.append(say("assigned to").format(name=state.assignee))
        lines += [f"{clock(note.at, zone)}  {note.actor}: {note.text}" for note in state.notes]
        if state.feedback is not None:
            verdict = state.feedback
            note = f": {verdict.note}" if verdict.note else ""
            lines.append(
                f"{clock(verdict.at, zone)}  {verdict.actor}, {say(f'verdict.{verdict.verdict}')}{note}"
            )
    with panel(say("warning.people")):
        if not lines:
            paragraph(say("warning.nobody"), "faint")
        with tag("ul", "people"):
            for line in lines:
                tag("li", "", line)


def others_of(state: WarningState) -> list[str]:
    """Return the warning that is told instead of this one, and those that are not told because this one is."""
    instead = state.suppression.by if state.suppression.reason in INSTEAD else ""
    return [id for id in (instead, *state.linked) if id]


def together(visit: Visit, state: WarningState, others: Sequence[tuple[str, EarlyWarning | None]]) -> None:
    """Draw `others_of` a warning by id and, where it is known, warning; nothing where there are none."""
    if not others:
        return
    say = visit.say
    with panel(say("warning.together")), tag("ul", "words"):
        for id, known in others[:LINKED_MAX]:
            with tag("li"):
                if id == state.suppression.by:
                    tag("span", "faint", f"{say('warning.instead')} ")
                name = id
                if known is not None:
                    name = f"{visit.book.place(known.cell)} · {known.rule} · {say(known.severity)}"
                link(name, visit.path(f"warning/{id}"), "also")
        if len(others) > LINKED_MAX:
            tag("li", "faint", say("late.more").format(count=len(others) - LINKED_MAX))


def rule(visit: Visit, said: Sequence[str]) -> None:
    """Draw the rule in words."""
    with panel(visit.say("warning.rule")):
        if not said:
            paragraph(visit.say("warning.rule.other"), "faint")
            return
        with tag("ul", "words"):
            for line in said:
                tag("li", "", line)


def _columns(visit: Visit, *named: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "label": visit.say(f"column.{name}"), "kind": kind} for name, kind in named]


def _table(visit: Visit, name: str, rows: list[dict[str, Any]], columns: list[dict[str, str]]) -> None:
    say = visit.say
    texts = words(visit.language, ("letter", "cleared", *SEVERITIES))
    with panel(say(name)):
        GridTable(rows, columns, texts, say(f"{name}.none"), say(name))
