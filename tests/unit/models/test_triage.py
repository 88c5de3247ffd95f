"""Triage: which tier every reason has, that all reasons are told, and what a triage file may not say."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.classify import Classification
from models.datafile import packaged
from models.errors import DataFileError
from models.events import Complaint
from models.lexicon import ENQUIRY, ESCALATION, FLAGS, GRIEVANCE, SAFETY_OR_LOSS, UNUSABLE, VULNERABLE
from models.pane import HOUR, MINUTE
from models.taxonomy import load_taxonomy
from models.triage import FILE, MAX_REMEMBERED, Priority, Reason, Tiering, Triage, load_triage, parse_triage
from models.vocabulary import AgeBand, Channel, Segment

TAXONOMY = load_taxonomy()
TRIAGE = load_triage()
ORDINARY = "BIL.BILLVIEW"
RED_LINES = [code for code, leaf in TAXONOMY.subcategories.items() if leaf.red_line]


def complaint(channel: Channel = Channel.HOTLINE, **said: Any) -> Complaint:
    return Complaint(time=1_700_000_000_000, customer_id="c", text="", channel=channel, **said)


def about(code: str, flags: int = 0) -> Classification:
    leaf = TAXONOMY.subcategory(code)
    return Classification(leaf.category, code, leaf.coarse, 0.9, "zh", flags, leaf.red_line)


def judged(code: str = ORDINARY, flags: int = 0, repeats: int = 0, **said: Any) -> Tiering:
    return TRIAGE.judge(complaint(**said), about(code, flags), repeats)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Complaint, Classification, int]:
    """Any complaint about anything, with any history."""
    who = complaint(
        draw(st.sampled_from(Channel)),
        segment=draw(st.sampled_from(Segment)),
        tier=draw(st.integers(0, 7)),
        age_band=draw(st.sampled_from(AgeBand)),
    )
    code = draw(st.sampled_from(list(TAXONOMY.subcategories)))
    return who, about(code, draw(st.integers(0, sum(FLAGS.values())))), draw(st.integers(0, 4))


@pytest.mark.parametrize(
    ("case", "priority", "reasons"),
    [
        ({}, "P3", ["ordinary"]),
        ({"code": "OTH.UNK"}, "P3", ["ordinary"]),
        ({"channel": Channel.REGULATOR}, "P1", ["appeal"]),
        ({"channel": Channel.MEDIA}, "P1", ["appeal"]),
        ({"channel": Channel.GOVERNMENT_HOTLINE}, "P1", ["appeal"]),
        ({"channel": Channel.CONSUMER_HOTLINE}, "P1", ["appeal"]),
        ({"channel": Channel.REGULATOR, "code": "SUG.SUG"}, "P1", ["appeal"]),
        ({"repeats": 1}, "P2", ["second_complaint"]),
        ({"repeats": 2}, "P1", ["third_complaint"]),
        ({"repeats": 9}, "P1", ["third_complaint"]),
        ({"code": "SEC.FRAUDCALL", "flags": SAFETY_OR_LOSS}, "P1", ["fraud_with_loss"]),
        ({"code": "VAS.FRAUD", "flags": SAFETY_OR_LOSS}, "P1", ["fraud_with_loss"]),
        ({"code": "VAS.FRAUD"}, "P3", ["ordinary"]),
        ({"code": "BRD.REPAIR", "flags": SAFETY_OR_LOSS}, "P2", ["danger_or_loss"]),
        ({"segment": Segment.GROUP, "flags": UNUSABLE}, "P1", ["enterprise_down"]),
        ({"segment": Segment.GROUP}, "P2", ["group_customer"]),
        ({"code": "NET.OUTAGE"}, "P1", ["outage"]),
        ({"flags": UNUSABLE}, "P2", ["unusable"]),
        ({"flags": ESCALATION}, "P2", ["escalation_intent"]),
        ({"flags": VULNERABLE}, "P3", ["ordinary"]),
        ({"flags": VULNERABLE | UNUSABLE}, "P2", ["unusable", "vulnerable_cut_off"]),
        ({"flags": VULNERABLE, "code": "NET.COV"}, "P2", ["vulnerable_cut_off"]),
        ({"age_band": AgeBand.ELDERLY, "code": "BRD.DOWN"}, "P2", ["vulnerable_cut_off"]),
        ({"age_band": AgeBand.ELDERLY}, "P3", ["ordinary"]),
        ({"tier": 4}, "P3", ["ordinary"]),
        ({"tier": 5}, "P2", ["valued_customer"]),
        ({"code": "SUG.SUG"}, "P4", ["suggestion"]),
        ({"code": "SUG.SUG", "tier": 7, "segment": Segment.GROUP, "repeats": 3}, "P4", ["suggestion"]),
        ({"code": "SUG.PRAISE", "tier": 7, "channel": Channel.MEDIA}, "P4", ["praise"]),
        ({"code": "POL.RULE"}, "P4", ["policy"]),
        ({"code": "POL.RULE", "repeats": 2}, "P1", ["third_complaint"]),
        ({"code": "PLN.COMPLEX", "flags": ENQUIRY}, "P4", ["enquiry"]),
        ({"code": "PLN.COMPLEX", "flags": ENQUIRY | GRIEVANCE}, "P3", ["ordinary"]),
        (
            {"flags": ESCALATION | UNUSABLE, "tier": 6, "repeats": 1},
            "P2",
            ["unusable", "second_complaint", "escalation_intent", "valued_customer"],
        ),
        ({"channel": Channel.MEDIA, "repeats": 2, "tier": 7}, "P1", ["appeal", "third_complaint"]),
    ],
)
def test_a_complaint_has_the_most_urgent_tier_it_gives_reason_for(
    case: dict[str, Any], priority: str, reasons: list[str]
) -> None:
    """And all reasons of that tier are told, none of a milder one."""
    tiering = judged(**case)
    assert (tiering.priority, list(tiering.reasons)) == (priority, reasons)


@pytest.mark.parametrize("code", RED_LINES)
def test_a_red_line_is_at_least_p2_and_says_so(code: str) -> None:
    """The classes that regulators name first; the mark stays where something else decides."""
    assert judged(code)[:3] == ("P2", ("red_line",), True)
    assert judged(code, channel=Channel.MEDIA)[:3] == ("P1", ("appeal",), True)
    assert not judged().red_line


def test_every_tier_has_its_times() -> None:
    """First response, update, resolution, limit: the table of the domain list."""
    times = [judged(**case)[3:] for case in ({"repeats": 2}, {"repeats": 1}, {}, {"code": "POL.RULE"})]
    assert times == [
        (30 * MINUTE, 4 * HOUR, 4 * HOUR, 24 * HOUR),
        (1 * HOUR, 12 * HOUR, 24 * HOUR, 48 * HOUR),
        (4 * HOUR, 24 * HOUR, 48 * HOUR, 48 * HOUR),
        (24 * HOUR, 72 * HOUR, 72 * HOUR, 72 * HOUR),
    ]


@given(cases())
def test_every_complaint_has_a_tier_with_known_reasons_and_ordered_times(
    case: tuple[Complaint, Classification, int],
) -> None:
    """Whatever comes together; and a memory of other complaints changes nothing."""
    tiering = TRIAGE.judge(*case)
    assert tiering == load_triage().judge(*case)
    assert tiering.priority in list(Priority)
    assert tiering.reasons
    assert set(tiering.reasons) <= set(Reason)
    assert len(set(tiering.reasons)) == len(tiering.reasons)
    assert tiering.red_line == case[1].red_line
    assert tiering.respond_seconds <= tiering.resolve_seconds <= tiering.limit_seconds
    assert tiering.update_seconds <= tiering.limit_seconds


@given(cases())
def test_another_repeat_never_makes_a_complaint_less_urgent(
    case: tuple[Complaint, Classification, int],
) -> None:
    """A customer who has to come again does not lose a place."""
    who, found, _ = case
    priorities = [TRIAGE.judge(who, found, repeats).priority for repeats in range(5)]
    assert all(later <= earlier for earlier, later in pairwise(priorities))


@given(cases())
def test_a_regulator_is_p1_for_everything_but_praise(case: tuple[Complaint, Classification, int]) -> None:
    """Also for suggestions, policies and enquiries."""
    who, found, repeats = case
    appealed = complaint(Channel.REGULATOR, segment=who.segment, tier=who.tier, age_band=who.age_band)
    assert TRIAGE.judge(appealed, found, repeats).priority == ("P4" if found.is_praise else "P1")


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is full it begins anew, and the judgements stay the same."""
    monkeypatch.setattr("models.triage.MAX_REMEMBERED", 5)
    triage = load_triage()
    found = [
        triage.judge(complaint(tier=tier), about(ORDINARY), 0).priority for tier in (*range(8), *range(8))
    ]
    assert found == ["P3"] * 5 + ["P2"] * 3 + ["P3"] * 5 + ["P2"] * 3
    assert len(triage._remembered) <= 5 < MAX_REMEMBERED


