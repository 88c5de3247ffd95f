"""What the demo says while people watch, in English and Chinese: what is about to happen, where to look, what it means, and that it is there.

Owns the texts and when they are due. The clock, the console's address and the warnings are handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from agents.lines import Language
from agents.simulator.spec import Incident, IncidentKind
from models.cells import dimensions_of
from models.naming import Names
from models.outcomes import EarlyWarning, WarningTransition
from models.pane import HOUR, MINUTE

LEAD_SECONDS: Final = 20.0
"""How long before it happens an incident is announced, where the morning has begun by then."""
GRACE: Final = HOUR
"""A warning of an incident may come so long after its end."""

SAID: Final[dict[str, tuple[str, str]]] = {
    "console": (
        "Operations console: {address} (ready in a few seconds; open it now and leave it open)",
        "运行监控台：{address}（数秒后可用，请现在打开并保持打开）",
    ),
    "kafka": (
        "Apache Kafka is up at {at} ({seconds:.1f} s); everything is deleted at the end.",
        "Apache Kafka 已启动：{at}（{seconds:.1f} 秒）；结束时全部删除。",
    ),
    "workers": ("starting two workers ...", "正在启动两个 worker……"),
    "history": (
        "{count:,} simulated events of {days} days before sent in {seconds:.0f} s, as a basis for what is normal.",
        "此前 {days} 天的 {count:,} 条模拟事件已在 {seconds:.0f} 秒内送入，作为“正常”的基准。",
    ),
    "ready": (
        "The workers have taken it in, {seconds:.0f} s after the first event.",
        "worker 已全部处理完毕，距第一条事件 {seconds:.0f} 秒。",
    ),
    "morning": (
        "Now the morning of {day} (simulated), {speed:.0f} times as fast as it happened. {count} things go wrong in it; each is told beforehand.",
        "现在播放 {day} 上午（模拟数据），速度为实际的 {speed:.0f} 倍。其间会出 {count} 个问题，每个都会提前说明。",
    ),
    "redis.killed": (
        "redis killed and emptied: the board is gone, the stream goes on. The console says so and keeps its last picture.",
        "Redis 被杀掉并清空：看板没有了，数据流照常。监控台会说明情况，并保留最后的画面。",
    ),
    "redis.back": (
        "Redis is back, empty; the workers put the board up again by themselves.",
        "Redis 已恢复，但是空的；worker 会自动重建看板。",
    ),
    "worker.killed": (
        "kill -9 of worker {pid}, in the middle of it; the other one takes over. No warning is lost or doubled.",
        "对 worker {pid} 执行 kill -9，正在处理途中；另一个接管。预警既不丢失也不重复。",
    ),
    "worker.back": ("The killed worker is started again.", "被杀掉的 worker 已重新启动。"),
    "over": (
        "The morning is over. Recomputing everything from the source topics ...",
        "上午结束。正在从源主题重新计算全部结果……",
    ),
    "stay": (
        "Everything is left running, the console as well. Ctrl-C ends it.",
        "一切保持运行，包括监控台。按 Ctrl-C 结束。",
    ),
    "announced": (
        "In {seconds:.0f} s, at {time} simulated time: {what}.\n    Watch {where}. {sign}",
        "{seconds:.0f} 秒后，模拟时间 {time}：{what}。\n    请看 {where}。{sign}",
    ),
    "happens": ("{time}  Now: {what}.", "{time}  现在：{what}。"),
    "ends": (
        "{time}  Over: {what}. Watch its warnings recover and clear.",
        "{time}  结束：{what}。请看相关预警恢复并解除。",
    ),
    "seen": (
        "There it is, {minutes} min of event time after it began: {rule} for {place}. {meaning}",
        "来了，事件时间上在发生 {minutes} 分钟之后：{place}，{rule}。{meaning}",
    ),
    "board": ("the lines below", "下面的输出"),
}
"""Name -> (English, Chinese)."""


class Story(NamedTuple):
    """An incident in words, each in English and Chinese."""

    what: tuple[str, str]
    sign: tuple[str, str]
    """How one sees it."""
    meaning: tuple[str, str]
    rules: frozenset[str]
    """Which warn of it."""
    categories: frozenset[str] = frozenset()
    """Of its complaints."""


STORIES: Final[dict[IncidentKind, Story]] = {
    IncidentKind.FIBRE_CUT: Story(
        ("a fibre is cut in {place}", "{place}一条光缆被挖断"),
        (
            "First an incident appears on the right: the network's own alarm. Then customers complain, and a warning rises.",
            "右侧先出现一个事件，来自网络自身的告警；随后客户开始投诉，预警升起。",
        ),
        (
            "The known fault explains it: the warning is tied to the incident, and nobody is called about the same thing twice.",
            "已知故障可以解释它：预警与事件关联，同一件事不会重复打扰值班人员。",
        ),
        frozenset({"EW01"}),
        frozenset({"NET", "BRD"}),
    ),
    IncidentKind.HIDDEN_CUT: Story(
        ("a fibre is cut in {place}, and no alarm reports it", "{place}一条光缆被挖断，但没有任何告警"),
        (
            "No incident appears. Only the customers tell, and a warning rises out of their complaints.",
            "不会出现事件，只有客户在说；预警完全来自他们的投诉。",
        ),
        (
            "No fault explains it: this is an outage that the network does not know of. Open it and read the masked complaints.",
            "没有故障可以解释它：这是网络侧尚不知道的中断。打开详情，看看脱敏后的投诉原文。",
        ),
        frozenset({"EW01"}),
        frozenset({"NET", "BRD"}),
    ),
    IncidentKind.BILLING_ERROR: Story(
        ("a bill run in {place} charges too much", "{place}出账出错，多收了费用"),
        (
            "Complaints about bills pile up above what this hour lets expect: the dashed line beside the curve.",
            "账单类投诉超出这个时段的预期，即曲线旁的虚线。",
        ),
        (
            "It is not for the network: the warning names the department that answers for bills.",
            "这与网络无关：预警已指明负责账单的部门。",
        ),
        frozenset({"EW01"}),
        frozenset({"BIL"}),
    ),
    IncidentKind.UNDERSTAFFED_HOTLINE: Story(
        ("the hotline of {place} has too few people", "{place}热线人手不足"),
        (
            "Fewer calls are answered within 15 s, more callers hang up: warnings about shares, held against their limits.",
            "15秒接通率下降，放弃来电增多：这是针对比率与阈值的预警。",
        ),
        (
            "A share is judged by its whole interval, so that a few unlucky calls raise nothing.",
            "比率按整个置信区间判断，个别未接来电不会触发预警。",
        ),
        frozenset({"EW13", "EW14"}),
    ),
}


@dataclass(frozen=True, slots=True)
class Cue:
    """Something that is said so many seconds after the morning has begun."""

    at: float
    text: str


def said(language: Language, name: str, **values: object) -> str:
    """Return a text of `SAID` with its values."""
    return SAID[name][language == "zh"].format(**values)


class Guide:
    """Of one morning.

    Args:
        incidents: what goes wrong, each in one province.
        begins, ends: of the morning, epoch seconds.
        seconds: how long it takes while people watch.
        address: of the console's board, None where there is none.
    """

    def __init__(
        self,
        incidents: Sequence[Incident],
        begins: int,
        ends: int,
        seconds: float,
        language: Language,
        zone: ZoneInfo,
        names: Names,
        address: str | None,
    ) -> None:
        self._incidents = list(incidents)
        self._begins = begins
        self._speed = (ends - begins) / seconds
        self._language: Language = language
        self._zone = zone
        self._names = names
        self._address = address
        self._seen: set[Incident] = set()

    def cues(self) -> list[Cue]:
        """Return what is said of the incidents, in the order of time."""
        found = []
        for one in self._incidents:
            begins, ends = ((at - self._begins) / self._speed for at in (one.start, one.end))
            told = max(0.0, begins - LEAD_SECONDS)
            values = {"what": self._words(one, STORIES[one.kind].what)}
            announced = self._said(
                "announced",
                seconds=begins - told,
                time=self._time(one.start),
                where=self._where(one),
                sign=self._words(one, STORIES[one.kind].sign),
                **values,
            )
            found += [
                Cue(told, announced),
                Cue(begins, self._said("happens", time=self._time(one.start), **values)),
                Cue(ends, self._said("ends", time=self._time(one.end), **values)),
            ]
        return sorted(found, key=lambda cue: cue.at)

    def met(self, warning: EarlyWarning) -> str:
        """Return what is said of a transition: the first warning of an incident; nothing of every other."""
        if warning.transition != WarningTransition.RAISED:
            return ""
        for one in self._incidents:
            if one not in self._seen and self._is_of(warning, one):
                self._seen.add(one)
                zh = self._language == "zh"
                return self._said(
                    "seen",
                    minutes=(warning.pane - one.start) // MINUTE,
                    rule=f"{warning.rule} {warning.rule_name_zh if zh else warning.rule_name}",
                    place=self._names.cell_zh(warning.cell) if zh else self._names.cell(warning.cell),
                    meaning=self._words(one, STORIES[one.kind].meaning),
                )
        return ""

    def _is_of(self, warning: EarlyWarning, one: Incident) -> bool:
        story, cell = STORIES[one.kind], dimensions_of(warning.cell)
        return (
            warning.rule in story.rules
            and cell.get("region") in one.regions
            and (not story.categories or cell.get("category") in story.categories)
            and one.start < warning.pane <= one.end + GRACE
        )

    def _where(self, one: Incident) -> str:
        return self._said("board") if self._address is None else f"{self._address}?region={one.regions[0]}"

    def _words(self, one: Incident, text: tuple[str, str]) -> str:
        zh = self._language == "zh"
        return text[zh].format(place=self._names.values["region"][one.regions[0]][zh])

    def _said(self, name: str, **values: object) -> str:
        return said(self._language, name, **values)

    def _time(self, at: int) -> str:
        return datetime.fromtimestamp(at, self._zone).strftime("%H:%M")
