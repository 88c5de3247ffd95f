"""A suspected hidden outage as an early warning (EW18), so that the duty desk calls people about it as about any other.

    incident   raised -- linked -- updated (critical) -- linked -- merged, or closed
    warning    raised ............ escalated ..................... cleared

It is made of the incident's records (`models.suspicion`) and stands in no ledger: id and sequence are the incident's. Owns its
words and its transitions; what becomes of it is `models.duty`.
"""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from models.annotated import WarningState
from models.cells import cell_of
from models.dutypolicy import rank_of
from models.incident import Status
from models.iso import seconds_of
from models.joined import Incident, Suspicion
from models.measures import Stream
from models.outcomes import EarlyWarning, WarningTransition
from models.pane import MINUTE
from models.regions import UNKNOWN
from models.scan import CALM_ABOVE, CALM_FOR, CUSTOMERS_MIN, RAISED_BELOW, WINDOW
from models.suspected import DEPARTMENT

RULE: Final = "EW18"
RULE_NAMES: Final = ("Suspected hidden outage", "疑似隐性故障")
VERSION: Final = "scan-1"
"""Of `models.scan` and `models.suspects`: another one where they judge otherwise."""
KIND: Final = "suspicion"
MEASURE: Final = "customers"
"""Different ones who name an element, or one below it: no field of a vector, since elements are no cells."""
FAMILY: Final = "suspicion"
ELEMENT: Final = "element"
"""Label: what is named. It changes as long as the suspicion goes on."""
SAMPLES_MAX: Final = 10

_NEWS: Final = {
    WarningTransition.ESCALATED: ("Worse. ", "升级："),
    WarningTransition.DEESCALATED: ("Better. ", "降级："),
    WarningTransition.CLEARED: ("Cleared. ", "解除："),
}
_EVIDENCE: Final = (
    "{name}. {customers} of the {of} customers who named an element in {minutes} min mean it{fair}, by chance {p}; no alarm tells why. ",
    "{name}。{minutes}分钟内指明网元的{of}名投诉客户中有{customers}名指向它{fair_zh}，偶然概率{p}，无告警说明原因。",
)
_FAIR: Final = (", {expected} expected", "（预期{expected}名）")
_TO_DO: Final = (
    "Check {element} and whether its alarms come through, and report the fault where it has one",
    "请核查{element}及其告警是否上报；确有故障请补报",
)
_GOES_ON: Final = (_EVIDENCE[0] + _TO_DO[0], _EVIDENCE[1] + _TO_DO[1])
_MERGED: Final = (
    "{name}. Incident {parent} explains its complaints and takes it over: go on there",
    "{name}。其投诉已由事件{parent}解释，现并入该事件，请在该事件中继续处理",
)
_OVER: Final = ("{name}. It is over", "{name}。已结束")
_CALM: Final = (
    "{name}. No alarm came, and for {calm} min its complaints have been no more than chance explains. Judge whether there was a fault",
    "{name}。始终无告警，且其投诉已连续{calm}分钟不超出偶然范围。请评判是否确有故障",
)


def warning_of(incident: Incident, before: EarlyWarning | None = None) -> EarlyWarning:
    """Return what a record of a suspicion says, as a transition.

    A record that changes no severity, which there is for every minute in which more customers complain, repeats the transition
    before with the numbers of now.

    Args:
        incident: with `suspicion`.
        before: what its record before said; None: there was none.

    Raises:
        ValueError: one of its times is none.
    """
    suspicion = incident.suspicion
    assert suspicion is not None
    is_over = incident.status != Status.IN_PROGRESS
    transition = _transition(incident, before, is_over=is_over)
    region = incident.affected_location[0].id if incident.affected_location else UNKNOWN
    reason, (summary, summary_zh) = _told(incident, suspicion, is_over=is_over)
    news = _NEWS.get(transition, ("", ""))
    who = incident.responsible_party
    return EarlyWarning(
        id=incident.id,
        sequence=incident.sequence,
        transition=transition.value,
        severity="cleared" if is_over else incident.perceived_severity,
        pane=_pane(incident, suspicion),
        rule=RULE,
        rule_name=RULE_NAMES[0],
        rule_name_zh=RULE_NAMES[1],
        rule_version=VERSION,
        kind=KIND,
        cell=cell_of({"region": region}),
        stream=Stream.COMPLAINTS.value,
        measure=MEASURE,
        window_seconds=WINDOW,
        reason=reason,
        n=suspicion.of_customers,
        observed=float(suspicion.customers),
        expected=suspicion.expected,
        p_value=suspicion.probability,
        summary=news[0] + summary,
        summary_zh=news[1] + summary_zh,
        department=DEPARTMENT if who is None else who.id,
        episode_start=seconds_of(incident.first_alert),
        samples=tuple(one.id for one in incident.trouble_ticket[:SAMPLES_MAX]),
        decided_at=incident.last_update,
        labels={"family": FAMILY, ELEMENT: suspicion.element},
    )


