"""The board: active warnings, the worst first, and beside them what is known to be broken and how the nation fares."""

from collections.abc import Callable
from typing import Any, Final

from nicegui.events import GenericEventArguments

from models.cells import ALL
from models.joined import Incident
from models.measures import Stream, measured
from models.outcomes import EarlyWarning
from models.pane import DAY, HOUR
from monitoring.console.desk import Visit
from monitoring.console.dialogs import Window
from monitoring.console.filters import SEVERITIES, Filter
from monitoring.console.formats import clock, number, seconds_of
from monitoring.console.live import SideRail, WarningList
from monitoring.console.markup import heading, tag
from monitoring.console.outage import clock_words, is_suspected, next_clock, size_words, usual_words
from monitoring.console.picture import Picture
from monitoring.console.rings import window_of
from monitoring.console.rows import Row, difference, shown, tally
from monitoring.console.texts import words

RAIL_SECONDS: Final = 1.0
INCIDENTS_MAX: Final = 100
_TEXTS: Final = (
    *(
        "board",
        "filter",
        "sort",
        "column",
        "unclaimed",
        "assigned to",
        "notes",
        "verdict",
        "new",
        "announce",
        "sound",
        "tile",
        "clock",
    ),
    *(
        "keys",
        "act",
        "unit",
        "letter",
        "raised",
        "escalated",
        "deescalated",
        "recovering",
        "relapsed",
        "cleared",
    ),
    *SEVERITIES,
)
_NATION: Final = (
    ("complaints", Stream.COMPLAINTS, "distinct", HOUR),
    ("calls", Stream.CALLS, "offered", HOUR),
    ("answered", Stream.CALLS, "within_threshold / offered", HOUR),
    ("satisfied", Stream.SURVEYS, "csat_satisfied / csat_n", DAY),
)
"""Label, stream, measure, window (seconds)."""
_TARGETS: Final = {"answered": 0.85, "satisfied": 0.85}


def build(visit: Visit) -> None:
    """Draw it."""
    heading(1, visit.say("page.board"), "sr")
    with tag("div", "board"):
        _warnings(visit)
        SideRail(
            visit.desk.hub,
            _rail(visit),
            texts=words(visit.language, ("nation", "incidents", "incident", "letter", "unit", *SEVERITIES)),
        )


def _warnings(visit: Visit) -> None:
    """Draw the list. What it has been told is kept here, and the filter that its reader has chosen."""
    sent: dict[str, Row] = {}
    wanted = Filter.of(visit.query)
    is_asked = False
    seen = -1

    def message(picture: Picture, whole: bool) -> dict[str, Any] | None:
        nonlocal sent, is_asked, seen
        if not picture.is_loaded or (picture.version == seen and not whole and not is_asked):
            return None
        rows = visit.book.rows(picture)
        passing = shown(rows.values(), picture, wanted)
        changed, gone = difference({} if whole else sent, passing)
        is_quiet, was_seen = is_asked, seen
        sent, is_asked, seen = passing, False, picture.version
        if not (whole or is_quiet or changed or gone) and was_seen >= 0:
            return None
        told: dict[str, Any] = {
            "whole": whole,
            "quiet": is_quiet,
            "rows": [{name: value for name, value in row.items() if name != "told"} for row in changed],
            "gone": gone,
            "all": len(rows),
            "counts": tally(rows.values()),
            "now": visit.desk.clock(),
        }
        if is_quiet:
            told["query"] = wanted.query
        return told

    def choose(event: GenericEventArguments) -> None:
        nonlocal wanted, is_asked
        given = event.args if isinstance(event.args, dict) else {}
        wanted, is_asked = Filter.of({str(name): str(value) for name, value in given.items()}), True

    def act(event: GenericEventArguments) -> None:
        given = event.args if isinstance(event.args, dict) else {}
        window.ask(str(given.get("verb")), str(given.get("id")))

    def known(id: str) -> EarlyWarning | None:
        return visit.picture.warnings.get(id)

    window = Window(visit, known)
    made = WarningList(
        visit.desk.hub,
        message,
        texts=words(visit.language, _TEXTS),
        lang=visit.language,
        filter=_as_chosen(visit, wanted),
        mayAct=visit.identity.may_act,
        severities=list(SEVERITIES),
    )
    made.on("filter", choose)
    made.on("act", act)


