"""Regions by categories: a heat map of surprise, and beside it the cells that stand out most; a click leads to their warnings."""

from typing import Any, Final

from models.regions import load_regions
from models.taxonomy import load_taxonomy
from monitoring.console.desk import Visit
from monitoring.console.formats import number
from monitoring.console.heat import BANDS, WINDOWS, Heat
from monitoring.console.live import HeatMap, LiveTable
from monitoring.console.markup import page_head, panel, segments, tag
from monitoring.console.picture import Picture
from monitoring.console.texts import words

STANDS_OUT: Final = 14
"""Cells that the list beside the map names at most."""
SORTS: Final = ("code", "hot")


def build(visit: Visit) -> None:
    """Draw it."""
    say = visit.say
    window = visit.query.get("window", "1h")
    window = window if window in WINDOWS else "1h"
    sort = visit.query.get("sort", SORTS[0])
    sort = sort if sort in SORTS else SORTS[0]
    place = 1 if visit.is_zh else 0
    regions = load_regions().codes
    categories = [category.code for category in load_taxonomy().categories]
    with page_head(say("regions.title"), say("regions.long")):
        segments(
            say("regions.window"),
            [(say(f"regions.{one}"), f"?window={one}&sort={sort}", one == window) for one in WINDOWS],
        )
        segments(
            say("regions.sort"),
            [(say(f"regions.sort.{one}"), f"?window={window}&sort={one}", one == sort) for one in SORTS],
        )
    told = visit.desk.names.values
    seconds = WINDOWS[window]
    with tag("div", "with-rail"):
        HeatMap(
            visit.desk.hub,
            _map(visit, seconds, regions),
            texts=words(visit.language, ("regions", "region", "category")),
            regions=[{"code": code, "name": told["region"][code][place]} for code in regions],
            categories=[{"code": code, "name": told["category"][code][place]} for code in categories],
            board=visit.path("board"),
            sort=sort,
        )
        with panel(say("regions.hottest")):
            _legend(visit)
            LiveTable(
                visit.desk.hub,
                _hottest(visit, seconds),
                columns=[
                    {"name": "place", "label": say("column.cell"), "kind": "link"},
                    {"name": "seen", "label": say("column.numbers"), "kind": "number"},
                    {"name": "score", "label": "σ", "kind": "number"},
                ],
                texts={},
                empty=say("regions.quiet"),
                caption=say("regions.hottest"),
                live=True,
            )


def _legend(visit: Visit) -> None:
    with tag("div", "legend"):
        for band, limit in enumerate((0.0, *BANDS)):
            with tag("span"):
                tag(
                    "i",
                    "",
                    "",
                    style=f"background:var({'--raised' if not band else f'--heat-{band}'})",
                    aria_hidden="true",
                )
                tag("span", "", visit.say("regions.ordinary") if not band else f"≥ {limit:g} σ")


def _plain(heat: Heat) -> list[Any]:
    if heat.score is None or heat.expected is None:
        return [heat.observed, None, None, 0]
    return [heat.observed, round(heat.expected, 1), round(heat.score, 1), heat.band]


def _map(visit: Visit, seconds: int, regions: tuple[str, ...]) -> Any:
    sent: dict[str, list[Any]] = {}
    seen: object = None

    def message(picture: Picture, whole: bool) -> dict[str, Any] | None:
        nonlocal sent, seen
        if not picture.is_loaded:
            return None
        found = visit.desk.heats.of(picture, seconds)
        if found is seen and not whole:
            return None
        seen = found
        cells = {f"{region}|{category}": _plain(one) for (region, category), one in found.items()}
        changed = {key: cell for key, cell in cells.items() if whole or sent.get(key) != cell}
        sent = cells
        nation = sum(found[region, ""].observed for region in regions)
        return {"whole": whole, "cells": changed, "nation": number(nation)} if changed or whole else None

    return message


def _hottest(visit: Visit, seconds: int) -> Any:
    told: list[dict[str, Any]] | None = None
    seen: object = None

    def message(picture: Picture, whole: bool) -> dict[str, Any] | None:
        nonlocal told, seen
        if not picture.is_loaded:
            return None
        found = visit.desk.heats.of(picture, seconds)
        if found is seen and not whole:
            return None
        seen = found
        hot = [
            (one.score or 0.0, region, category, one)
            for (region, category), one in found.items()
            if region and category and one.band
        ]
        rows = [
            {
                "key": f"{region}|{category}",
                "place": visit.book.place(f"region={region},category={category}"),
                "href": f"{visit.path('board')}?region={region}&category={category}",
                "seen": f"{number(one.observed)} / {number(round(one.expected or 0.0, 1))}",
                "score": f"{score:.1f}",
            }
            for score, region, category, one in sorted(hot, key=lambda entry: -entry[0])[:STANDS_OUT]
        ]
        if rows == told and not whole:
            return None
        told = rows
        return {"rows": rows}

    return message