def edited(old: str, new: str) -> Triage:
    """Return the packaged file with one change."""
    source = packaged(FILE)
    assert source.count(old) == 1
    return parse_triage(source.replace(old, new), TAXONOMY, "mine.yaml")


def test_tiers_times_and_conditions_are_data() -> None:
    """Another tier, another limit and another condition need no other code."""
    suggestion = "when: [{codes: [SUG.*]}]"
    assert edited("respond: 1h\n", "respond: 45m\n").judge(complaint(), about(ORDINARY), 1)[3] == 45 * MINUTE
    assert edited("otherwise: P3", "otherwise: P2").judge(complaint(), about(ORDINARY), 0).priority == "P2"
    wider = edited(suggestion, "when: [{codes: [SUG.*]}, {codes: [BIL.BILLVIEW], channels: [app]}]")
    assert wider.judge(complaint(Channel.APP), about(ORDINARY), 0).reasons == ("suggestion",)
    assert wider.judge(complaint(Channel.WEB), about(ORDINARY), 0).reasons == ("ordinary",)


def test_a_condition_that_is_removed_is_no_reason_any_more() -> None:
    """Who promises stars nothing deletes the condition."""
    lines = packaged(FILE).splitlines()
    start = lines.index("  valued_customer:")
    without = parse_triage("\n".join(lines[:start] + lines[start + 4 :]), TAXONOMY)
    assert without.judge(complaint(tier=7), about(ORDINARY), 0).reasons == ("ordinary",)


