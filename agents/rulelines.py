"""A rule in words, in English or Chinese: what it looks at, when it speaks up, and when it is over.

Owns the sentences; what a rule means is `models.rule`, and what it may miss `models.doubts`.
"""

from collections.abc import Callable, Mapping
from math import exp
from typing import Final, NamedTuple

from agents.lines import COLOUR_WORDS, Language, number
from models.capacity import Values
from models.falsealarms import cells_of, estimate
from models.naming import DIMENSIONS
from models.pane import DAY
from models.rule import Kind, Rule, Side, Step
from models.warning import duration_text


class Spoken(NamedTuple):
    """A rule, one line for each thing to say: (label, text)."""

    title: str
    lines: list[tuple[str, str]]


def spoken(rule: Rule, values: Values, language: Language) -> Spoken:
    """Return `rule` in words; `values` are those of each dimension (`models.capacity.dimension_values`)."""
    zh = language == "zh"
    say = _Words(zh)
    name = rule.name_zh if zh else rule.name
    lines = [
        (say("measures", "指标"), _measured(rule, say)),
        (say("where", "范围"), _where(rule, values, say)),
        (say("sample", "样本"), _sample(rule, say)),
    ]
    for step in rule.steps:
        label = f"{COLOUR_WORDS[step.severity]} {step.severity}"
        text = _TRIGGERS[rule.kind](rule, step, say)
        if step.buckets > 1:
            text += say(
                f", in {step.buckets} windows in a row that do not overlap",
                f"，连续{step.buckets}个不重叠窗口",
            )
        lines.append((label, text))
    lines += [
        (say(f"clears {step.severity}", f"解除{step.severity}"), _CLEARS[rule.kind](rule, step, say))
        for step in rule.steps
    ]
    hold, expire = say.duration(rule.hold_seconds), say.duration(rule.expire_seconds)
    at_once = say("as soon as that is so", "上述条件满足时")
    held = say(f"after {hold} of that", f"上述条件持续{hold}后") if rule.hold_seconds else at_once
    ending = say(f"{held}; or when nothing could be judged for {expire}", f"{held}；或{expire}内无法判断时")
    lines.append((say("ends", "结束"), ending))
    own = say("the cell's own department", "单元所属部门")
    acts = own + say(f", else {rule.department}", f"，否则{rule.department}") if rule.department else own
    lines.append((say("acts", "处理部门"), acts))
    if rule.labels:
        lines.append(
            (say("labels", "标签"), ", ".join(f"{key}={value}" for key, value in rule.labels.items()))
        )
    lines.append((say("chance", "误报估计"), chance(rule, values, language)))
    return Spoken(f"{rule.id} {name} ({rule.kind})", lines)


def chance(rule: Rule, values: Values, language: Language) -> str:
    """Return what chance alone would do, in words."""
    say = _Words(language == "zh")
    found = estimate(rule, values)
    if found.low is None or found.high is None:
        return say("a fixed limit: not a matter of chance", "固定限值：与随机无关")
    low, high = f"{found.low:.2g}", f"{found.high:.2g}"
    most = high if low == high else say(f"{low} to {high}", f"{low}至{high}")
    return say(
        f"at most {most} false alarms a day in {found.cells:,} cells",
        f"{found.cells:,}个单元每天至多误报{most}次",
    )


class _Words:
    def __init__(self, zh: bool) -> None:
        self._zh = zh

    def __call__(self, english: str, chinese: str) -> str:
        return chinese if self._zh else english

    def duration(self, seconds: int) -> str:
        return duration_text(seconds)[self._zh]

    def dimension(self, name: str) -> str:
        return DIMENSIONS[name][self._zh]


def _measured(rule: Rule, say: _Words) -> str:
    window, step = say.duration(rule.window_seconds), say.duration(rule.step_seconds)
    if rule.kind is Kind.FORECAST:
        return say(
            f"{rule.measure.text} of {rule.stream} as expected for {window} from the next midnight on, judged every {step}",
            f"{rule.stream} 的 {rule.measure.text} 在次日零点起{window}内的预期，每{step}判断一次",
        )
    return say(
        f"{rule.measure.text} of {rule.stream}, over {window}, judged every {step}",
        f"{rule.stream} 的 {rule.measure.text}，窗口{window}，每{step}判断一次",
    )


