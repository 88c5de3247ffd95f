"""A transition written as the event that people and the ledger get: id, numbers, and a sentence in two languages.

Owns a warning's id, the words that a rule's templates may use, and how they are filled. Decides nothing.
"""

from hashlib import sha256
from string import Formatter
from typing import Final

from models.decision import Decision, Reason
from models.events import PerceivedSeverity
from models.naming import Names
from models.outcomes import EarlyWarning, ProvisionalNotice, ProvisionalState, WarningTransition
from models.pane import DAY, HOUR, MINUTE
from models.rule import Rule

WORDS: Final = (
    "cell", "cell_zh", "window", "window_zh", "severity", "severity_zh", "n", "observed", "expected", "ratio",
    "lower", "upper", "threshold", "p_value", "expected_error",
)  # fmt: skip
"""What a template may name. `cell`, `window` and `severity` are texts, the others numbers; `ratio` is observed/expected."""

_TEXTS: Final = frozenset(WORDS[:6])
_SEVERITY_ZH: Final = {
    "critical": "红色",
    "major": "橙色",
    "minor": "黄色",
    "warning": "蓝色",
    "cleared": "解除",
}
_NEWS: Final = {
    WarningTransition.RAISED: ("", ""),
    WarningTransition.ESCALATED: ("Worse. ", "升级："),
    WarningTransition.DEESCALATED: ("Better. ", "降级："),
    WarningTransition.RECOVERING: ("Recovering. ", "恢复中："),
    WarningTransition.RELAPSED: ("Relapsed. ", "反复："),
    WarningTransition.CLEARED: ("Cleared. ", "解除："),
}
_EXPIRED: Final = ("Closed: too little to judge by. ", "结束（样本不足，无法判断）：")
_RULE_CHANGED: Final = (
    "Closed: the rule was changed or taken out of force. {cell}: {rule}",
    "结束（规则已更改或停用）：{cell}：{rule}",
)
"""Nothing was judged: the rule's own template has no numbers to say."""
_DURATIONS: Final = ((2 * DAY, DAY, "d", "天"), (HOUR, HOUR, "h", "小时"), (MINUTE, MINUTE, "min", "分钟"))
"""Shortest duration for which a unit is used: one day is 24 h."""
_ID_DIGITS: Final = 16


def warning_id(rule: str, version: str, cell: str, episode_start: int) -> str:
    """Return the id of an episode: the first 16 hex digits of a SHA-256, the same on every worker and replay."""
    return sha256(f"{rule}\n{version}\n{cell}\n{episode_start}".encode()).hexdigest()[:_ID_DIGITS]


def write_warning(
    names: Names,
    rule: Rule,
    cell: str,
    decision: Decision,
    *,
    episode_start: int,
    sequence: int,
    transition: WarningTransition,
    severity: PerceivedSeverity,
    reason: Reason,
    pane: int,
    previous_episode: str = "",
    expected_line: tuple[float, ...] = (),
    line_seconds: int = 0,
) -> EarlyWarning:
    """Return one transition as an event; `decided_at` and `samples` are left to whoever sends it."""
    summary, summary_zh = _summaries(rule, names, cell, decision, transition, severity, reason)
    return EarlyWarning(
        id=warning_id(rule.id, rule.version, cell, episode_start),
        sequence=sequence,
        transition=transition.value,
        severity=severity.value,
        pane=pane,
        rule=rule.id,
        rule_name=rule.name,
        rule_name_zh=rule.name_zh,
        rule_version=rule.version,
        kind=rule.kind.value,
        cell=cell,
        stream=rule.stream.value,
        measure=rule.measure.text,
        window_seconds=decision.window_seconds or rule.window_seconds,
        reason=reason.value,
        n=decision.n,
        observed=decision.observed,
        expected=decision.expected,
        expected_error=decision.expected_error,
        lower=decision.lower,
        upper=decision.upper,
        threshold=decision.threshold,
        p_value=decision.p_value,
        summary=summary,
        summary_zh=summary_zh,
        department=names.department(cell, rule.department),
        episode_start=episode_start,
        previous_episode=previous_episode,
        expected_line=expected_line,
        line_seconds=line_seconds,
        labels=dict(rule.labels),
    )


def write_notice(
    rule: Rule, cell: str, *, pane: int, observed: float, threshold: float, level: int
) -> ProvisionalNotice:
    """Return the announcement of a bucket that ends at `pane`; `announced_at` is left to whoever sends it."""
    return ProvisionalNotice(
        id=warning_id(rule.id, rule.version, cell, pane),
        state=ProvisionalState.ANNOUNCED.value,
        rule=rule.id,
        rule_version=rule.version,
        cell=cell,
        stream=rule.stream.value,
        pane=pane,
        observed=observed,
        threshold=threshold,
        severity=rule.steps[level].severity.value,
        announced_at="",
    )


def template_fault(template: str) -> str:
    """Return what is wrong with a summary template, or nothing if it can be filled."""
    try:
        for _, word, _, _ in Formatter().parse(template):
            if word is not None and word not in WORDS:
                return f"names {{{word}}}"
        template.format_map({word: "x" if word in _TEXTS else 0.5 for word in WORDS})
    except (ValueError, IndexError, KeyError) as error:
        return f"cannot be filled ({error})"
    return ""


def duration_text(seconds: int) -> tuple[str, str]:
    """Return a whole duration in English and Chinese: `15 min`, `15分钟`."""
    for least, size, word, word_zh in _DURATIONS:
        if seconds >= least and seconds % size == 0:
            return f"{seconds // size} {word}", f"{seconds // size}{word_zh}"
    return f"{seconds} s", f"{seconds}秒"


def _summaries(
    rule: Rule,
    names: Names,
    cell: str,
    decision: Decision,
    transition: WarningTransition,
    severity: PerceivedSeverity,
    reason: Reason,
) -> tuple[str, str]:
    if reason is Reason.RULE_CHANGED:
        return (
            _RULE_CHANGED[0].format(cell=names.cell(cell), rule=rule.name),
            _RULE_CHANGED[1].format(cell=names.cell_zh(cell), rule=rule.name_zh),
        )
    # The sentence tells the step that was crossed; "cleared" is no step.
    news = _EXPIRED if reason is Reason.EXPIRED else _NEWS[transition]
    words = _words(rule, names, cell, decision, severity)
    return news[0] + rule.summary.format_map(words), news[1] + rule.summary_zh.format_map(words)


class _Absent:
    """A number that this decision does not have."""

    def __format__(self, _: str) -> str:
        return "–"


def _words(
    rule: Rule, names: Names, cell: str, decision: Decision, severity: PerceivedSeverity
) -> dict[str, object]:
    window, window_zh = duration_text(decision.window_seconds or rule.window_seconds)
    numbers: dict[str, float | None] = {
        "n": decision.n,
        "observed": decision.observed,
        "expected": decision.expected,
        "ratio": decision.observed / decision.expected if decision.expected else None,
        "lower": decision.lower,
        "upper": decision.upper,
        "threshold": decision.threshold,
        "p_value": decision.p_value,
        "expected_error": decision.expected_error,
    }
    return {
        "cell": names.cell(cell),
        "cell_zh": names.cell_zh(cell),
        "window": window,
        "window_zh": window_zh,
        "severity": severity.value,
        "severity_zh": _SEVERITY_ZH[severity.value],
        **{word: _Absent() if value is None else value for word, value in numbers.items()},
    }
