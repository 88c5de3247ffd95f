"""The board as tables and lines for people, in English or Chinese, and as plain values for programs."""

from collections.abc import Iterable
from typing import Any, Final, TypeVar

import msgspec
from rich.table import Table
from rich.text import Text

from agents.lines import Lines, number
from agents.terminal import local_time, printable
from models.annotated import WarningState
from models.cells import ALL
from models.measures import FIELDS, Stream
from models.outcomes import EarlyWarning, WindowSnapshot
from models.suspectwarning import open_suspicions
from models.windows import STANDARD
from monitoring.boardimage import BoardKind
from monitoring.boardview import BoardView, PartitionView, Standing

SEVERITIES: Final = ("critical", "major", "minor", "warning")
"""Worst first (X.733)."""
ZH: Final = {
    "not complete": "不完整",
    "active warnings": "当前预警",
    "incidents": "事件",
    "windows": "滚动窗口",
    "workers": "处理进程",
    "none": "无",
    "behind": "落后",
    "rebuilding": "重建中",
    "stale": "无人刷新",
    "missing": "缺失",
    "stream": "数据流",
    "cell": "统计单元",
    "measure": "指标",
    "closed until": "截至",
    "worker": "进程",
    "events": "事件数",
    "dead letters": "死信",
    "lag": "积压",
    "watermark": "水位线",
    "partitions": "分区",
    "ready": "就绪",
}
Value = TypeVar("Value", EarlyWarning, WindowSnapshot, WarningState)

_WINDOWS: Final = {"300": "5 min", "3600": "1 h", "86400": "24 h", "604800": "7 d", "2592000": "30 d"}
assert list(_WINDOWS) == [str(window) for window in STANDARD]


class BoardLines:
    """One reader's way to see a board. `now_ms` is the wall clock; `cell` limits windows to cells that contain it."""

    def __init__(self, lines: Lines, now_ms: int, cell: str = "") -> None:
        self._lines = lines
        self._now = now_ms
        self._cell = cell

    def all(self, view: BoardView) -> Iterable[Text | Table]:
        """Yield everything, completeness first."""
        yield self.completeness(view)
        warnings = warnings_of(view)
        yield self._title("active warnings", len(view.entries[BoardKind.WARNINGS]) + len(_suspicions(view)))
        for warning in warnings:
            yield self._lines.warning(warning)
        incidents = view.entries[BoardKind.INCIDENTS]
        yield self._title("incidents", len(incidents))
        for key, (sequence, value) in sorted(incidents.items()):
            yield Text(f"{printable(key)}#{sequence}  {printable(value.decode(errors='replace'))}")
        yield self._windows(view)
        yield self._workers(view)

    def completeness(self, view: BoardView) -> Text:
        """Return in one line how far the board can be relied on, and below it each partition that cannot."""
        age = view.age_ms(self._now)
        is_zh = self._lines.language == "zh"
        seconds = "?" if age is None else f"{age / 1000:.1f}"
        looked = f"{seconds} 秒前核对" if is_zh else f"looked at {seconds} s ago"
        if view.is_complete(self._now):
            records = sum(one.offset or 0 for one in view.partitions)
            count = len(view.partitions)
            said = f"完整：{count} 个分区，位点合计 {records:,}，{looked}"
            if not is_zh:
                said = f"complete: {count} partitions, up to offsets that sum to {records:,}, {looked}"
            return Text(said, style="bold green")
        text = Text(f"{self._word('not complete')}, {looked}", style="bold red")
        for one in view.partitions:
            standing = one.standing(self._now)
            if standing is not Standing.COMPLETE:
                text.append(
                    f"\n    {one.kind}/{one.partition}: {self._word(standing)}{_how_far(one, standing)}"
                )
        return text

    def _windows(self, view: BoardView) -> Table:
        table = Table(title=self._word("windows"))
        for column in ("stream", "cell", "measure"):
            table.add_column(self._word(column))
        for column in _WINDOWS.values():
            table.add_column(column, justify="right")
        table.add_column(self._word("closed until"))
        for one in windows_of(view):
            if self._cell in one.cell if self._cell else one.cell == ALL:
                measure = FIELDS[Stream(one.stream)][0]
                counts = [number(one.windows.get(window, [0])[0]) for window in _WINDOWS]
                until = local_time(one.closed_until, self._lines.zone)
                table.add_row(one.stream, self._lines.place(one.cell), measure, *counts, until)
        return table

    def _workers(self, view: BoardView) -> Table:
        table = Table(title=self._word("workers"))
        for column in ("worker", "ready", "partitions", "events", "dead letters", "lag", "watermark"):
            table.add_column(self._word(column), justify="left" if column == "worker" else "right")
        for worker in sorted(view.workers, key=lambda one: str(one.get("id"))):
            places = worker.get("partitions") or []
            marks = [place["watermark"] for place in places if place.get("watermark") is not None]
            table.add_row(
                printable(str(worker.get("id"))),
                "yes" if worker.get("ready") else "no",
                str(len(places)),
                f"{worker.get('events', 0):,}",
                f"{(worker.get('outcomes') or {}).get('dead_letter', 0):,}",
                f"{sum(place.get('lag', 0) for place in places):,}",
                local_time(min(marks), self._lines.zone) if marks else "-",
            )
        return table

    def _title(self, name: str, count: int) -> Text:
        return Text(f"{self._word(name)}: {count or self._word('none')}", style="bold")

    def _word(self, word: str) -> str:
        return ZH[word] if self._lines.language == "zh" else word


