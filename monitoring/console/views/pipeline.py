"""The pipeline: how fast events are taken, how many wait, how far event time is, what was refused, and how whole the board is."""

from typing import Any, Final

from nicegui import run, ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from models.errors import BarometerError
from monitoring.console.actions import NotDone
from monitoring.console.charts import traffic_chart
from monitoring.console.desk import Visit
from monitoring.console.dialogs import actions_of
from monitoring.console.formats import clock, lasting, number, seconds_of
from monitoring.console.live import GridTable, LiveTable
from monitoring.console.markup import heading, page_head, panel, paragraph, tag
from monitoring.console.picture import Picture
from monitoring.console.theme import PALETTES

LETTERS_SHOWN: Final = 50
LETTERS_SECONDS: Final = 10.0
CHART_SECONDS: Final = 3.0
TABLE_SECONDS: Final = 1.0
WORKERS: Final = ("worker", "ready", "partitions", "events", "letters", "lag", "watermark")
PLACES: Final = ("topic", "partition", "lag", "watermark")
PARTS: Final = ("part", "partition", "standing", "offset", "checked")
_TONES: Final = {"complete": "good", "behind": "soso", "rebuilding": "soso", "stale": "bad", "missing": "bad"}


def build(visit: Visit) -> None:
    """Draw it."""
    say = visit.say
    with page_head(say("pipeline.title")):
        pass
    _figures(visit)
    with tag("div", "halves"):
        for field, name in (("events", "throughput"), ("lag", "lag")):
            with panel(f"{say(f'pipeline.{name}')} ({say(f'pipeline.{name}.unit')})"):
                _chart(visit, field, say(f"pipeline.{name}"))
    with tag("div", "halves"):
        with tag("div", "stack"):
            with panel(say("pipeline.workers")):
                _table(visit, _workers, WORKERS, "pipeline.workers")
            with panel(say("pipeline.partitions")):
                _table(visit, _places, PLACES, "pipeline.partitions")
        with tag("div", "stack"):
            with panel(say("pipeline.newest"), "scroll") as letters:
                paragraph(say("pipeline.letters.read"), "faint")
            with panel(say("pipeline.board")):
                _table(visit, _parts, PARTS, "pipeline.board")
    _letters(visit, letters)


def _figures(visit: Visit) -> None:
    say, traffic = visit.say, visit.desk.feed.traffic
    labels: dict[str, Any] = {}
    with tag("dl", "kpis"):
        for name in ("throughput", "lag", "watermark", "letters"):
            with tag("div", "panel kpi"):
                tag("dt", "", say(f"pipeline.{name}"))
                with tag("dd"):
                    labels[name] = ui.label("–")
                    labels[f"{name} note"] = (
                        ui.label("")
                        .classes("faint")
                        .style("font-size:12.5px;font-weight:400;letter-spacing:0")
                    )

    def look() -> None:
        now, point = visit.desk.clock(), traffic.now
        workers = visit.picture.workers
        events = sum(int(one.get("events", 0)) for one in workers)
        letters = sum(int((one.get("outcomes") or {}).get("dead_letter", 0)) for one in workers)
        marks = [
            int(place["watermark"])
            for one in workers
            for place in one.get("partitions") or ()
            if place.get("watermark") is not None
        ]
        labels["throughput"].set_text(number(round(point.events)) if point else "–")
        labels["throughput note"].set_text(
            f"{say('pipeline.throughput.unit')} · {number(events)} {say('pipeline.events')}"
        )
        labels["lag"].set_text(number(point.lag) if point else "–")
        labels["lag note"].set_text(say("pipeline.lag.unit"))
        labels["watermark"].set_text(clock(min(marks), visit.desk.zone) if marks else "–")
        labels["watermark note"].set_text(lasting(now - min(marks), say) if marks else "")
        labels["letters"].set_text(number(letters) if workers else "–")
        share = f"{letters / events:.2%}" if events else "–"
        labels["letters note"].set_text(say("pipeline.letters.share").format(share=share))

    look()
    ui.timer(TABLE_SECONDS, look)


def _chart(visit: Visit, field: str, name: str) -> None:
    traffic, palette = visit.desk.feed.traffic, PALETTES[visit.theme]
    chart = ui.echart(traffic_chart(traffic.points, field, name, palette, visit.desk.zone)).classes(
        "chart low"
    )
    chart.props["role"] = "img"
    chart.props["aria-label"] = name

    def look() -> None:
        chart.options.update(traffic_chart(traffic.points, field, name, palette, visit.desk.zone))
        chart.update()

    ui.timer(CHART_SECONDS, look)


def _workers(visit: Visit, picture: Picture) -> list[dict[str, Any]]:
    say, zone = visit.say, visit.desk.zone
    rows = []
    for worker in sorted(picture.workers, key=lambda one: str(one.get("id"))):
        places = worker.get("partitions") or []
        marks = [place["watermark"] for place in places if place.get("watermark") is not None]
        rows.append(
            {
                "key": str(worker.get("id")),
                "worker": str(worker.get("id")),
                "ready": say("yes" if worker.get("ready") else "no"),
                "tone": "good" if worker.get("ready") else "bad",
                "partitions": len(places),
                "events": number(worker.get("events", 0)),
                "letters": number((worker.get("outcomes") or {}).get("dead_letter", 0)),
                "lag": number(sum(place.get("lag", 0) for place in places)),
                "watermark": clock(min(marks), zone) if marks else "–",
            }
        )
    return rows


