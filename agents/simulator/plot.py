"""A picture of a simulated span: events of each stream by the hour, incidents shaded, holidays marked.

Needs matplotlib, which a worker does not: it is imported when a picture is drawn.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from agents.simulator.days import holiday_name, is_make_up, is_off
from agents.simulator.rhythm import is_month_edge, local_date
from agents.simulator.spec import ZONE, SimulationSpec
from models.measures import Stream
from models.pane import DAY, HOUR
from topics.catalogue import NETWORK_FAULTS, input_of

MISSING: Final = "a picture needs matplotlib, which is not installed: pip install matplotlib"

_ROWS: Final = (
    (input_of(Stream.COMPLAINTS), "Complaints", "投诉", "#1f5f8b"),
    (input_of(Stream.CALLS), "Call records", "呼叫记录", "#2a7f62"),
    (input_of(Stream.SURVEYS), "Surveys", "满意度调查", "#7a5c99"),
    (input_of(Stream.CASES), "Case updates", "工单进展", "#a0622d"),
    (NETWORK_FAULTS, "Alarms", "网络告警", "#8b2f3c"),
)
_CJK: Final = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
)
_SHADE: Final = {"raised": "#d1495b", "suppressed": "#e0a030", "nothing": "#7d8597"}
_EXPECT: Final = {
    "raised": "incident: to be raised",
    "suppressed": "only suppressed",
    "nothing": "nothing may be raised",
}
_LABELS_FROM_DAYS: Final = 20
"""Spans from here on have a label for every second day."""


class Tally:
    """Counts events by topic and hour of event time while they pass."""

    def __init__(self) -> None:
        self.hours: Counter[tuple[str, int]] = Counter()

    def add(self, topic: str, time: int) -> None:
        """Count one event; `time` is epoch milliseconds."""
        self.hours[topic, time // (HOUR * 1000)] += 1


def draw(tally: Tally, spec: SimulationSpec, truth: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the picture to `path`; its ending says the format.

    Raises:
        ModuleNotFoundError: matplotlib is not installed; `MISSING` says so in words.
    """
    import matplotlib as mpl  # untyped in parts

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib import dates, font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    chinese = next((name for name in _CJK if name in installed), "")
    style: dict[Any, Any] = {
        "font.size": 8,
        "font.family": [chinese, "DejaVu Sans"] if chinese else ["DejaVu Sans"],
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(style):
        figure, axes = plt.subplots(
            len(_ROWS),
            1,
            sharex=True,
            figsize=(11, 7.6),
            height_ratios=(1.25, 1, 1, 1, 0.7),
            layout="constrained",
        )
        hours = range(spec.start // HOUR, spec.end // HOUR)
        moments = [datetime.fromtimestamp(hour * HOUR, ZONE) for hour in hours]
        for axis, (topic, name, name_zh, colour) in zip(axes, _ROWS, strict=True):
            counts = [tally.hours[topic, hour] for hour in hours]
            axis.fill_between(moments, counts, step="post", color=colour, alpha=0.85, linewidth=0)
            axis.set_ylabel(f"{name}\n{name_zh}" if chinese else name)
            axis.margins(x=0)
            axis.tick_params(length=2)
            if topic == NETWORK_FAULTS:
                # A storm is a hundred times the background, and both are to be seen.
                axis.set_yscale("symlog", linthresh=10)
                axis.set_yticks([0, 10, 100, 1000])
            else:
                axis.yaxis.set_major_locator(mpl.ticker.MaxNLocator(4, integer=True))
            axis.set_ylim(0, max([*counts, 10]) * (1.8 if topic == NETWORK_FAULTS else 1.04))
            axis.yaxis.set_minor_locator(mpl.ticker.NullLocator())
            axis.yaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
            _shade(axis, spec, truth)
        _name_days(axes[0], spec)
        _number(axes[0], truth)
        days = (spec.end - spec.start) // DAY
        axes[-1].xaxis.set_major_locator(
            _untyped(dates.DayLocator)(interval=1 if days < _LABELS_FROM_DAYS else 2, tz=ZONE)
        )
        axes[-1].xaxis.set_major_formatter(
            _untyped(dates.DateFormatter)("%a\n%d %b" if days < _LABELS_FROM_DAYS else "%d %b", tz=ZONE)
        )
        axes[0].set_title(
            f"Simulated operator: events an hour, by local time (UTC+8); scale {spec.scale:g}, seed {spec.seed}",
            loc="left",
            pad=26,
            fontsize=10,
        )
        _legend(figure, mpl, truth)
        figure.savefig(path, dpi=110)
        plt.close(figure)


def _untyped(made: Any) -> Any:
    """Parts of matplotlib have no types; the checker asks for them."""
    return made


def _shade(axis: Any, spec: SimulationSpec, truth: Sequence[Mapping[str, Any]]) -> None:
    for day in range(spec.start, spec.end, DAY):
        begin = datetime.fromtimestamp(day, ZONE)
        if is_off(local_date(day)):
            axis.axvspan(begin, begin + timedelta(days=1), color="#e8ecf1", zorder=-3, linewidth=0)
        if is_month_edge(day, 3):
            axis.axvspan(begin, begin + timedelta(days=1), ymax=0.03, color="#c8a93a", zorder=3, linewidth=0)
    for incident in truth:
        begin, end = (datetime.fromisoformat(incident[name]) for name in ("from", "to"))
        colour = _SHADE[incident["expect"]]
        alpha = 0.28 if end - begin <= timedelta(days=1) else 0.10
        axis.axvspan(begin, end, color=colour, alpha=alpha, zorder=-1, linewidth=0)
        axis.axvline(begin, color=colour, linewidth=0.6, zorder=-1)


def _name_days(axis: Any, spec: SimulationSpec) -> None:
    """Write holidays and make-up workdays above the first row, a run of one holiday once."""
    before = ""
    for day in range(spec.start, spec.end, DAY):
        date = local_date(day)
        name = holiday_name(date).partition(" (")[0] or ("make-up workday" if is_make_up(date) else "")
        if name and name != before and not name.startswith("Day off"):
            middle = datetime.fromtimestamp(day + DAY // 2, ZONE)
            axis.annotate(
                name, (middle, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 14), textcoords="offset points",
                ha="center", fontsize=7, color="#555555",
            )  # fmt: skip
        before = name


def _number(axis: Any, truth: Sequence[Mapping[str, Any]]) -> None:
    for number, incident in enumerate(truth, 1):
        begin, end = (datetime.fromisoformat(incident[name]) for name in ("from", "to"))
        axis.annotate(
            str(number), (begin + min(end - begin, timedelta(hours=12)) / 2, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
            textcoords="offset points", ha="center", fontsize=7, color=_SHADE[incident["expect"]], weight="bold",
        )  # fmt: skip


def _legend(figure: Any, mpl: Any, truth: Sequence[Mapping[str, Any]]) -> None:
    patch = mpl.patches.Patch
    shown = {incident["expect"] for incident in truth}
    handles = [
        patch(color=_SHADE[key], alpha=0.5, label=words) for key, words in _EXPECT.items() if key in shown
    ]
    handles += [
        patch(color="#dfe4ea", label="weekend or holiday"),
        patch(color="#c8a93a", label="turn of the month (billing)"),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), frameon=False, fontsize=7)
    if truth:
        words = [
            f"{number} {incident['kind'].replace('_', ' ')} ({','.join(incident['regions'])})"
            for number, incident in enumerate(truth, 1)
        ]
        half = (len(words) + 1) // 2 if len(words) > 5 else len(words)
        lines = ["   ".join(words[:half]), "   ".join(words[half:])]
        figure.supxlabel("\n".join(line for line in lines if line), fontsize=7.5, color="#333333")
