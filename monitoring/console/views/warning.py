"""One warning: why it was raised, what was counted and expected, what became of it, who does what, and the like before.

What the board knows is shown as it changes, and needs no Kafka: who has it, notes, severity. The rest is read from Kafka, again when an
episode has moved on, and until it can be read.
"""

from collections.abc import Mapping
from functools import partial
from time import monotonic
from typing import Any, Final

from nicegui import run, ui

from models.annotated import HoldState, WarningState
from models.errors import BarometerError
from models.outcomes import EarlyWarning, WarningTransition
from models.suspectwarning import is_suspicion, title_of
from monitoring.console import panels
from monitoring.console.actions import verbs_for
from monitoring.console.charts import warning_chart
from monitoring.console.desk import APPLIED_SECONDS, Visit
from monitoring.console.dialogs import Window
from monitoring.console.formats import day_clock
from monitoring.console.live import SeverityBadge
from monitoring.console.markup import Part, button, heading, link, panel, paragraph, tag
from monitoring.console.outage import outage_facts
from monitoring.console.similar import similar
from monitoring.console.sources import Explanation
from monitoring.console.spans import Span, linked_span, spans_beside
from monitoring.console.texts import TEXTS
from monitoring.console.theme import PALETTES

LOOK_SECONDS: Final = 0.5
"""How often the page looks whether something about its warning has changed."""
STATES_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 5.0
GAP_SECONDS: Final = 1.0
"""Between two readings, whatever happens."""
AGAIN_SECONDS: Final = 60.0
"""How often the chart of a warning that goes on is read anew."""
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
    page = _Page(visit, visit.query.get("warning_id", ""))
    page.look()
    ui.timer(LOOK_SECONDS, page.look)
    ui.timer(LOOK_SECONDS, page.read_on)


