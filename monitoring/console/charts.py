"""What charts show, as options of ECharts. Pure: values in, plain values out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from models.outcomes import EarlyWarning, WarningTransition
from monitoring.console.sources import Bucket
from monitoring.console.texts import Say
from monitoring.console.theme import Palette
from monitoring.console.traffic import Point

FONT: Final = "Segoe UI, PingFang SC, Noto Sans CJK SC, WenQuanYi Micro Hei, sans-serif"


class Span(NamedTuple):
    """Something beside a warning that has a time: a fault, planned work. Seconds since the epoch; no end: it goes on."""

    kind: str
    """fault, suspected or work."""
    name: str
    start: float
    end: float | None


def warning_chart(
    buckets: Sequence[Bucket],
    transitions: Sequence[EarlyWarning],
    spans: Sequence[Span],
    say: Say,
    palette: Palette,
    zone: ZoneInfo,
) -> dict[str, Any]:
    """Return the chart of one warning: what was seen, what was expected and normal, the limit, the episode, what else went on."""
    ends = [one.end for one in buckets]
    labels = _instants(ends, zone)
    is_share = bool(transitions) and "/" in transitions[-1].measure
    scale = 100.0 if is_share else 1.0
    lower = [_held(transitions, end, "lower", scale) for end in ends]
    upper = [_held(transitions, end, "upper", scale) for end in ends]
    if is_share or any(one is None for one in (*lower, *upper)):
        # Of a share the interval is about the sample, not about what is normal.
        lower, upper = [None] * len(ends), [None] * len(ends)
    limits = [_held(transitions, end, "threshold", scale) for end in ends]
    seen = [None if one.observed is None else round(one.observed * scale, 3) for one in buckets]
    expected = [None if one.expected is None else round(one.expected * scale, 3) for one in buckets]
    series: list[dict[str, Any]] = []
    if any(one is not None for one in upper):
        width = [None if a is None or b is None else b - a for a, b in zip(lower, upper, strict=True)]
        band = {
            "type": "line",
            "stack": "band",
            "symbol": "none",
            "silent": True,
            "lineStyle": {"opacity": 0},
            "step": "middle",
            "z": 1,
            "itemStyle": {"color": palette.faint},
        }
        series += [
            {**band, "name": "", "data": lower, "tooltip": {"show": False}},
            {
                **band,
                "name": say("chart.band"),
                "data": width,
                "areaStyle": {"color": palette.band, "opacity": 1},
                "tooltip": {"show": False},
            },
        ]
    series += [
        {
            "type": "bar",
            "name": say("chart.seen"),
            "barMaxWidth": 22,
            "barCategoryGap": "22%",
            "data": [
                {
                    "value": value,
                    "itemStyle": {
                        "color": palette.critical if one.in_episode else palette.seen,
                        "borderRadius": [2, 2, 0, 0],
                    },
                }
                for value, one in zip(seen, buckets, strict=True)
            ],
            "itemStyle": {"color": palette.seen},
            "markArea": _areas(buckets, spans, say, palette),
        },
    ]
    if any(one is not None for one in expected):
        series.append(
            {
                "type": "line",
                "name": say("chart.expected"),
                "step": "middle",
                "symbol": "none",
                "data": expected,
                "itemStyle": {"color": palette.expected},
                "lineStyle": {"color": palette.expected, "width": 2},
            }
        )
    if any(one is not None for one in limits):
        series.append(
            {
                "type": "line",
                "name": say("chart.limit"),
                "step": "middle",
                "symbol": "none",
                "data": limits,
                "itemStyle": {"color": palette.critical},
                "lineStyle": {"color": palette.critical, "width": 1.4, "type": [5, 4]},
            }
        )
    series[-1]["markLine"] = _marks(transitions, ends, say, palette)
    unit = {"axisLabel": {"color": palette.faint, "formatter": "{value} %" if is_share else "{value}"}}
    return _axes(palette, labels, series) | {
        "yAxis": {
            "type": "value",
            "scale": is_share,
            "splitLine": {"lineStyle": {"color": palette.grid}},
            **unit,
        }
    }


def _held(transitions: Sequence[EarlyWarning], at: int, name: str, scale: float) -> float | None:
    """Return what the transitions say of an instant; before the first one, what that says."""
    told = [(one.pane, getattr(one, name)) for one in transitions if getattr(one, name) is not None]
    before = [value for pane, value in told if pane <= at]
    value = before[-1] if before else told[0][1] if told else None
    return None if value is None else round(value * scale, 3)


def _areas(buckets: Sequence[Bucket], spans: Sequence[Span], say: Say, palette: Palette) -> dict[str, Any]:
    found = []
    inside = [number for number, one in enumerate(buckets) if one.in_episode]
    if inside:
        found.append(
            [
                {
                    "name": say("chart.episode"),
                    "xAxis": inside[0],
                    "itemStyle": {"color": palette.episode},
                    "label": {"color": palette.critical, "position": "insideTopRight", "fontSize": 11},
                },
                {"xAxis": inside[-1]},
            ]
        )
    for span in spans:
        within = [
            number
            for number, one in enumerate(buckets)
            if one.end >= span.start and (span.end is None or one.end <= span.end)
        ]
        if within:
            found.append(
                [
                    {
                        "name": f"{say(f'chart.{span.kind}')}: {span.name}",
                        "xAxis": within[0],
                        "itemStyle": {"color": palette.fault, "opacity": 0.1},
                        "label": {"color": palette.fault, "position": "insideTopLeft", "fontSize": 11},
                    },
                    {"xAxis": within[-1]},
                ]
            )
    return {"silent": True, "data": found}


def _marks(
    transitions: Sequence[EarlyWarning], ends: list[int], say: Say, palette: Palette
) -> dict[str, Any]:
    marks: dict[int, list[str]] = {}
    for one in transitions:
        if not ends or not ends[0] <= one.pane <= ends[-1]:
            continue
        place = min(range(len(ends)), key=lambda number: abs(ends[number] - one.pane))
        is_over = one.transition == WarningTransition.CLEARED
        words = say(one.transition) if is_over else f"{say(one.transition)} {say(one.severity)}"
        marks.setdefault(place, []).append(words)
    return {
        "silent": True,
        "symbol": "none",
        "lineStyle": {"color": palette.faint, "type": "dotted"},
        "data": [
            {
                "xAxis": place,
                "label": {
                    "formatter": "\n".join(dict.fromkeys(words)),
                    "color": palette.text,
                    "fontSize": 11,
                },
            }
            for place, words in marks.items()
        ],
    }


def traffic_chart(
    points: Sequence[Point], field: str, name: str, palette: Palette, zone: ZoneInfo
) -> dict[str, Any]:
    """Return one figure of the pipeline over the last minutes; `field` is one of `Point`'s."""
    labels = [datetime.fromtimestamp(one.at, zone).strftime("%H:%M:%S") for one in points]
    values = [round(float(getattr(one, field)), 1) for one in points]
    series = [
        {
            "type": "line",
            "name": name,
            "symbol": "none",
            "smooth": 0.15,
            "data": values,
            "itemStyle": {"color": palette.seen},
            "lineStyle": {"width": 2},
            "areaStyle": {"opacity": 0.14},
        }
    ]
    return _axes(palette, labels, series, legend=False) | {
        "yAxis": {
            "type": "value",
            "min": 0,
            "minInterval": 1,
            "axisLabel": {"color": palette.faint},
            "splitLine": {"lineStyle": {"color": palette.grid}},
        }
    }