def _where(rule: Rule, values: Values, say: _Words) -> str:
    combinations = [
        say(" x ", "×").join(map(say.dimension, combination)) or say("nationwide", "全国")
        for combination in rule.dimensions
    ]
    text = say("each ", "每个") + say("; each ", "；每个").join(combinations)
    text = text.replace(say("each nationwide", "每个全国"), say("nationwide", "全国"))
    for name, limits in rule.where.items():
        text += say(", ", "，") + say.dimension(name) + say(" only ", "仅限") + "/".join(sorted(limits))
    return f"{text} ({cells_of(rule, values):,}{say(' cells', '个单元')})"


def _sample(rule: Rule, say: _Words) -> str:
    text = say(f"from {rule.min_sample:,} on", f"不少于{rule.min_sample:,}")
    if rule.min_history_seconds:
        history = say.duration(rule.min_history_seconds)
        text += say(f", in cells that have been seen for {history}", f"，单元已观察{history}以上")
    if rule.rise:
        text += say(
            f", for a rise to {rule.rise:g} times the expected or more",
            f"，寻找升至预期{rule.rise:g}倍以上的上升",
        )
    if rule.min_expected:
        text += say(
            f", where {rule.min_expected:g} or more are expected", f"，预期不少于{rule.min_expected:g}"
        )
    if rule.p_below is not None:
        text += say(
            f", a count with a chance below {rule.p_below:g}", f"，数量的出现概率低于{rule.p_below:g}"
        )
    if rule.min_baseline:
        text += say(f", from {rule.min_baseline:,} on in its past", f"，过去样本不少于{rule.min_baseline:,}")
    if rule.min_silence_seconds:
        silence = say.duration(rule.min_silence_seconds)
        text = say(f"silences from {silence} on", f"静默不少于{silence}") + text.removeprefix(
            say(f"from {rule.min_sample:,} on", f"不少于{rule.min_sample:,}")
        )
    if rule.confidence is not None:
        text += say(
            f", judged by the whole {rule.confidence:g} interval", f"，按{rule.confidence:g}置信区间整体判断"
        )
    return text


def _value(rule: Rule, value: float) -> str:
    return f"{value:.1%}" if rule.measure.is_share else number(value)


def _threshold(rule: Rule, step: Step, say: _Words) -> str:
    value = _value(rule, step.limit)
    return (
        say(f"above {value}", f"高于{value}")
        if rule.side is Side.ABOVE
        else say(f"below {value}", f"低于{value}")
    )


def _threshold_clear(rule: Rule, step: Step, say: _Words) -> str:
    value = _value(rule, step.clear)
    return (
        say(f"at most {value}", f"不高于{value}")
        if rule.side is Side.ABOVE
        else say(f"at least {value}", f"不低于{value}")
    )


def _drop(rule: Rule, step: Step, say: _Words) -> str:
    limit, target = f"{step.limit:.1%}", f"{rule.target or 0:.1%}"
    return say(f"the whole interval below {limit} (target {target})", f"区间上限低于{limit}（目标{target}）")


def _drop_clear(rule: Rule, step: Step, say: _Words) -> str:
    clear, limit = f"{step.clear:.1%}", f"{step.limit:.1%}"
    return say(
        f"the lower end of the interval above {clear}, or the share at {limit}",
        f"区间下限高于{clear}，或比率达到{limit}",
    )


def _surge(_: Rule, step: Step, say: _Words) -> str:
    text = say(
        f"a count whose chance is below {step.limit:g} under what the cell is expected to count",
        f"在单元预期下出现概率低于{step.limit:g}的数量",
    )
    if step.min_ratio:
        text += say(
            f", {step.min_ratio:g} times the expected or more", f"，且不低于预期的{step.min_ratio:g}倍"
        )
    if step.min_count:
        text += say(f", at least {step.min_count:,}", f"，且不少于{step.min_count:,}")
    return text


def _surge_clear(_: Rule, step: Step, say: _Words) -> str:
    return say(f"that chance above {step.clear:g}", f"该概率高于{step.clear:g}")


def _drift(rule: Rule, step: Step, say: _Words) -> str:
    buckets = exp(step.limit)
    often = f"{buckets * rule.window_seconds / DAY / 365:.2g}"
    return say(
        f"evidence for that of {step.limit:g} or more, by chance once in {often} years of a cell at most",
        f"持续上升的证据值不低于{step.limit:g}，单个单元偶然达到至多每{often}年一次",
    )


def _drift_clear(_: Rule, step: Step, say: _Words) -> str:
    return say(f"the evidence at most {step.clear:g}", f"证据值不高于{step.clear:g}")