def _as_chosen(visit: Visit, wanted: Filter) -> dict[str, Any]:
    place = visit.book.place
    return {
        "severities": [one for one in SEVERITIES if one in wanted.severities],
        "q": wanted.text,
        "region": wanted.region,
        "regionName": place(f"region={wanted.region}") if wanted.region else "",
        "category": wanted.category,
        "categoryName": place(f"category={wanted.category}") if wanted.category else "",
        "rule": wanted.rule,
        "taken": wanted.taken,
        "held": wanted.held,
        "sort": wanted.sort,
    }


def _rail(visit: Visit) -> Callable[[Picture, bool], dict[str, Any] | None]:
    told: dict[str, Any] = {}
    last = 0.0

    def message(picture: Picture, whole: bool) -> dict[str, Any] | None:
        nonlocal told, last
        now = visit.desk.clock()
        if not picture.is_loaded or (not whole and abs(now - last) < RAIL_SECONDS):
            return None
        last = now
        found = {"incidents": incidents_of(visit, picture), "nation": _nation(visit, picture)}
        if found == told and not whole:
            return None
        told = found
        return found

    return message


def incidents_of(visit: Visit, picture: Picture) -> list[dict[str, Any]]:
    """Return the open incidents as plain values, those that go on first, the gravest and the newest of them on top."""
    found = sorted(picture.incidents.values(), key=lambda one: one.first_alert, reverse=True)
    found.sort(key=lambda one: (one.status == "pending", one.priority))
    return [_incident(visit, one) for one in found[:INCIDENTS_MAX]]


def _incident(visit: Visit, one: Incident) -> dict[str, Any]:
    say = visit.say
    numbers = [say("incident.complaints").format(count=number(one.trouble_ticket_count))]
    if size := size_words(one, visit.language):
        numbers.insert(0, size)
    if is_suspected(one):
        numbers.insert(0, say("incident.suspected"))
    due = next_clock(one, say, visit.desk.clock())
    if due is not None:
        numbers.append(clock_words(due, say, visit.desk.clock(), visit.desk.zone))
    if one.against_usual is not None and one.against_usual.tenfold:
        numbers.append(usual_words(one.against_usual, say))
    if one.underlying_alarm_count > 1:
        numbers.append(say("incident.alarms").format(count=number(one.underlying_alarm_count)))
    began = seconds_of(one.first_alert)
    return {
        "id": one.id,
        "name": one.name_zh if visit.is_zh else one.name,
        "severity": one.perceived_severity,
        "planned": one.planned_outage,
        "since": "" if began is None else clock(began, visit.desk.zone),
        "numbers": " · ".join(numbers),
    }


def _nation(visit: Visit, picture: Picture) -> list[dict[str, Any]]:
    rings, found = visit.desk.feed.rings, []
    for name, stream, measure, window in _NATION:
        key = f"{stream}|{ALL}"
        vector = window_of(picture.windows, key, window)
        value = None if vector is None else measured(stream, measure, vector)
        target = _TARGETS.get(name)
        told = picture.windows.get(key)
        found.append(
            {
                "key": name,
                "label": visit.say(f"nation.{name}"),
                "value": "–" if value is None else (f"{value:.1%}" if "/" in measure else number(value)),
                "verdict": "" if value is None or target is None else ("met" if value >= target else "below"),
                "note": "" if told is None else clock(told.closed_until, visit.desk.zone),
                "spark": [round(value, 4) for _, value in rings.series(stream, ALL, measure, HOUR)],
            }
        )
    return found