def _instants(ends: Sequence[int], zone: ZoneInfo) -> list[str]:
    """Return the labels of the axis: the time, and the day where it is another one."""
    found, day = [], ""
    for end in ends:
        at = datetime.fromtimestamp(end, zone)
        text = at.strftime("%H:%M")
        if at.strftime("%m-%d") != day:
            day = at.strftime("%m-%d")
            text = f"{day} {text}"
        found.append(text)
    return found


def _axes(
    palette: Palette, labels: list[str], series: list[dict[str, Any]], *, legend: bool = True
) -> dict[str, Any]:
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT, "color": palette.text},
        "grid": {
            "left": 8,
            "right": 40 if legend else 16,
            "top": 62 if legend else 14,
            "bottom": 6,
            "containLabel": True,
        },
        "legend": {
            "show": legend,
            "top": 0,
            "left": 0,
            "icon": "roundRect",
            "itemWidth": 14,
            "itemHeight": 8,
            "textStyle": {"color": palette.faint},
            "data": [one["name"] for one in series if one["name"]],
        },
        "tooltip": {
            "trigger": "axis",
            "backgroundColor": palette.surface,
            "borderColor": palette.grid,
            "textStyle": {"color": palette.text},
        },
        "xAxis": {
            "type": "category",
            "data": labels,
            "axisLabel": {"color": palette.faint, "hideOverlap": True},
            "axisLine": {"lineStyle": {"color": palette.grid}},
            "axisTick": {"show": False},
        },
        "series": series,
    }