def end_of(before: EarlyWarning, name: str, name_zh: str, sequence: int) -> EarlyWarning:
    """Return the end of a suspicion of whose last record nothing but its sequence and names is known any more."""
    news = _NEWS[WarningTransition.CLEARED]
    return replace(
        before,
        sequence=sequence,
        transition=WarningTransition.CLEARED.value,
        severity="cleared",
        reason="over",
        summary=news[0] + _OVER[0].format(name=name),
        summary_zh=news[1] + _OVER[1].format(name=name_zh),
    )


def transitions_of(records: Iterable[Incident]) -> list[EarlyWarning]:
    """Return the transitions of one suspicion, from all of its records: each when it happened, with its last numbers."""
    by_sequence = {one.sequence: one for one in records if one.suspicion is not None}
    found: list[EarlyWarning] = []
    before: EarlyWarning | None = None
    for _, incident in sorted(by_sequence.items()):
        told = warning_of(incident, before)
        if before is not None and (told.transition, told.severity) == (before.transition, before.severity):
            found[-1] = replace(told, pane=found[-1].pane)
        else:
            found.append(told)
        before = told
    return found


def is_suspicion(warning: EarlyWarning) -> bool:
    """Return whether a warning is a suspected outage, and in no ledger."""
    return warning.kind == KIND


def open_suspicions(states: Iterable[WarningState]) -> dict[str, EarlyWarning]:
    """Return by id the suspicions that go on: the board has them as states alone."""
    return {one.warning.id: one.warning for one in states if one.is_open and is_suspicion(one.warning)}


def element_of(warning: EarlyWarning) -> str:
    """Return the element that a suspicion names; empty of any other warning."""
    return warning.labels.get(ELEMENT, "") if is_suspicion(warning) else ""


def title_of(warning: EarlyWarning, *, zh: bool) -> str:
    """Return the name of a warning's rule, of a suspicion with its element."""
    name = warning.rule_name_zh if zh else warning.rule_name
    element = element_of(warning)
    return f"{name} · {element}" if element else name


def rule_words(*, zh: bool) -> list[str]:
    """Return in words when it is suspected and when that is over; the first is a title."""
    minutes, calm = WINDOW // MINUTE, CALM_FOR // MINUTE
    if zh:
        return [
            f"{RULE} {RULE_NAMES[1]}（由网络故障负责者判断，不在规则文件中）",
            f"每分钟：各地区近{minutes}分钟内指明网元、且不能由任何故障或割接解释的投诉客户",
            f"触发：某一网元及其下级有不少于{CUSTOMERS_MIN}名客户，且p低于{RAISED_BELOW:g}：橙色",
            "升级：同一上级下有两个网元：红色",
            f"解除：某一事件解释其半数投诉（并入该事件），或各网元p高于{CALM_ABOVE:g}达{calm}分钟",
        ]
    return [
        f"{RULE} {RULE_NAMES[0]} (judged by the owner of network faults, in no file of rules)",
        f"Every minute: customers of a region who named an element in the last {minutes} min, and whom no outage or planned work explains",
        f"Raised: {CUSTOMERS_MIN} of them at least mean one element or what hangs on it, with p below {RAISED_BELOW:g}: major",
        "Worse: two elements that hang on the same one: critical",
        f"Over: an incident explains half of them and takes it over, or p of all its elements is above {CALM_ABOVE:g} for {calm} min",
    ]


def _transition(incident: Incident, before: EarlyWarning | None, *, is_over: bool) -> WarningTransition:
    if is_over:
        return WarningTransition.CLEARED
    if before is None:
        return WarningTransition.RAISED
    now, then = rank_of(incident.perceived_severity), rank_of(before.severity)
    if now == then:
        return WarningTransition(before.transition)
    return WarningTransition.ESCALATED if now > then else WarningTransition.DEESCALATED


def _pane(incident: Incident, suspicion: Suspicion) -> int:
    """Return the minute up to which complaints were looked at when it was decided."""
    looked = seconds_of(suspicion.looked or incident.first_alert)
    if not incident.resolution_date:
        return looked
    return max(looked, seconds_of(incident.resolution_date) + CALM_FOR)


def _told(incident: Incident, suspicion: Suspicion, *, is_over: bool) -> tuple[str, tuple[str, str]]:
    """Return the reason as a code, and the sentence in both languages."""
    reason, sentence = "improbable", _GOES_ON
    if is_over:
        reason, sentence = ("merged", _MERGED) if incident.parent_problem else ("calm", _CALM)
    fair = ("", "")
    if suspicion.expected is not None:
        expected = f"{suspicion.expected:.2g}"
        fair = (_FAIR[0].format(expected=expected), _FAIR[1].format(expected=expected))
    words = {
        "fair": fair[0],
        "fair_zh": fair[1],
        "customers": suspicion.customers,
        "of": suspicion.of_customers,
        "minutes": WINDOW // MINUTE,
        "p": f"{suspicion.probability:.1g}",
        "element": suspicion.element,
        "parent": incident.parent_problem,
        "calm": CALM_FOR // MINUTE,
    }
    return reason, (
        sentence[0].format(name=incident.name, **words),
        sentence[1].format(name=incident.name_zh, **words),
    )
