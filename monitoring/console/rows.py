"""A warning as a row of the board: everything that is shown of it, in one language, as plain values for a browser. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from models.annotated import WarningState
from models.joined import Incident
from models.naming import Names
from models.outcomes import EarlyWarning
from models.suspectwarning import is_suspicion, title_of
from monitoring.console.expectation import expected_at
from monitoring.console.filters import SEVERITIES, Filter
from monitoring.console.formats import clock, number, quantity, seconds_of
from monitoring.console.outage import clocks_of, is_suspected, size_words
from monitoring.console.picture import Picture
from monitoring.console.rings import Rings, drawn_window, is_count
from monitoring.console.texts import Language, sayer

Row = dict[str, Any]
RATIO_MAX: Final = 99.0
_RANK: Final = {severity: rank for rank, severity in enumerate(SEVERITIES)}


class RowBook:
    """The rows of one language. A row is made anew only when something of it has changed, and is then another object."""

    def __init__(self, language: Language, names: Names, zone: ZoneInfo, rings: Rings) -> None:
        self.language: Final = language
        self._names = names
        self._zone = zone
        self._rings = rings
        self._say = sayer(language)
        self._version = -1
        self._rows: dict[str, tuple[tuple[object, ...], Row]] = {}

    def rows(self, picture: Picture) -> dict[str, Row]:
        """Return the rows of a picture by the warning's id; the same objects for what has not changed."""
        if picture.version != self._version:
            rows = {}
            for id, warning in picture.warnings.items():
                state = picture.states.get(id)
                incident = picture.incidents.get(state.incident_id) if state is not None else None
                # Identity will do: a picture replaces what has changed.
                marks = (
                    warning,
                    state,
                    incident,
                    self._rings.newest(f"{warning.stream}|{warning.cell}"),
                )
                known = self._rows.get(id)
                if known is not None and all(a is b or a == b for a, b in zip(known[0], marks, strict=True)):
                    rows[id] = known
                else:
                    rows[id] = marks, self._row(warning, state, incident)
            self._rows, self._version = rows, picture.version
        return {id: row for id, (_, row) in self._rows.items()}

    def place(self, cell: str) -> str:
        """Return a cell in words, or as it is written."""
        try:
            if self.language == "zh":
                return self._names.cell_zh(cell)
            words = self._names.cell(cell)
            return words[:1].upper() + words[1:]
        except (KeyError, ValueError):
            return cell

    def _row(self, warning: EarlyWarning, state: WarningState | None, incident: Incident | None) -> Row:
        zh, say = self.language == "zh", self._say
        opened = state.opened if state is not None else int(seconds_of(warning.decided_at) or 0)
        ratio = ""
        if warning.expected and (is_count(warning.stream, warning.measure) or is_suspicion(warning)):
            ratio = say("times").format(ratio=f"{min(RATIO_MAX, warning.observed / warning.expected):.1f}")
        expected = quantity(warning.expected, warning.measure)
        if warning.expected is None and warning.threshold is not None:
            expected = f"{say('chart.limit')} {quantity(warning.threshold, warning.measure)}"
        place = self.place(warning.cell)
        rule = title_of(warning, zh=zh)
        taken = state.acknowledged.actor if state is not None and state.acknowledged is not None else ""
        held = ""
        if state is not None and state.is_suppressed:
            held = say(f"held.{state.suppression.reason}")
        fault = "" if incident is None else (incident.name_zh if zh else incident.name)
        row: Row = {
            "id": warning.id,
            "severity": warning.severity,
            "rank": _RANK.get(warning.severity, len(_RANK)),
            "state": warning.transition,
            "opened": opened,
            "pane": warning.pane,
            "place": place,
            "rule": warning.rule,
            "name": rule,
            "summary": warning.summary_zh if zh else warning.summary,
            "observed": quantity(warning.observed, warning.measure),
            "expected": expected,
            "ratio": ratio,
            "taken": taken,
            "assignee": "" if state is None else state.assignee,
            "notes": 0 if state is None else len(state.notes),
            "held": held,
            **self._outage(incident),
            "fault": fault or (say("fault.known") if state is not None and state.incident_id else ""),
            "verdict": "" if state is None or state.feedback is None else state.feedback.verdict,
            **self._spark(warning),
        }
        told = (
            place,
            warning.rule,
            rule,
            row["summary"],
            taken,
            row["assignee"],
            fault,
            row["suspected"],
            row["size"],
            held,
            warning.cell,
            warning.id,
        )
        row["told"] = " ".join(told).lower()
        return row

    def _outage(self, incident: Incident | None) -> dict[str, Any]:
        """Return what the row says of the outage that explains its warning; the browser counts the time that is left of a clock."""
        if incident is None:
            return {"suspected": "", "size": "", "clocks": []}
        say, zone = self._say, self._zone
        return {
            "suspected": say("incident.suspected") if is_suspected(incident) else "",
            "size": size_words(incident, self.language),
            "clocks": [
                {"report": due.report, "at": due.at, "time": clock(due.at, zone)}
                for due in clocks_of(incident, say)
            ],
        }

    def _spark(self, warning: EarlyWarning) -> dict[str, Any]:
        """Return the sparkline's points and what was expected, in their unit: at each of them, or all the time."""
        points = self._rings.series(warning.stream, warning.cell, warning.measure, warning.window_seconds)
        window = drawn_window(warning.window_seconds)
        line: list[float] | float | None = warning.expected
        if is_count(warning.stream, warning.measure):
            own = expected_at(warning, [end for end, _ in points], window)
            if own is not None:
                line = [round(value, 4) for value in own]
            elif warning.expected is not None:
                line = warning.expected * window / warning.window_seconds
        return {
            "spark": [round(value, 4) for _, value in points],
            "line": round(line, 4) if isinstance(line, float) else line,
        }


