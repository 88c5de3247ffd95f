"""Warnings with their annotations, and notifications, as lines for people: who acts, what holds back, who is told."""

from typing import Final

from rich.text import Text

from agents.lines import COLOUR_WORDS, Lines
from agents.terminal import SEVERITY_STYLES, local_text, local_time, printable
from models.annotated import RuleFeedback, WarningState
from models.interval import wilson, z_of
from models.notification import Notification

ZH: Final = {
    "acknowledged by": "确认人",
    "not acknowledged": "未确认",
    "assigned to": "处理人",
    "held back by": "抑制",
    "until": "至",
    "ladder": "升级层级",
    "incident": "关联事件",
    "linked warnings": "关联预警",
    "judged": "评判",
    "no data since": "无数据自",
    "note": "备注",
    "over since": "解除于",
    "told": "首次通知",
}
NOISY_FROM: Final = 5
"""Judged warnings from which a rule can be called noisy."""
NOISY_BELOW: Final = 0.5
"""Precision below which it is: more false alarms than true ones."""
CONFIDENCE: Final = 0.95


def annotated(lines: Lines, state: WarningState) -> Text:
    """Return a warning as it stands, and below it everything that was added."""
    text = lines.warning(state.warning)
    for line in annotations(lines, state):
        text.append(f"\n    {line}")
    return text


def annotations(lines: Lines, state: WarningState) -> list[str]:
    """Return what was added to a warning, one line for each kind."""

    def word(name: str) -> str:
        return ZH[name] if lines.language == "zh" else name

    def when(time: int) -> str:
        return local_time(time, lines.zone)

    found = []
    if state.cleared:
        found.append(f"{word('over since')} {when(state.cleared)}")
    taken = state.acknowledged
    if taken is not None:
        note = f": {printable(taken.note)}" if taken.note else ""
        found.append(f"{word('acknowledged by')} {printable(taken.actor)}, {when(taken.at)}{note}")
    elif state.is_open:
        told = f", {word('told')} {when(state.told)}" if state.told else ""
        level = f", {word('ladder')} {state.ladder_level}" if state.ladder_level > 1 else ""
        found.append(f"{word('not acknowledged')}{told}{level}")
    if state.assignee:
        found.append(f"{word('assigned to')} {printable(state.assignee)}")
    held = state.suppression
    if state.is_suppressed:
        until = f" {word('until')} {when(held.until)}" if held.until else ""
        via = f" ({printable(held.via)})" if held.via else ""
        found.append(f"{word('held back by')} {printable(held.reason)} {printable(held.by)}{via}{until}")
    if state.incident_id:
        found.append(f"{word('incident')} {printable(state.incident_id)}")
    if state.linked:
        found.append(f"{word('linked warnings')} {', '.join(map(printable, state.linked))}")
    if state.stale_since:
        found.append(f"{word('no data since')} {when(state.stale_since)}")
    if state.feedback is not None:
        verdict = state.feedback
        note = f": {printable(verdict.note)}" if verdict.note else ""
        found.append(f"{word('judged')} {printable(verdict.verdict)} ({printable(verdict.actor)}){note}")
    found += [
        f"{word('note')} {printable(note.actor)}, {when(note.at)}: {printable(note.text)}"
        for note in state.notes
    ]
    return found


def notification(lines: Lines, one: Notification) -> Text:
    """Return a notification: when, whom it calls and why, below it each warning that it speaks of."""
    text = Text(f"{local_text(one.time, lines.zone)}  ")
    label = f" {COLOUR_WORDS.get(one.severity, '?')} {printable(one.severity).upper():<8} "
    text.append(label, style=SEVERITY_STYLES.get(one.severity, ""))
    whom = ("不通知" if lines.language == "zh" else "nobody") if one.suppressed else printable(one.notify)
    text.append(f"  {whom}", style="bold")
    text.append(f"  {printable(one.summary_zh if lines.language == 'zh' else one.summary)}")
    text.append(f"  {printable(one.group)}  {printable(one.id)}#{one.sequence}", style="dim")
    for item in one.items:
        held = "" if item.suppression.reason == "none" else f"  [{printable(item.suppression.reason)}]"
        text.append(
            f"\n    {printable('+'.join(item.reasons)):<10}  {printable(item.severity):<8}  {printable(item.rule)}  "
            f"{lines.place(item.cell)}{held}  {printable(item.warning_id)}"
        )
    return text


def is_noisy(rule: RuleFeedback) -> bool:
    """Return whether people found more false alarms than true ones, in enough that they judged."""
    return rule.judged >= NOISY_FROM and rule.precision < NOISY_BELOW


def precision_of(rule: RuleFeedback) -> dict[str, object]:
    """Return a rule's precision with its Wilson interval, for tables and machines."""
    interval = wilson(rule.true_alarms, rule.judged, z_of(CONFIDENCE)) if rule.judged else None
    return {
        "rule": rule.rule,
        "judged": rule.judged,
        "trueAlarms": rule.true_alarms,
        "falseAlarms": rule.false_alarms,
        "precision": rule.precision if rule.judged else None,
        "lower": None if interval is None else interval.lower,
        "upper": None if interval is None else interval.upper,
        "noisy": is_noisy(rule),
    }
