"""Satisfaction against its targets, by any dimension that is counted, with intervals."""

from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from nicegui import run, ui

from models.cells import ALL
from models.errors import BarometerError
from models.measures import Stream
from monitoring.console.desk import Visit
from monitoring.console.formats import number
from monitoring.console.live import Intervals
from monitoring.console.markup import page_head, segments
from monitoring.console.picture import Picture
from monitoring.console.satisfaction import BY_ID, MEASURES, Figure, Measure, figures_of
from monitoring.console.texts import words

DIMENSIONS: Final = ("region", "segment", "channel", "department", "category", "product")
SECONDS: Final = (3_600, 86_400, 604_800, 2_592_000)
USUAL: Final = "86400"
SUBSCRIBERS_SECONDS: Final = 600.0
"""For how long subscriber counts are good enough; they change by the month."""


def build(visit: Visit) -> None:
    """Draw it."""
    say = visit.say
    by = visit.query.get("by", DIMENSIONS[0])
    by = by if by in DIMENSIONS else DIMENSIONS[0]
    window = visit.query.get("window", USUAL)
    window = window if window in {str(one) for one in SECONDS} else USUAL
    with page_head(say("satisfaction.title"), say("satisfaction.long")):
        segments(
            say("by"),
            [(say(f"dimension.{one}"), f"?by={one}&window={window}", one == by) for one in DIMENSIONS],
        )
        segments(
            say("window"),
            [(say(f"window.{one}"), f"?by={by}&window={one}", str(one) == window) for one in SECONDS],
        )
    served: dict[tuple[str, str], int] = {}
    is_known = False
    told: list[Any] | None = None
    seen: object = None

    def message(picture: Picture, whole: bool) -> dict[str, Any] | None:
        nonlocal told, seen
        of = (id(picture.windows), is_known)
        if not picture.is_loaded or (of == seen and not whole):
            return None
        seen = of
        found = [
            _measure(visit, one, picture, by, int(window), served, is_known=is_known) for one in MEASURES
        ]
        if found == told and not whole:
            return None
        told = found
        return {"measures": found}

    async def learn() -> None:
        nonlocal is_known
        desk = visit.desk
        # Where they cannot be read 万投比 stays unknown, and the page says so.
        with suppress(BarometerError):
            known = await run.io_bound(
                lambda: desk.kept("subscribers", desk.sources.subscribers, SUBSCRIBERS_SECONDS)
            )
            served.update(known or {})
        is_known = True

    Intervals(visit.desk.hub, message, texts=words(visit.language, ("verdict", "empty")))
    ui.timer(0.05, learn, once=True)


def _measure(
    visit: Visit,
    measure: Measure,
    picture: Picture,
    by: str,
    seconds: int,
    served: dict[tuple[str, str], int],
    *,
    is_known: bool,
) -> dict[str, Any]:
    say = visit.say
    figures = figures_of(measure, picture.windows, by, seconds, served)
    if not measure.is_share:
        # Nobody is off the scale.
        highest = max([measure.highest, *(one.upper for one in figures if one.upper is not None)])
        measure = replace(measure, highest=highest)
    lacks = measure.stream is Stream.COMPLAINTS and is_known and all(one.value is None for one in figures)
    return {
        "id": measure.id,
        "title": say(f"measure.{measure.id}"),
        "target": say("target").format(value=_shown(measure, measure.target)),
        "at": _percent(measure, measure.target),
        "note": say("no subscribers") if lacks and figures else "",
        "rows": [_row(visit, measure, one) for one in figures],
    }


def _row(visit: Visit, measure: Measure, figure: Figure) -> dict[str, Any]:
    known = figure.value is not None and figure.lower is not None and figure.upper is not None
    is_whole = figure.cell == ALL
    return {
        "cell": figure.cell,
        "name": visit.say("nationwide") if is_whole else visit.book.place(figure.cell),
        "whole": is_whole,
        "n": visit.say("sample").format(n=number(figure.n)),
        "verdict": figure.verdict.value,
        "value": _shown(measure, figure.value),
        "interval": f"{_shown(measure, figure.lower)} – {_shown(measure, figure.upper)}" if known else "",
        "at": _percent(measure, figure.value),
        "low": _percent(measure, figure.lower),
        "high": _percent(measure, figure.upper),
    }


def _shown(measure: Measure, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if BY_ID[measure.id].is_share else f"{value:.1f}"


def _percent(measure: Measure, value: float | None) -> float | None:
    """Return where a value lies on its scale, 0 to 100."""
    if value is None:
        return None
    share = (value - measure.lowest) / (measure.highest - measure.lowest)
    return round(100 * min(1.0, max(0.0, share)), 2)