def shown(rows: Iterable[Row], picture: Picture, wanted: Filter) -> dict[str, Row]:
    """Return the rows that pass a filter, by id."""
    found = {}
    for row in rows:
        warning = picture.warnings.get(row["id"])
        if warning is not None and wanted.passes(
            warning, told=row["told"], is_taken=bool(row["taken"]), is_held=bool(row["held"])
        ):
            found[row["id"]] = row
    return found


def tally(rows: Iterable[Row]) -> dict[str, list[int]]:
    """Return severity -> [how many, how many of them nobody is on and nothing holds back]."""
    found = {severity: [0, 0] for severity in SEVERITIES}
    for row in rows:
        if row["severity"] in found:
            counts = found[row["severity"]]
            counts[0] += 1
            counts[1] += not row["taken"] and not row["held"]
    return found


def difference(before: Mapping[str, Row], after: Mapping[str, Row]) -> tuple[list[Row], list[str]]:
    """Return the rows that are new or other, and the ids of those that are gone."""
    changed = [row for id, row in after.items() if before.get(id) is not row]
    return changed, [id for id in before if id not in after]


def numbers_of(warning: EarlyWarning) -> list[tuple[str, str]]:
    """Return the numbers behind a warning, each with the name of its label."""
    found = [("number.observed", quantity(warning.observed, warning.measure))]
    if warning.expected is not None:
        found.append(("number.expected", quantity(warning.expected, warning.measure)))
    if warning.lower is not None and warning.upper is not None:
        label = "number.interval" if "/" in warning.measure else "number.band"
        found.append(
            (
                label,
                f"{quantity(warning.lower, warning.measure)} – {quantity(warning.upper, warning.measure)}",
            )
        )
    if warning.threshold is not None:
        found.append(("number.threshold", quantity(warning.threshold, warning.measure)))
    found.append(("number.n", number(warning.n)))
    if warning.p_value is not None:
        found.append(("number.p", f"{warning.p_value:.1g}"))
    return found
