"""The handover: what fired, what is open and who has it, notes, silences; made to be printed and signed."""

from functools import partial
from typing import Any, Final

from nicegui import run, ui
from nicegui.element import Element

from models.annotated import HoldState, WarningState
from models.errors import BarometerError
from models.suspectwarning import title_of
from monitoring.console.desk import Visit
from monitoring.console.filters import SEVERITIES
from monitoring.console.formats import clock, day_clock, lasting, number
from monitoring.console.live import GridTable
from monitoring.console.markup import button, facts, page_head, panel, paragraph, segments, tag
from monitoring.console.shift import HOURS, Shift, shift_of
from monitoring.console.texts import words
from monitoring.console.views.board import incidents_of

STATES_SECONDS: Final = 5.0


def build(visit: Visit) -> None:
    """Draw it; what happened is read from Kafka, once."""
    say, desk = visit.say, visit.desk
    asked = visit.query.get("hours", "")
    hours = int(asked) if asked in {str(one) for one in HOURS} else HOURS[0]
    end = int(desk.clock())
    start = end - hours * 3_600
    with page_head(say("handover.title")):
        said = say("handover.span").format(start=day_clock(start, desk.zone), end=day_clock(end, desk.zone))
        tag("span", "faint", said)
        segments(
            say("window"),
            [(say("handover.hours").format(hours=one), f"?hours={one}", one == hours) for one in HOURS],
        )
        tag("span", "room")
        print_ = partial(ui.run_javascript, "window.print()")
        button(say("handover.print"), print_, icon="print", main=True).classes("no-print")
    with tag("div", "stack") as body:
        paragraph(say("handover.reading"), "faint")

    async def read() -> None:
        try:
            found = await run.io_bound(
                lambda: (
                    desk.kept("states", desk.sources.states, STATES_SECONDS),
                    desk.kept("holds", desk.sources.holds, STATES_SECONDS),
                )
            )
        except BarometerError as error:
            body.clear()
            with body:
                paragraph(say("warning.failed").format(why=error), "faint")
            return
        if found is None:
            return
        states, holds = found
        # The board is ahead of what was read, if anything is.
        shift = shift_of({**states, **visit.picture.states}.values(), holds, start, int(desk.clock()))
        body.clear()
        with body:
            _draw(visit, shift)

    ui.timer(0.05, read, once=True)


def _draw(visit: Visit, shift: Shift) -> None:
    say, zone = visit.say, visit.desk.zone
    facts(
        [
            (say("handover.raised"), number(shift.raised)),
            (say("handover.cleared"), number(len(shift.over))),
            (say("handover.still"), number(len(shift.open))),
            (say("handover.unclaimed"), number(shift.unclaimed)),
            (say("handover.false"), number(shift.false_alarms)),
        ],
        "counts",
    )
    with panel(say("handover.open")):
        _table(
            visit,
            [_row(visit, one) for one in shift.open],
            ("since", "what", "who", "notes"),
            "handover.open",
        )
    with panel(say("handover.fired")):
        _table(
            visit,
            [_over(visit, one) for one in shift.over],
            ("since", "until", "duration", "what", "who", "verdict"),
            "handover.fired",
        )
    with tag("div", "halves"):
        with panel(say("handover.incidents")):
            _incidents(visit)
        with panel(say("handover.holds")):
            rows = [_hold(visit, one) for one in shift.holds]
            _plain_table(visit, rows, ("since", "until", "what", "who"), "handover.holds")
    with panel(say("handover.notes")):
        rows = [
            {
                "since": clock(note.at, zone),
                "who": note.actor,
                "what": visit.book.place(state.warning.cell),
                "text": note.text,
                "href": visit.path(f"warning/{state.warning.id}"),
            }
            for note, state in shift.notes
        ]
        _plain_table(visit, rows, ("since", "who", "what", "text"), "handover.notes")
    with tag("div", "signs"):
        for name in ("by", "to", "remarks"):
            tag("div", "", say(f"handover.{name}"))
    paragraph(say("handover.printed").format(time=day_clock(visit.desk.clock(), zone)), "faint")


def _row(visit: Visit, state: WarningState) -> dict[str, Any]:
    warning = state.warning
    rule = title_of(warning, zh=visit.is_zh)
    who = [state.acknowledged.actor] if state.acknowledged is not None else []
    who += [f"→ {state.assignee}"] if state.assignee else []
    held = visit.say(f"held.{state.suppression.reason}") if state.is_suppressed and state.is_open else ""
    return {
        "severity": warning.severity,
        "what": f"{visit.book.place(warning.cell)} · {warning.rule} {rule}",
        "href": visit.path(f"warning/{warning.id}"),
        "since": clock(state.opened, visit.desk.zone),
        "who": " ".join(who) or held or (visit.say("unclaimed") if state.is_open else "–"),
        "notes": [
            f"{note.actor} {clock(note.at, visit.desk.zone)}: {note.text}" for note in state.notes[-3:]
        ],
    }


def _over(visit: Visit, state: WarningState) -> dict[str, Any]:
    judged = "" if state.feedback is None else visit.say(f"verdict.{state.feedback.verdict}")
    return _row(visit, state) | {
        "until": clock(state.cleared, visit.desk.zone),
        "duration": lasting(state.cleared - state.opened, visit.say),
        "verdict": judged,
    }


def _hold(visit: Visit, hold: HoldState) -> dict[str, Any]:
    name = (hold.name_zh if visit.is_zh else hold.name) or ", ".join(
        f"{label}={value}" for label, value in hold.matchers.items()
    )
    until = hold.ended or hold.until
    return {
        "since": clock(hold.since, visit.desk.zone),
        "until": clock(until, visit.desk.zone) if until else visit.say("open end"),
        "what": f"{visit.say(f'held.{hold.kind}')}: {name}" + (f" ({hold.note})" if hold.note else ""),
        "who": hold.actor or "–",
    }


def _incidents(visit: Visit) -> None:
    rows = [
        {"severity": one["severity"], "what": one["name"], "since": one["since"], "text": one["numbers"]}
        for one in incidents_of(visit, visit.picture)
    ]
    _table(visit, rows, ("since", "what", "text"), "handover.incidents")


def _columns(visit: Visit, names: tuple[str, ...]) -> list[dict[str, str]]:
    kinds = {"since": "time", "until": "time", "duration": "tight", "notes": "lines", "what": "link"}
    labels = {"what": "column.event"}
    return [
        {
            "name": name,
            "label": visit.say(labels.get(name, f"column.{name}")),
            "kind": kinds.get(name, "text"),
        }
        for name in names
    ]


def _table(visit: Visit, rows: list[dict[str, Any]], names: tuple[str, ...], title: str) -> Element:
    columns = [
        {"name": "severity", "label": visit.say("column.severity"), "kind": "severity"},
        *_columns(visit, names),
    ]
    texts = words(visit.language, ("letter", "cleared", *SEVERITIES))
    return GridTable(rows, columns, texts, visit.say("handover.none"), visit.say(title))


def _plain_table(visit: Visit, rows: list[dict[str, Any]], names: tuple[str, ...], title: str) -> Element:
    return GridTable(rows, _columns(visit, names), {}, visit.say("handover.none"), visit.say(title))