class _Page:
    """The page of one browser: what is known, and the parts that show it."""

    def __init__(self, visit: Visit, id: str) -> None:
        self._visit = visit
        self._id = id
        self._told: Explanation | None = None
        self._state_read: WarningState | None = None
        self._states: Mapping[str, WarningState] = {}
        self._holds: Mapping[str, HoldState] = {}
        self._is_read = False
        self._why = ""
        self._read_for = (-1, -1, False)
        self._not_before = self._again_at = 0.0
        self._window = Window(visit, lambda id: self._known()[0] if id == self._id else None)
        self._parts: dict[str, Part] = {}
        with tag("div", "stack"):
            self._section = tag("section", "panel hero")
            with self._section:
                self._lay("badge", "title")
                self._lay("buttons", classes="buttons no-print")
                self._lay("summary", classes="summary")
                self._lay("chips", classes="chips")
            self._lay("outage", "said", "figures", "chart")
            with tag("div", "columns"):
                with tag("div", "stack"):
                    self._lay("contributors", "samples", "before")
                with tag("div", "stack"):
                    self._lay("people", "together", "history", "rule")

    def _lay(self, *names: str, classes: str = "") -> None:
        for name in names:
            self._parts[name] = Part(tag("div", classes))

    def _known(self) -> tuple[EarlyWarning | None, WarningState | None]:
        """Return the warning and what was added to it; what is over has left the board, and was read."""
        picture, told = self._visit.picture, self._told
        warning = picture.warnings.get(self._id)
        if told is not None and (warning is None or told.transitions[-1].sequence > warning.sequence):
            warning = told.transitions[-1]
        self._state_read = picture.states.get(self._id, self._state_read)
        return warning, self._state_read

    # What is shown

    def look(self) -> None:
        """Draw what is other than what is shown."""
        warning, state = self._known()
        self._section.set_visibility(warning is not None)
        if warning is not None:
            self._look_at(warning, state)
            self._show("people", _doings(state), panels.people, state)
        self._show("said", (warning is None, self._is_read, self._why), self._say_so)
        told = self._told
        if warning is None or told is None:
            return
        last = panels.judged(told.transitions)
        self._show("figures", last, panels.figures, last)
        self._look_at_chart(told, last, state)
        if not is_suspicion(last):
            found = () if state is None or state.excess is None else state.excess.contributors
            self._show("contributors", found, panels.contributors, found)
        self._show("samples", told.samples, panels.samples, told.samples)
        # What was before does not move: it is sought anew when it was read anew.
        self._show("before", (last.id, id(self._states)), self._before, last)
        self._show("history", told.transitions, panels.history, told.transitions)
        self._show("rule", told.words, panels.rule, told.words)
        if state is not None:
            also = [self._other(id) for id in panels.others_of(state)]
            self._show("together", also, panels.together, state, also)

    def _before(self, visit: Visit, last: EarlyWarning) -> None:
        panels.before(visit, similar(last, self._states.values()))

    def _other(self, id: str) -> tuple[str, EarlyWarning | None]:
        state = self._visit.picture.states.get(id) or self._states.get(id)
        return id, None if state is None else state.warning

    def _show(self, name: str, what: object, draw: Any, *shown: Any) -> None:
        self._parts[name].show((what,), partial(draw, self._visit, *shown))

    def _look_at(self, warning: EarlyWarning, state: WarningState | None) -> None:
        visit, say = self._visit, self._visit.say
        self._section.classes(replace=f"panel hero at-{warning.severity}")
        is_open = warning.transition != WarningTransition.CLEARED
        self._show("badge", warning.severity, _badge, warning.severity)
        rule = title_of(warning, zh=visit.is_zh)
        sub = f"{warning.rule} {rule} · {say(warning.transition)} · {warning.id}"
        self._show("title", sub, _title, visit.book.place(warning.cell), sub)
        verbs = verbs_for(state, is_open=is_open) if visit.identity.may_act else ()
        self._show("buttons", verbs, _buttons, verbs, self._window, self._id)
        summary = warning.summary_zh if visit.is_zh else warning.summary
        self._show("summary", summary, _text, summary)
        incident_id = "" if state is None else state.incident_id
        fault = linked_span(incident_id, visit.picture.incidents, self._holds, zh=visit.is_zh)
        incident = visit.picture.incidents.get(incident_id)
        facts = (
            []
            if incident is None
            else outage_facts(incident, visit.language, visit.desk.zone, visit.desk.clock())
        )
        self._show("outage", facts, panels.outage, facts)
        chips = _chips(visit, state, fault)
        self._show("chips", chips, _draw_chips, chips)

    def _look_at_chart(self, told: Explanation, last: EarlyWarning, state: WarningState | None) -> None:
        visit = self._visit
        if is_suspicion(last):
            self._show("chart", last.kind, panels.suspected)
        if not told.buckets:
            return
        spans = spans_beside(
            last.cell,
            "" if state is None else state.incident_id,
            visit.picture.incidents,
            self._holds,
            told.buckets[0].end,
            told.buckets[-1].end,
            zh=visit.is_zh,
        )
        self._show("chart", (told.buckets, told.transitions, spans), _chart, told, last, spans)

    def _say_so(self, visit: Visit) -> None:
        """Say what stands in the way of the rest."""
        say = visit.say
        if self._why:
            paragraph(say("warning.failed").format(why=self._why), "panel faint").props["role"] = "alert"
        elif not self._is_read:
            paragraph(say("warning.reading"), "faint")
        elif self._known()[0] is None:
            with tag("div", "nothing"):
                heading(2, say("warning.missing"))
                paragraph(say("warning.missing.long"))
                link(say("page.board"), visit.path("board"), "soft")

    # What is read

    async def read_on(self) -> None:
        """Ask Kafka where it may know more than was read."""
        now, (warning, _) = monotonic(), self._known()
        done = self._visit.desk.outgoing.underway.done(self._id)
        # What leaves the board is over, and only the ledger says how.
        is_shown = self._id in self._visit.picture.warnings
        is_other = self._read_for != (0 if warning is None else warning.sequence, done, is_shown)
        if now < self._not_before or not (is_other or self._why or now >= self._again_at):
            return
        is_over = warning is not None and warning.transition == WarningTransition.CLEARED
        try:
            if is_other or self._why or not is_over:
                await self._read(fresh=done != self._read_for[1])
                self._read_for = self._sequence(), done, is_shown
            else:
                # What others write about it, no board tells any more.
                self._state_read = (await self._ask_states(STATES_SECONDS)).get(self._id, self._state_read)
        except BarometerError as error:
            self._why, self._not_before = str(error), monotonic() + RETRY_SECONDS
        else:
            self._why, self._is_read = "", True
            self._not_before = monotonic() + GAP_SECONDS
            self._again_at = monotonic() + (STATES_SECONDS if is_over else AGAIN_SECONDS)
        if not self._section.is_deleted:
            self.look()

    def _sequence(self) -> int:
        """Return up to where the episode was read; where the ledger has nothing of it, up to where the board is."""
        warning = self._known()[0] if self._told is None else self._told.transitions[-1]
        return 0 if warning is None else warning.sequence

    async def _read(self, *, fresh: bool) -> None:
        visit, desk = self._visit, self._visit.desk
        told = await run.io_bound(lambda: desk.sources.explain(self._id, visit.language))
        states = await self._ask_states(APPLIED_SECONDS if fresh else STATES_SECONDS)
        holds = await run.io_bound(lambda: desk.kept("holds", desk.sources.holds, STATES_SECONDS))
        if told is not None:
            self._told, self._state_read = told, told.state
        self._states, self._holds = states, {one.id: one for one in holds or ()}

    async def _ask_states(self, seconds: float) -> Mapping[str, WarningState]:
        desk = self._visit.desk
        found = await run.io_bound(lambda: desk.kept("states", desk.sources.states, seconds))
        return found or {}


