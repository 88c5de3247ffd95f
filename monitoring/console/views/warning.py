"""One warning: why it was raised, what was counted and expected, what became of it, who does what, and the like before."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from nicegui import run, ui
from nicegui.element import Element

from models.annotated import HoldKind, HoldState, WarningState
from models.errors import BarometerError
from models.outcomes import EarlyWarning, WarningTransition
from monitoring.console import dialogs
from monitoring.console.actions import verbs_for
from monitoring.console.charts import Span, warning_chart
from monitoring.console.desk import Visit
from monitoring.console.filters import SEVERITIES
from monitoring.console.formats import clock, day_clock, lasting, number, seconds_of
from monitoring.console.live import GridTable, SeverityBadge
from monitoring.console.markup import button, facts, heading, link, panel, paragraph, tag
from monitoring.console.picture import Picture
from monitoring.console.rows import numbers_of
from monitoring.console.similar import similar
from monitoring.console.sources import Explanation
from monitoring.console.texts import words
from monitoring.console.theme import PALETTES

LOOK_SECONDS: Final = 0.5
"""How often the page looks whether something about its warning has changed."""
STATES_SECONDS: Final = 30.0
_ICONS: Final = {
    "ack": "how_to_reg",
    "unack": "undo",
    "assign": "person_add",
    "silence": "notifications_paused",
    "note": "edit_note",
    "feedback": "rule",
}


def build(visit: Visit) -> None:
    """Draw what the board knows at once, and the rest when Kafka has been asked."""
    id = visit.query.get("warning_id", "")
    with tag("div", "stack"):
        head = tag("div")
        body = tag("div", "stack")
        with body:
            paragraph(visit.say("warning.reading"), "faint")
    page = _Page(visit, id, head, body)
    page.look()
    ui.timer(0.05, page.read, once=True)
    ui.timer(LOOK_SECONDS, page.follow)


class _Page:
    """The page of one browser: what it shows, and whether that is still so."""

    def __init__(self, visit: Visit, id: str, head: Element, body: Element) -> None:
        self._visit = visit
        self._id = id
        self._head = head
        self._body = body
        self._shown: tuple[EarlyWarning | None, WarningState | None] = (None, None)
        self._explained: Explanation | None = None
        self._holds: dict[str, HoldState] = {}
        self._is_reading = False

    def look(self) -> bool:
        """Draw the head anew where the board says something else than it shows; return whether it did."""
        picture = self._visit.picture
        found = self._known(picture)
        if found == self._shown:
            return False
        self._shown = found
        warning, state = found
        self._head.clear()
        if warning is not None:
            with self._head:
                _hero(self._visit, warning, state, self._fault(picture, state))
        return True

    def _known(self, picture: Picture) -> tuple[EarlyWarning | None, WarningState | None]:
        warning, state = picture.warnings.get(self._id), picture.states.get(self._id)
        told = self._explained
        if told is not None:
            last = told.transitions[-1]
            if warning is None or last.sequence > warning.sequence:
                warning = last
            if state is None:
                state = told.state
        return warning, state

    async def follow(self) -> None:
        """Read again what has moved on."""
        before = self._shown
        if self.look() and before[0] is not None:
            await self.read()

    async def read(self) -> None:
        """Ask Kafka for the rest, and draw it."""
        if self._is_reading:
            return
        self._is_reading = True
        visit, desk = self._visit, self._visit.desk
        try:
            told = await run.io_bound(lambda: desk.sources.explain(self._id, visit.language))
            states = await run.io_bound(lambda: desk.kept("states", desk.sources.states, STATES_SECONDS))
            holds = await run.io_bound(lambda: desk.kept("holds", desk.sources.holds, STATES_SECONDS))
        except BarometerError as error:
            self._body.clear()
            with self._body:
                paragraph(visit.say("warning.failed").format(why=error), "panel faint")
            return
        finally:
            self._is_reading = False
        if self._body.is_deleted:
            return
        self._explained, self._holds = told, {one.id: one for one in holds or ()}
        self._shown = (None, None)
        self._body.clear()
        if told is None:
            if not self.look():
                with self._body:
                    _missing(visit)
            return
        self.look()
        state = self._known(visit.picture)[1]
        with self._body:
            _explanation(visit, told, state, list((states or {}).values()), self._fault(visit.picture, state))

    def _fault(self, picture: Picture, state: WarningState | None) -> Span | None:
        """Return the outage that explains the warning, by the board or, where it has left that, by the duty desk."""
        if state is None or not state.incident_id:
            return None
        zh = self._visit.is_zh
        incident, hold = picture.incidents.get(state.incident_id), self._holds.get(state.incident_id)
        if incident is not None:
            start = seconds_of(incident.first_alert) or 0.0
            end = seconds_of(incident.resolution_date) or seconds_of(incident.planned_end)
            kind = "work" if incident.planned_outage else "fault"
            kind = "suspected" if incident.suspicion is not None else kind
            return Span(kind, incident.name_zh if zh else incident.name, start, end)
        if hold is not None:
            kind = "work" if hold.kind is HoldKind.PLANNED_WORK else "fault"
            kind = "suspected" if hold.suspected else kind
            return Span(kind, hold.name_zh if zh else hold.name, hold.began or hold.since, hold.until or None)
        return Span("fault", state.incident_id, 0.0, None)


def _missing(visit: Visit) -> None:
    with tag("div", "nothing"):
        heading(2, visit.say("warning.missing"))
        paragraph(visit.say("warning.missing.long"))
        link(visit.say("page.board"), visit.path("board"), "soft")


def _hero(visit: Visit, warning: EarlyWarning, state: WarningState | None, fault: Span | None) -> None:
    say = visit.say
    is_open = warning.transition != WarningTransition.CLEARED
    with tag("section", f"panel hero at-{warning.severity}"):
        letter = (
            say(f"letter.{warning.severity}")
            if f"letter.{warning.severity}" in words(visit.language, ("letter",))
            else "–"
        )
        SeverityBadge(warning.severity, say(warning.severity), letter)
        with tag("div"):
            heading(1, visit.book.place(warning.cell))
            rule = warning.rule_name_zh if visit.is_zh else warning.rule_name
            paragraph(f"{warning.rule} {rule} · {say(warning.transition)} · {warning.id}", "sub")
        with tag("div", "buttons no-print"):
            for verb in verbs_for(state, is_open=is_open) if visit.identity.may_act else ():
                ask = partial(dialogs.ask, visit, verb, warning)
                button(say(f"act.{verb}"), ask, icon=_ICONS[verb], main=verb == "ack")
        paragraph(warning.summary_zh if visit.is_zh else warning.summary, "summary")
        with tag("div", "chips"):
            _chips(visit, state, fault)


def _chips(visit: Visit, state: WarningState | None, fault: Span | None) -> None:
    say, zone = visit.say, visit.desk.zone
    if state is None:
        return
    tag("span", "chip", f"{say('raised')} {day_clock(state.opened, zone)}")
    if state.cleared:
        tag("span", "chip", say("warning.over").format(time=day_clock(state.cleared, zone)))
    if state.acknowledged is not None:
        tag("span", "chip who", say("acknowledged by").format(name=state.acknowledged.actor))
    elif state.is_open:
        tag("span", "chip nobody", say("unclaimed"))
    if state.assignee:
        tag("span", "chip who", say("assigned to").format(name=state.assignee))
    if state.is_suppressed and state.is_open:
        tag("span", "chip held", say(f"held.{state.suppression.reason}"))
    if fault is not None:
        tag("span", "chip fault", f"{say(f'chart.{fault.kind}')}: {fault.name}")
    if state.feedback is not None:
        tag("span", "chip", f"{say(f'verdict.{state.feedback.verdict}')} ({state.feedback.actor})")


def _explanation(
    visit: Visit,
    told: Explanation,
    state: WarningState | None,
    states: Sequence[WarningState],
    fault: Span | None,
) -> None:
    say = visit.say
    last = _judged(told.transitions)
    pairs = [(say(name), value) for name, value in numbers_of(last)]
    pairs.append((say("number.window"), lasting(last.window_seconds, say)))
    if last.department:
        department = visit.desk.names.values.get("department", {}).get(last.department)
        pairs.append(
            (say("number.department"), department[1 if visit.is_zh else 0] if department else last.department)
        )
    facts(pairs)
    if told.buckets:
        with panel(say("warning.chart")):
            label = say("chart.label").format(measure=last.measure, cell=visit.book.place(last.cell))
            options = warning_chart(
                told.buckets,
                told.transitions,
                [fault] if fault is not None and fault.start else [],
                say,
                PALETTES[visit.theme],
                visit.desk.zone,
            )
            ui.echart(options).classes("chart").props["role"] = "img"
            _name_last(label)
    with tag("div", "columns"):
        with tag("div", "stack"):
            _contributors(visit, state)
            _samples(visit, told)
            _similar(visit, last, states)
        with tag("div", "stack"):
            _people(visit, state)
            _history(visit, told.transitions)
            with panel(say("warning.rule")):
                if told.words:
                    with tag("ul", "words"):
                        for line in told.words:
                            tag("li", "", line)
                else:
                    paragraph(say("warning.rule.other"), "faint")


def _name_last(label: str) -> None:
    """Give the element that was made last a name for readers that do not see it."""
    slot = ui.context.slot
    slot.children[-1].props["aria-label"] = label


def _judged(transitions: Sequence[EarlyWarning]) -> EarlyWarning:
    """Return the last transition that was not about the end: its numbers say why."""
    ends = {WarningTransition.CLEARED, WarningTransition.RECOVERING}
    return next((one for one in reversed(transitions) if one.transition not in ends), transitions[-1])


def _contributors(visit: Visit, state: WarningState | None) -> None:
    say = visit.say
    found = () if state is None or state.excess is None else state.excess.contributors
    rows: list[dict[str, Any]] = [
        {
            "cell": visit.book.place(one.cell),
            "numbers": f"{number(one.observed)} / {number(None if one.expected is None else round(one.expected, 1))}",
            "shown": "–" if one.share is None else f"{one.share:.0%}",
            "share": one.share or 0.0,
        }
        for one in found
    ]
    columns = [
        {"name": "cell", "label": say("column.cell"), "kind": "text"},
        {"name": "numbers", "label": say("column.numbers"), "kind": "number"},
        {"name": "shown", "label": say("column.share"), "kind": "share"},
    ]
    with panel(say("warning.contributors")):
        GridTable(rows, columns, {}, say("warning.contributors.none"), say("warning.contributors"))


def _samples(visit: Visit, told: Explanation) -> None:
    say, zone = visit.say, visit.desk.zone
    rows: list[dict[str, Any]] = [
        {"time": clock(seconds_of(time) or 0, zone), "text": text, "key": id}
        for time, id, text in told.samples
    ]
    columns = [
        {"name": "time", "label": say("column.time"), "kind": "time"},
        {"name": "text", "label": say("column.text"), "kind": "text"},
    ]
    with panel(say("warning.samples")):
        GridTable(rows, columns, {}, say("warning.samples.none"), say("warning.samples"))


def _similar(visit: Visit, warning: EarlyWarning, states: Sequence[WarningState]) -> None:
    say, zone = visit.say, visit.desk.zone
    rows: list[dict[str, Any]] = []
    for state in similar(warning, states):
        one = state.warning
        rows.append(
            {
                "severity": one.severity,
                "time": clock(one.episode_start, zone),
                "cell": visit.book.place(one.cell),
                "href": visit.path(f"warning/{one.id}"),
                "duration": lasting(state.cleared - state.opened, say)
                if state.cleared
                else say("handover.still"),
                "who": state.acknowledged.actor if state.acknowledged is not None else "–",
                "verdict": say(f"verdict.{state.feedback.verdict}") if state.feedback is not None else "–",
            }
        )
    columns = [
        {"name": "severity", "label": say("column.severity"), "kind": "severity"},
        {"name": "time", "label": say("column.time"), "kind": "time"},
        {"name": "cell", "label": say("column.cell"), "kind": "link"},
        {"name": "duration", "label": say("column.duration"), "kind": "tight"},
        {"name": "who", "label": say("column.who"), "kind": "text"},
        {"name": "verdict", "label": say("column.verdict"), "kind": "text"},
    ]
    texts = words(visit.language, ("letter", "cleared", *SEVERITIES))
    with panel(say("warning.similar")):
        GridTable(rows, columns, texts, say("warning.similar.none"), say("warning.similar"))


def _history(visit: Visit, transitions: Sequence[EarlyWarning]) -> None:
    say, zone = visit.say, visit.desk.zone
    rows: list[dict[str, Any]] = []
    for one in reversed(transitions):
        numbers = dict(numbers_of(one))
        rows.append(
            {
                "severity": one.severity,
                "time": clock(one.pane, zone),
                "event": say(one.transition),
                "numbers": f"{numbers['number.observed']} / {numbers.get('number.expected', '–')}",
            }
        )
    columns = [
        {"name": "severity", "label": say("column.severity"), "kind": "severity"},
        {"name": "time", "label": say("column.time"), "kind": "time"},
        {"name": "event", "label": say("column.event"), "kind": "text"},
        {"name": "numbers", "label": say("column.numbers"), "kind": "number"},
    ]
    texts = words(visit.language, ("letter", "cleared", *SEVERITIES))
    with panel(say("warning.history")):
        GridTable(rows, columns, texts, "", say("warning.history"))


def _people(visit: Visit, state: WarningState | None) -> None:
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
            judged = state.feedback
            note = f": {judged.note}" if judged.note else ""
            lines.append(
                f"{clock(judged.at, zone)}  {judged.actor}, {say(f'verdict.{judged.verdict}')}{note}"
            )
    with panel(say("warning.people")):
        if not lines:
            paragraph(say("warning.nobody"), "faint")
        with tag("ul", "people"):
            for line in lines:
                tag("li", "", line)