@pytest.mark.parametrize(
    ("old", "new", "place", "remedy"),
    [
        ("otherwise: P3", "otherwise: P5", "otherwise", "use one of P1"),
        ("otherwise: P3", "", "otherwise", "add it"),
        ("otherwise: P3", "otherwise: P3\nelse: P4", "else", "use one of clocks"),
        ("  P4:\n", "  P5:\n", "clocks.P5", "use one of P1"),
        ("    respond: 30m\n", "    respond: half an hour\n", "clocks.P1.respond", "write a duration"),
        ("    respond: 30m\n", "", "clocks.P1.respond", "add it"),
        ("    respond: 30m\n", "    respond: 5h\n", "clocks.P1.limit", "respond <= resolve <= limit"),
        (
            "    respond: 1h\n",
            "    respond: 10m\n",
            "clocks.P2",
            "give the more urgent tier the shorter times",
        ),
        ("    update: 24h\n", "    update: 49h\n", "clocks.P3.limit", "update <= limit"),
        (
            "    resolve: 72h\n    limit: 72h\n",
            "    resolve: 72h\n    limit: 16d\n",
            "clocks.P4.limit",
            "15d",
        ),
        ("  outage:\n", "  outrage:\n", "conditions.outrage", "use one of praise"),
        ("  outage:\n", "  ordinary:\n", "conditions.ordinary", "use one of praise"),
        ("  outage:\n", "  policy:\n", "line", "correct the syntax"),
        ("    first: true\n", "    first: maybe\n", "conditions.praise.first", "true or false"),
        ("[NET.OUTAGE]}]", "[NET.STORM]}]", "conditions.outage.when[0].codes[0]", "use one of NET.*"),
        ("[NET.OUTAGE]}]", "[NET]}]", "conditions.outage.when[0].codes[0]", "use one of NET.*"),
        ("[NET.OUTAGE]}]", "[]}]", "conditions.outage.when[0].codes", "name at least one"),
        ("[NET.OUTAGE]}]", "[SVC.ATT, SVC.*]}]", "conditions.outage.when[0].codes", "remove one"),
        ("[NET.OUTAGE]}]", "[SVC.ATT, SVC.ATT]}]", "conditions.outage.when[0].codes[1]", "remove it"),
        ("[NET.OUTAGE]}]", "[NET.OUTAGE], except_codes: [NET.*]}]", "conditions.outage.when[0]", "too many"),
        ("when: [{codes: [NET.OUTAGE]}]", "when: []", "conditions.outage.when", "remove the whole condition"),
        ("when: [{codes: [NET.OUTAGE]}]", "when: [{}]", "conditions.outage.when[0]", "`otherwise`"),
        ("{red_line: true}", "{red_line: false}", "conditions.red_line.when[0].red_line", "leave it out"),
        ("{red_line: true}", "{redline: true}", "conditions.red_line.when[0].redline", "use one of codes"),
        ("[regulator, media,", "[ministry, media,", "conditions.appeal.when[0].channels[0]", "regulator"),
        ('"12345"', "12345", "conditions.appeal.when[0].channels[2]", "put it in quotes"),
        (
            "flags: [escalation]",
            "flags: [rage]",
            "conditions.escalation_intent.when[0].flags[0]",
            "escalation",
        ),
        ("[grievance]", "[enquiry]", "conditions.enquiry.when[0].without_flags", "remove it"),
        (
            "tier_at_least: 5",
            "tier_at_least: 8",
            "conditions.valued_customer.when[0].tier_at_least",
            "0 to 7",
        ),
        ("least: 2", "least: 1.5", "conditions.third_complaint.when[0].repeats_at_least", "whole number"),
        ("    reason: nothing is broken\n", "", "conditions.suggestion.reason", "add it"),
    ],
)
def test_a_wrong_file_is_refused_with_file_place_and_remedy(
    old: str, new: str, place: str, remedy: str
) -> None:
    """A misspelt condition would otherwise silently never be met."""
    with pytest.raises(DataFileError) as refused:
        edited(old, new)
    message = str(refused.value)
    assert message.startswith(f"mine.yaml: {place}")
    assert remedy in message.partition(";")[2]
