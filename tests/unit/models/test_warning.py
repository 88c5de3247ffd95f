"""Warnings as people read them, and their ids."""

from hashlib import sha256

import pytest

from models.decision import Decision, Reason
from models.events import PerceivedSeverity
from models.measures import Stream
from models.naming import Names, load_names
from models.outcomes import EarlyWarning, WarningTransition
from models.pane import DAY, HOUR, MINUTE
from models.rules import load_rules
from models.warning import duration_text, template_fault, warning_id, write_warning

RULES = load_rules()
SURGE_DECISION = Decision(
    reason=Reason.ABOVE_STEP, level=0, calm_from=1, severity=PerceivedSeverity.MINOR, n=41, observed=41.0,
    expected=14.2, lower=0.0, upper=21.0, threshold=30.0, p_value=3.2e-7,
)  # fmt: skip
SHARE_DECISION = Decision(
    reason=Reason.BELOW_STEP, level=0, calm_from=1, severity=PerceivedSeverity.MINOR, n=200, observed=0.741,
    expected=0.85, lower=0.66, upper=0.81, threshold=0.85,
)  # fmt: skip


def write(
    rule_id: str, decision: Decision, transition: WarningTransition, reason: Reason | None = None
) -> EarlyWarning:
    """Write a transition of a packaged rule in its typical cell."""
    rule = RULES.rule(rule_id)
    cell = {
        ("region", "category"): "region=44,category=BIL",
        ("category",): "category=BIL",
        ("template",): "template=w02f",
        ("redline",): "redline=VAS.UNAWARE",
        ("key_account",): "key_account=harbour-group",
        ("hot_topic",): "hot_topic=typhoon",
        ("channel",): "channel=12345",
        ("department",): "department=billing",
        (): "all",
    }[rule.dimensions[0]]
    cleared = transition is WarningTransition.CLEARED
    return write_warning(
        RULES.names,
        rule,
        cell,
        decision,
        episode_start=900,
        sequence=1,
        transition=transition,
        severity=PerceivedSeverity.CLEARED if cleared else PerceivedSeverity.MINOR,
        reason=reason or decision.reason,
        pane=900,
    )


def test_id_is_a_hash_of_rule_version_cell_and_start() -> None:
    """As the contract says, so that anybody can recompute it."""
    expected = sha256(b"EW01\nabc\nregion=44\n900").hexdigest()[:16]
    assert warning_id("EW01", "abc", "region=44", 900) == expected


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_packaged_templates_say_something_in_both_languages(rule: object) -> None:
    """Every default rule, with all numbers and with only those that its kind always has."""
    rule_id = rule.id  # type: ignore[attr-defined]
    decision = SURGE_DECISION if RULES.rule(rule_id).stream is Stream.COMPLAINTS else SHARE_DECISION
    warning = write(rule_id, decision, WarningTransition.RAISED)
    for text in (warning.summary, warning.summary_zh):
        assert "{" not in text
        assert "–" not in text
    assert warning.department


def test_surge_reads_as_expected_and_seen() -> None:
    """Place, count, expectation and probability in one line."""
    warning = write("EW01", SURGE_DECISION, WarningTransition.RAISED)
    assert (
        warning.summary == "Guangdong, Billing and tariff: 41 complaints in 15 min, 14.2 expected (p = 3e-07)"
    )
    assert warning.summary_zh == "广东·计费与资费：15分钟内投诉41件，预期14.2件（p=3e-07）"
    assert (warning.department, warning.labels) == ("billing", {"family": "surge"})


@pytest.mark.parametrize(
    ("transition", "reason", "start", "start_zh"),
    [
        (WarningTransition.RAISED, None, "nationwide", "全国"),
        (WarningTransition.ESCALATED, None, "Worse. ", "升级："),
        (WarningTransition.DEESCALATED, None, "Better. ", "降级："),
        (WarningTransition.RECOVERING, Reason.CLEAR_CONDITION, "Recovering. ", "恢复中："),
        (WarningTransition.RELAPSED, None, "Relapsed. ", "反复："),
        (WarningTransition.CLEARED, Reason.CLEAR_CONDITION, "Cleared. ", "解除："),
        (
            WarningTransition.CLEARED,
            Reason.EXPIRED,
            "Closed: too little to judge by. ",
            "结束（样本不足，无法判断）：",
        ),
    ],
)
def test_summary_begins_with_the_news(
    transition: WarningTransition, reason: Reason | None, start: str, start_zh: str
) -> None:
    """One line must do without the rest of the event."""
    warning = write("EW13", SHARE_DECISION, transition, reason)
    assert warning.summary.startswith(start)
    assert warning.summary_zh.startswith(start_zh)


def test_missing_numbers_are_dashes() -> None:
    """An expired episode has no share; its sentence still stands."""
    nothing = Decision(
        reason=Reason.NO_DATA, level=-1, calm_from=3, severity=None, n=0, observed=0.0, is_judged=False
    )
    assert "limit –" in write("EW13", nothing, WarningTransition.CLEARED, Reason.EXPIRED).summary


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [
        (5 * MINUTE, ("5 min", "5分钟")),
        (HOUR, ("1 h", "1小时")),
        (24 * HOUR, ("24 h", "24小时")),
        (7 * DAY, ("7 d", "7天")),
        (90 * MINUTE, ("90 min", "90分钟")),
    ],
)
def test_durations_are_written_as_people_say_them(seconds: int, texts: tuple[str, str]) -> None:
    """A day is 24 hours, a week is seven days."""
    assert duration_text(seconds) == texts


def test_templates_name_known_words_only() -> None:
    """A fault is described; a good template has none."""
    assert template_fault("{cell} {observed:.1%} {ratio:.1f} {severity}") == ""
    assert template_fault("{weather}") == "names {weather}"
    assert "cannot be filled" in template_fault("{cell:.1f}")
    assert "cannot be filled" in template_fault("{cell")


def test_cells_have_names() -> None:
    """Listed values by name, others as they are, and the nation."""
    names = load_names()
    assert names.cell("region=44,category=NET") == "Guangdong, Network quality"
    assert names.cell_zh("region=44,category=NET") == "广东·网络质量"
    assert (names.cell("channel=12345"), names.cell_zh("channel=12345")) == ("channel 12345", "渠道12345")
    assert (names.cell("all"), names.cell_zh("all")) == ("nationwide", "全国")
    assert Names().cell("region=99") == "region 99"


def test_department_is_the_cells_own_then_that_of_its_category() -> None:
    """And what the rule says where the cell says nothing."""
    names = load_names()
    assert names.department("department=vas", "triage") == "vas"
    assert names.department("region=44,category=NET", "triage") == "network"
    assert names.department("region=44", "triage") == "triage"