def _how_far(one: PartitionView, standing: Standing) -> str:
    if standing is Standing.REBUILDING:
        return f" {one.rebuilding.get('done', 0):,} / {one.rebuilding.get('total', 0):,}"
    return "" if one.offset is None else f" {one.offset:,} / {one.end or 0:,}"


def warnings_of(view: BoardView) -> list[EarlyWarning]:
    """Return the active warnings that can be read, suspicions too, the worst first, then the newest."""
    rank = {severity: place for place, severity in enumerate(SEVERITIES)}
    found = _readable(view, BoardKind.WARNINGS, EarlyWarning) + _suspicions(view)
    return sorted(found, key=lambda one: (rank.get(one.severity, len(rank)), -one.pane, one.id))


def _suspicions(view: BoardView) -> list[EarlyWarning]:
    return list(open_suspicions(_readable(view, BoardKind.STATES, WarningState)).values())


def windows_of(view: BoardView) -> list[WindowSnapshot]:
    """Return the windows of every cell, by stream and cell."""
    found = _readable(view, BoardKind.WINDOWS, WindowSnapshot)
    return sorted(found, key=lambda one: (one.stream, one.cell))


def _readable(view: BoardView, kind: BoardKind, type_: type[Value]) -> list[Value]:
    decode = msgspec.json.Decoder(type_).decode
    found = []
    for _, value in view.entries[kind].values():
        try:
            found.append(decode(value))
        except msgspec.MsgspecError:
            # A later version's; it is counted, and `--json` shows it.
            continue
    return found


def plain(view: BoardView, now_ms: int) -> dict[str, Any]:
    """Return the board as one JSON object: completeness, partitions, entries as they stand in their topics, workers."""
    age = view.age_ms(now_ms)
    return {
        "complete": view.is_complete(now_ms),
        "ageSeconds": None if age is None else age / 1000,
        "partitions": [
            {
                "kind": one.kind.value,
                "partition": one.partition,
                "standing": one.standing(now_ms).value,
                "topicId": one.topic_id,
                "offset": one.offset,
                "end": one.end,
                "rebuilding": dict(one.rebuilding),
            }
            for one in view.partitions
        ],
        **{
            kind.value: [msgspec.json.decode(value) for _, (_, value) in sorted(view.entries[kind].items())]
            for kind in BoardKind
        },
        "workers": list(view.workers),
    }
