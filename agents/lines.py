"""Warnings, notices and classified complaints as lines for people, in English or Chinese.

Everything that came from outside is made printable; names come from the packaged lists, and a code without a name is
shown as it is: what is on screen never fails over a name.
"""

from dataclasses import dataclass
from typing import Final, Literal, Self
from zoneinfo import ZoneInfo

from rich.text import Text

from agents.terminal import PRIORITY_STYLES, SEVERITY_STYLES, local_text, local_time, printable
from models.naming import Names, load_names
from models.outcomes import (
    ClassifiedComplaint,
    EarlyWarning,
    ProvisionalNotice,
    ProvisionalState,
    WarningTransition,
)
from models.taxonomy import load_taxonomy

Language = Literal["en", "zh"]

COLOUR_WORDS: Final[dict[str, str]] = {
    "critical": "红",
    "major": "橙",
    "minor": "黄",
    "warning": "蓝",
    "cleared": "解",
}
"""Severity (X.733) -> the colour by which the level is called."""

STATES_ZH: Final[dict[str, str]] = {
    WarningTransition.RAISED: "触发",
    WarningTransition.ESCALATED: "升级",
    WarningTransition.DEESCALATED: "降级",
    WarningTransition.RECOVERING: "恢复中",
    WarningTransition.RELAPSED: "复发",
    WarningTransition.CLEARED: "解除",
    ProvisionalState.ANNOUNCED: "预告",
    ProvisionalState.CONFIRMED: "已确认",
    ProvisionalState.WITHDRAWN: "已撤回",
}
WORDS_ZH: Final = {
    "observed": "实际",
    "expected": "预期",
    "interval": "区间",
    "threshold": "阈值",
    "window": "窗口",
    "urge": "催办",
    "repost": "转发",
    "late": "迟到",
    "repeat": "重复",
    "red line": "红线",
}

EXCERPT: Final = 80
"""Characters of a complaint's text that are shown."""

WHOLE_BELOW: Final = 1e15
"""Whole numbers from here on are written with an exponent."""


@dataclass(frozen=True, slots=True)
class Lines:
    """How one reader wants to read: language and time zone, with the names that belong to codes."""

    language: Language
    zone: ZoneInfo
    names: Names
    subcategories: dict[str, str]
    """Full code -> name in `language`."""

    @classmethod
    def load(cls, language: Language, zone: ZoneInfo) -> Self:
        """Read the packaged names.

        Raises:
            DataFileError: one of the lists is wrong.
        """
        leaves = load_taxonomy().subcategories.values()
        return cls(language, zone, load_names(), {leaf.code: getattr(leaf, language) for leaf in leaves})

    def warning(self, warning: EarlyWarning) -> Text:
        """Return a transition: what happened where, below it the numbers, below them the summary."""
        line = self._opening(warning.pane, warning.severity, warning.transition)
        rule_name = warning.rule_name_zh if self.language == "zh" else warning.rule_name
        line.append(f"{printable(warning.rule)} {printable(rule_name)}  ")
        line.append(self.place(warning.cell), style="bold")
        line.append(f"  {printable(warning.cell)}  {printable(warning.id)}#{warning.sequence}", style="dim")
        line.append(f"\n    {self.comparison(warning)}")
        summary = warning.summary_zh if self.language == "zh" else warning.summary
        if summary:
            line.append(f"\n    {printable(summary)}", style="italic")
        return line

    def notice(self, notice: ProvisionalNotice) -> Text:
        """Return a provisional notice in one line."""
        line = self._opening(notice.pane, notice.severity, notice.state)
        line.append(f"{printable(notice.rule)}  ")
        line.append(self.place(notice.cell), style="bold")
        numbers = (f"{self._word('observed')} {number(notice.observed)}", f"{self._word('threshold')}")
        line.append(f"  {', '.join(numbers)} {number(notice.threshold)}")
        line.append(f"  {printable(notice.cell)}  {printable(notice.id)}", style="dim")
        return line

    def complaint(self, complaint: ClassifiedComplaint) -> Text:
        """Return a classified complaint in one line, its (masked) text cut to `EXCERPT` characters."""
        line = Text(f"{local_text(complaint.time, self.zone)}  ")
        line.append(printable(complaint.priority), style=PRIORITY_STYLES.get(complaint.priority, ""))
        line.append(f"  {printable(complaint.subcategory)}", style="bold")
        if complaint.subcategory in self.subcategories:
            line.append(f" {self.subcategories[complaint.subcategory]}", style="bold")
        line.append(f"  {self.place(f'region={complaint.region}')}")
        line.append(f"  {printable(complaint.channel)} > {printable(complaint.queue)}")
        marks = {
            "urge": complaint.is_urge,
            "repost": bool(complaint.template),
            "late": complaint.is_late,
            "red line": complaint.red_line,
        }
        told = [self._word(mark) for mark, applies in marks.items() if applies]
        if complaint.repeat_of_30_days:
            told.append(f"{self._word('repeat')} {complaint.repeat_of_30_days}")
        if told:
            line.append(f"  [{', '.join(told)}]", style="magenta")
        text = " ".join(complaint.text.split())
        line.append(f"  {printable(text[:EXCERPT])}{'…' if len(text) > EXCERPT else ''}", style="italic")
        line.append(f"  {printable(complaint.id)}", style="dim")
        return line

    def place(self, cell: str) -> str:
        """Return a cell in words, or as it is written where it cannot be put into words."""
        try:
            words = self.names.cell_zh(cell) if self.language == "zh" else self.names.cell(cell)
        except (KeyError, ValueError):
            words = cell
        return printable(words)

    def comparison(self, warning: EarlyWarning) -> str:
        """Return what was observed beside what was expected, with those bounds that the rule has."""
        parts = [f"{self._word('observed')} {number(warning.observed)}"]
        if warning.expected is not None:
            parts.append(f"{self._word('expected')} {number(warning.expected)}")
        if warning.lower is not None and warning.upper is not None:
            parts.append(f"{self._word('interval')} {number(warning.lower)} to {number(warning.upper)}")
        if warning.threshold is not None:
            parts.append(f"{self._word('threshold')} {number(warning.threshold)}")
        if warning.p_value is not None:
            parts.append(f"p {warning.p_value:.2g}")
        parts.append(f"n {warning.n:,}")
        parts.append(f"{self._word('window')} {duration(warning.window_seconds)}")
        return ", ".join(parts)

    def _opening(self, pane: int, severity: str, state: str) -> Text:
        said = STATES_ZH.get(state, state) if self.language == "zh" else state
        line = Text(f"{local_time(pane, self.zone)}  ")
        label = f" {COLOUR_WORDS.get(severity, '?')} {printable(severity).upper():<8} "
        line.append(label, style=SEVERITY_STYLES.get(severity, ""))
        line.append(f"  {printable(said):<11}  ", style="bold")
        return line

    def _word(self, word: str) -> str:
        return WORDS_ZH[word] if self.language == "zh" else word


def number(value: float) -> str:
    """Return a number as people read it: whole ones whole, thousands apart, others with four digits."""
    if float(value).is_integer() and abs(value) < WHOLE_BELOW:
        return f"{int(value):,}"
    return f"{value:.4g}"


def duration(seconds: int) -> str:
    """Return a window's length in its largest whole unit: `5 min`, `1 h`, `7 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