def _places(visit: Visit, picture: Picture) -> list[dict[str, Any]]:
    found = [place for worker in picture.workers for place in worker.get("partitions") or ()]
    return [
        {
            "key": f"{place.get('topic')}/{place.get('partition')}",
            "topic": str(place.get("topic")),
            "partition": place.get("partition"),
            "lag": number(place.get("lag", 0)),
            "watermark": "–"
            if place.get("watermark") is None
            else clock(place["watermark"], visit.desk.zone),
        }
        for place in sorted(found, key=lambda one: (str(one.get("topic")), one.get("partition", 0)))
        if place.get("watermark") is not None
    ]


def _parts(visit: Visit, picture: Picture) -> list[dict[str, Any]]:
    now = int(visit.desk.clock() * 1000)
    rows = []
    for one in picture.partitions:
        standing, age = one.standing(now), one.age_ms(now)
        rows.append(
            {
                "key": f"{one.kind}/{one.partition}",
                "part": visit.say(f"kind.{one.kind}"),
                "partition": one.partition,
                "standing": visit.say(f"standing.{standing}"),
                "tone": _TONES[standing],
                "offset": "–" if one.offset is None else f"{number(one.offset)} / {number(one.end)}",
                "checked": "–" if age is None else lasting(age / 1000, visit.say),
            }
        )
    return rows


def _table(visit: Visit, rows_of: Any, names: tuple[str, ...], title: str) -> None:
    kinds = {"ready": "chip", "standing": "chip", "worker": "code", "topic": "code"}
    kinds |= dict.fromkeys(("partitions", "events", "letters", "lag", "offset", "partition"), "number")
    told: list[dict[str, Any]] | None = None
    last = 0.0

    def message(picture: Picture, whole: bool) -> dict[str, Any] | None:
        nonlocal told, last
        now = visit.desk.clock()
        if not picture.is_loaded or (not whole and abs(now - last) < TABLE_SECONDS):
            return None
        last = now
        found = rows_of(visit, picture)
        if found == told and not whole:
            return None
        told = found
        return {"rows": found}

    LiveTable(
        visit.desk.hub,
        message,
        columns=[
            {
                "name": name,
                "label": visit.say("column.state" if name == "standing" else f"column.{name}"),
                "kind": kinds.get(name, "tight"),
            }
            for name in names
        ],
        texts={},
        empty=visit.say("pipeline.workers.none"),
        caption=visit.say(title),
        live=True,
    )


def _letters(visit: Visit, box: Element) -> None:
    say, desk = visit.say, visit.desk

    async def read() -> None:
        try:
            found = await run.io_bound(
                lambda: desk.kept("letters", lambda: desk.sources.letters(LETTERS_SHOWN), LETTERS_SECONDS)
            )
        except BarometerError as error:
            with box:
                paragraph(say("warning.failed").format(why=error), "faint")
            return
        if found is None or box.is_deleted:
            return
        letters, seen, reasons = found
        rows: list[dict[str, Any]] = [
            {
                "key": one.id,
                "time": clock(seconds_of(one.time) or 0, desk.zone),
                "topic": one.topic.removeprefix("cx.").removesuffix(".v1"),
                "reason": one.reason,
                "detail": f"{one.field} {one.detail}".strip(),
            }
            for one in letters
        ]
        columns = [
            {"name": "time", "label": say("column.time"), "kind": "time"},
            {"name": "topic", "label": say("column.topic"), "kind": "tight"},
            {"name": "reason", "label": say("column.reason"), "kind": "tight"},
            {"name": "detail", "label": say("column.detail"), "kind": "text"},
        ]
        if visit.identity.may_act:
            columns.append(
                {
                    "name": "look",
                    "label": say("pipeline.look"),
                    "kind": "pick",
                    "action": say("pipeline.look"),
                }
            )
        box.default_slot.children[-1].delete()
        with box:
            if reasons:
                told = ", ".join(f"{reason} {number(count)}" for reason, count in reasons.items())
                paragraph(f"{number(seen)}: {told}", "faint")
            table = GridTable(rows, columns, {}, say("pipeline.letters.none"), say("pipeline.newest"))
            table.on("pick", look)

    async def look(event: GenericEventArguments) -> None:
        id = str(event.args.get("key", "")) if isinstance(event.args, dict) else ""
        try:
            actions_of(visit).look_into(id)
            text = await run.io_bound(lambda: desk.sources.letter(id))
        except NotDone as refused:
            ui.notify(say(refused.text), type="warning")
            return
        except BarometerError as error:
            ui.notify(say("warning.failed").format(why=error), type="negative")
            return
        with ui.dialog() as dialog, ui.card().style("max-width:min(900px,92vw)"):
            heading(2, say("pipeline.look"))
            paragraph(id, "faint")
            tag("pre", "record", text or say("empty"), tabindex="0")
            paragraph(say("pipeline.masked"), "faint")
        dialog.on("hide", dialog.delete)
        dialog.open()

    ui.timer(0.05, read, once=True)