def _doings(state: WarningState | None) -> tuple[object, ...]:
    return () if state is None else (state.acknowledged, state.assignee, state.notes, state.feedback)


def _badge(visit: Visit, severity: str) -> None:
    letter = f"letter.{severity}"
    SeverityBadge(severity, visit.say(severity), visit.say(letter) if letter in TEXTS else "–")


def _title(visit: Visit, place: str, sub: str) -> None:
    heading(1, place)
    paragraph(sub, "sub")


def _text(visit: Visit, text: str) -> None:
    paragraph(text)


def _buttons(visit: Visit, verbs: tuple[str, ...], window: Window, id: str) -> None:
    for verb in verbs:
        button(visit.say(f"act.{verb}"), partial(window.ask, verb, id), icon=_ICONS[verb], main=verb == "ack")


def _chips(visit: Visit, state: WarningState | None, fault: Span | None) -> list[tuple[str, str]]:
    """Return class and text of each."""
    say, zone = visit.say, visit.desk.zone
    if state is None:
        return []
    found = [("", f"{say('raised')} {day_clock(state.opened, zone)}")]
    if state.cleared:
        found.append(("", say("warning.over").format(time=day_clock(state.cleared, zone))))
    if state.acknowledged is not None:
        found.append(("who", say("acknowledged by").format(name=state.acknowledged.actor)))
    elif state.is_open:
        found.append(("nobody", say("unclaimed")))
    if state.assignee:
        found.append(("who", say("assigned to").format(name=state.assignee)))
    if state.is_suppressed and state.is_open:
        found.append(("held", say(f"held.{state.suppression.reason}")))
    if fault is not None:
        found.append(("fault", f"{say(f'chart.{fault.kind}')}: {fault.name}"))
    if state.feedback is not None:
        found.append(("", f"{say(f'verdict.{state.feedback.verdict}')} ({state.feedback.actor})"))
    return found


def _draw_chips(visit: Visit, chips: list[tuple[str, str]]) -> None:
    for kind, text in chips:
        tag("span", f"chip {kind}".strip(), text)


def _chart(visit: Visit, told: Explanation, last: EarlyWarning, spans: list[Span]) -> None:
    say = visit.say
    with panel(say("warning.chart")):
        palette = PALETTES[visit.theme]
        options = warning_chart(told.buckets, told.transitions, spans, say, palette, visit.desk.zone)
        drawn = ui.echart(options).classes("chart")
        drawn.props["role"] = "img"
        label = say("chart.label").format(measure=last.measure, cell=visit.book.place(last.cell))
        names = "; ".join(f"{say(f'chart.{one.kind}')}: {one.name}" for one in spans)
        drawn.props["aria-label"] = f"{label}; {names}" if names else label