def _times(rule: Rule, value: float, say: _Words) -> str:
    if rule.kind is Kind.GROWTH:
        return say(f"{value:g} times the expected", f"预期的{value:g}倍")
    past = say.duration(rule.baseline_seconds)
    return say(f"{value:g} times its past ({past} back)", f"自身过去（{past}）的{value:g}倍")


def _relative(rule: Rule, step: Step, say: _Words) -> str:
    value = _times(rule, step.limit, say)
    return (
        say(f"above {value}", f"高于{value}")
        if rule.side is Side.ABOVE
        else say(f"below {value}", f"低于{value}")
    )


def _relative_clear(rule: Rule, step: Step, say: _Words) -> str:
    value = _times(rule, step.clear, say)
    return (
        say(f"at most {value}", f"不高于{value}")
        if rule.side is Side.ABOVE
        else say(f"at least {value}", f"不低于{value}")
    )


def _mean_drop(rule: Rule, step: Step, say: _Words) -> str:
    past = say.duration(rule.baseline_seconds)
    return say(
        f"{step.limit:g} or more below its past ({past} back), surely below it",
        f"比自身过去（{past}）低{step.limit:g}或以上，且差异显著",
    )


def _mean_drop_clear(_: Rule, step: Step, say: _Words) -> str:
    return say(f"at most {step.clear:g} below its past", f"比自身过去低不超过{step.clear:g}")


def _novelty(rule: Rule, step: Step, say: _Words) -> str:
    past, new = say.duration(rule.baseline_seconds), say.duration(rule.new_for_seconds)
    return say(
        f"above {step.limit:g}, where there were at most {rule.absent:,} from {past} to {new} before",
        f"高于{step.limit:g}，且{past}前至{new}前至多{rule.absent:,}",
    )


def _silence(_: Rule, step: Step, say: _Words) -> str:
    text = say(
        f"nothing for so long that the chance is below {step.limit:g}",
        f"静默时间的出现概率低于{step.limit:g}",
    )
    if step.times > 1:
        text += say(f", {step.times:g} times over", f"，且达其{step.times:g}倍")
    return text


def _silence_clear(_: Rule, __: Step, say: _Words) -> str:
    return say("the first event", "首个事件到达")


def _burn(_: Rule, step: Step, say: _Words) -> str:
    return say("; or ", "；或").join(
        say(
            f"above {one.above:g} times the pace of the budget over {say.duration(one.long_seconds)} and "
            f"{say.duration(one.short_seconds)}",
            f"{say.duration(one.long_seconds)}和{say.duration(one.short_seconds)}内均高于预算速度的{one.above:g}倍",
        )
        for one in step.burns
    )


def _burn_clear(_: Rule, step: Step, say: _Words) -> str:
    return say(
        f"at most {step.clear:g} times the pace in the short windows",
        f"短窗口内不高于预算速度的{step.clear:g}倍",
    )


def _forecast(_: Rule, step: Step, say: _Words) -> str:
    return say(
        f"above {step.limit:g} times what is ordinary, by the calendar",
        f"按日历预计高于平常的{step.limit:g}倍",
    )


def _forecast_clear(_: Rule, step: Step, say: _Words) -> str:
    return say(f"at most {step.clear:g} times what is ordinary", f"不高于平常的{step.clear:g}倍")


_Phrase = Callable[[Rule, Step, _Words], str]
_TRIGGERS: Final[Mapping[Kind, _Phrase]] = {
    Kind.THRESHOLD: _threshold,
    Kind.WILSON_DROP: _drop,
    Kind.SURGE: _surge,
    Kind.DRIFT: _drift,
    Kind.GROWTH: _relative,
    Kind.RELATIVE: _relative,
    Kind.MEAN_DROP: _mean_drop,
    Kind.NOVELTY: _novelty,
    Kind.SILENCE: _silence,
    Kind.BURN: _burn,
    Kind.FORECAST: _forecast,
}
_CLEARS: Final[Mapping[Kind, _Phrase]] = {
    Kind.THRESHOLD: _threshold_clear,
    Kind.WILSON_DROP: _drop_clear,
    Kind.SURGE: _surge_clear,
    Kind.DRIFT: _drift_clear,
    Kind.GROWTH: _relative_clear,
    Kind.RELATIVE: _relative_clear,
    Kind.MEAN_DROP: _mean_drop_clear,
    Kind.NOVELTY: _threshold_clear,
    Kind.SILENCE: _silence_clear,
    Kind.BURN: _burn_clear,
    Kind.FORECAST: _forecast_clear,
}
