"""Rule files: what loads, and how a wrong one is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import DataFileError
from models.events import PerceivedSeverity
from models.measures import Stream
from models.rule import Kind, Side
from models.rules import check_rules, load_rules, parse_rules
from tests.unit.models.judging import (
    ANSWERED,
    BUDGET,
    COUNT,
    GROWING,
    HANDLED,
    NOVEL,
    RECOMMENDED,
    REPEATED,
    RISING,
    SATISFIED,
    SILENT,
    SURGE,
    only,
    rule_set,
)


def test_packaged_rules_load() -> None:
    """The shipped rules are checked like any other file, and cover all four streams."""
    rules = load_rules()
    assert [rule.id for rule in rules.rules] == [
        "EW01", "EW02", "EW03", "EW05", "EW06", "EW07", "EW11", "EW12", "EW13", "EW14", "EW15", "EW20", "EW21",
        "EW22", "EW26", "EW27", "EW30",
    ]  # fmt: skip
    assert {rule.stream for rule in rules.rules} == set(Stream)
    # A budget is the operator's own: none is shipped.
    assert {rule.kind for rule in rules.rules} == set(Kind) - {Kind.BURN}
    assert len(rules.version) == 16
    assert [rule.id for rule in rules.of(Stream.CALLS)] == ["EW13", "EW14", "EW15"]
    assert not rules.rule("EW30").alarms
    assert all(rule.alarms for rule in rules.rules if rule.id != "EW30")
    assert rules.rule("EW12").where == {"channel": {"regulator", "12345", "12315", "media"}}
    with pytest.raises(KeyError):
        rules.rule("EW99")


def test_packaged_rules_have_the_documented_numbers() -> None:
    """Windows, limits and holds as domain list d3 gives them."""
    surge = load_rules().rule("EW01")
    assert (surge.window_seconds, surge.step_seconds, surge.min_sample, surge.hold_seconds) == (
        900,
        300,
        5,
        1800,
    )
    assert [(step.severity.value, step.limit, step.clear, step.buckets) for step in surge.steps] == [
        ("minor", 1e-3, 0.05, 2),
        ("major", 1e-6, 1e-3, 1),
        ("critical", 1e-6, 1e-3, 1),
    ]
    answered = load_rules().rule("EW13")
    assert answered.side is Side.BELOW
    assert [(step.limit, step.clear) for step in answered.steps] == [(0.85, 0.88), (0.70, 0.75), (0.50, 0.60)]


def test_version_is_of_the_content_and_not_of_its_layout() -> None:
    """Comments, blank lines and the order of keys change nothing; a number does."""
    version = rule_set(COUNT).version
    assert (
        rule_set("  # explained\n", COUNT.replace("name: Many", "# why\n    name: Many")).version == version
    )
    assert (
        rule_set(COUNT.replace("    window: 10m\n    step: 5m\n", "    step: 5m\n    window: 10m\n")).version
        == version
    )
    assert rule_set(COUNT.replace("above: 9", "above: 8")).version != version
    assert rule_set(COUNT, SURGE).version != rule_set(SURGE, COUNT).version


def test_rule_covers_cells_of_its_dimensions_and_values_only() -> None:
    """`where` limits, and a finer or coarser cell is another rule's business."""
    rule = only(
        COUNT.replace(
            "dimensions: [[region]]",
            "dimensions: [[region], [region, category]]\n    where: {region: ['44']}",
        )
    )
    assert rule.covers("region=44")
    assert rule.covers("region=44,category=NET")
    assert not rule.covers("region=43")
    assert not rule.covers("category=NET")
    assert not rule.covers("all")
    assert only(ANSWERED).covers("all")


def test_only_counts_with_an_upper_limit_are_monotone() -> None:
    """A share can always fall again; provisional notices may not rest on it."""
    assert only(SURGE).is_monotone
    assert only(COUNT).is_monotone
    assert not only(ANSWERED).is_monotone
    assert not only(SATISFIED).is_monotone


def test_a_budget_is_the_frozen_baseline_less_what_is_to_be_saved() -> None:
    """20 % less than in the frozen month; cells without one are not judged."""
    rule = only(BUDGET)
    assert rule.budget == {"all": 7200.0, "region=44": 3600.0}
    assert rule.covers("all")
    assert rule.covers("region=44")
    assert not rule.covers("region=43")


def test_the_budget_of_the_documentation_loads() -> None:
    """Somebody will copy it. Paces and windows as domain list d3 gives them (EW04)."""
    page = (Path(__file__).parents[3] / "docs" / "add-a-rule.md").read_text(encoding="utf-8")
    source = page[page.index("rules:\n  - id: EW04") :].partition("```")[0]
    rule = parse_rules(source).rules[0]
    assert [one for step in rule.steps for one in step.burns] == [
        (1.0, 3 * 86_400, 6 * 3_600),
        (14.4, 3_600, 300),
        (6.0, 6 * 3_600, 1_800),
    ]


def test_numbers_that_yaml_takes_for_texts_are_numbers() -> None:
    """YAML 1.1 reads 1e-6 as a text; nobody means that."""
    rule = only(SURGE.replace("p_below: 0.000001}", "p_below: 1e-6}"))
    assert rule.steps[1].limit == 1e-6


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (COUNT, "kind: threshold", "kind: magic", r"COUNT\.kind is 'magic'; use one of threshold"),
        (COUNT, "stream: complaints", "stream: letters", r"COUNT\.stream is 'letters'; use one of complaints"),
        (COUNT, "measure: raw", "measure: rawness", r"COUNT\.measure names 'rawness'; use fields of complaints: raw"),
        (COUNT, "measure: raw", "measure: raw / distinct / repeat", r"COUNT\.measure is 'raw / distinct"),
        (COUNT, "[[region]]", "[[city]]", r"COUNT\.dimensions\[0\] is not counted; use one of \[\], \[region\]"),
        (COUNT, "[[region]]", "region", r"COUNT\.dimensions is not a list of lists"),
        (COUNT, "[[region]]", "[region]", r"COUNT\.dimensions\[0\] is not a list; write for example"),
        (COUNT, "window: 10m", "window: 10", r"COUNT\.window is 10; write a duration such as 15m"),
        (COUNT, "window: 10m", "window: 90m", r"COUNT\.window cannot be kept; use minutes up to 1h"),
        (COUNT, "window: 10m", "window: 31d", r"COUNT\.window cannot be kept"),
        (COUNT, "window: 10m", "window: 24h", r"COUNT\.step is no whole hour"),
        (COUNT, "step: 5m", "step: 15m", r"COUNT\.step is longer than window"),
        (COUNT, "step: 5m", "step: 4m", r"COUNT\.trigger\[1\]\.for needs windows that do not overlap"),
        (COUNT, "hold: 10m", "hold: 7m", r"COUNT\.clear\.hold is no multiple of step"),
        (COUNT, "min_sample: 3", "min_sample: 2.5", r"COUNT\.min_sample is 2\.5; write a whole number"),
        (COUNT, "min_sample: 3", "min_sample: 0", r"COUNT\.min_sample is 0; write a number from 1"),
        (COUNT, "    min_sample: 3\n", "", r"COUNT\.min_sample is missing; add it"),
        (COUNT, "id: COUNT", "id: 7 up", r"rules\[0\]\.id is '7 up'; use a letter"),
        (COUNT, "name: Many complaints", "naem: Many", r"COUNT\.naem is not known; use one of id, name"),
        (COUNT, "warning: 5", "warning: 9", r"COUNT\.trigger\[0\]\.above is not beyond its clear limit 9; move"),
        (COUNT, "above: 19", "above: 9", r"COUNT\.trigger\[1\]\.above is not beyond the step before"),
        (COUNT, "minor: 12", "minor: 4", r"COUNT\.trigger\[1\]\.above clears later than the step before"),
        (COUNT, "above: 19", "below: 19", r"COUNT\.trigger names no side, or both"),
        (COUNT, "severity: minor", "severity: warning", r"COUNT\.trigger\[1\]\.severity is not above the one before"),
        (COUNT, "severity: minor", "severity: cleared", r"COUNT\.trigger\[1\]\.severity is cleared; use one of warning"),
        (COUNT, "for: 2", "four: 2", r"COUNT\.trigger\[1\]\.four is not known; use one of severity, for, above"),
        (COUNT, "clear: {", "clears: {", r"COUNT\.clears is not known"),
        (COUNT, "at_most: {", "at_least: {", r"COUNT\.clear\.at_least is not known; use one of hold, at_most"),
        (COUNT, "minor: 12", "major: 12", r"COUNT\.clear\.at_most\.major is not known; use one of warning, minor"),
        (COUNT, "{observed} of", "{seen} of", r"COUNT\.summary names \{seen\}; use \{word\}"),
        (COUNT, "{observed} of", "{observed:q} of", r"COUNT\.summary cannot be filled"),
        (COUNT, "stream:", "confidence: 0.9\n    stream:", r"COUNT\.confidence needs a share"),
        (COUNT, "stream:", "where: {channel: [app]}\n    stream:", r"COUNT\.where\.channel is no dimension of every"),
        (COUNT, "stream:", "where: {region: '44'}\n    stream:", r"COUNT\.where\.region is not a list"),
        (ANSWERED, "below: 0.85", "below: 85", r"ANSWERED\.trigger\[0\]\.below is 85; write a number from 0 to 1"),
        (ANSWERED, "minor: 0.88", "minor: 0.85", r"ANSWERED\.trigger\[0\]\.below is not beyond its clear limit 0\.85"),
        (ANSWERED, "minor: 0.88", "minor: often", r"ANSWERED\.clear\.at_least\.minor is 'often'"),
        (SATISFIED, "drop: 0.05", "drop: 0.0", r"SATISFIED\.trigger\[1\]\.drop is not beyond the step before"),
        (SATISFIED, "csat_satisfied / csat_n", "csat_n", r"SATISFIED\.measure is a count; write the share"),
        (SATISFIED, "    target: 0.85\n", "", r"SATISFIED\.target is missing"),
        (SURGE, "measure: distinct", "measure: repeat / distinct", r"SURGE\.measure is a share; a surge is judged"),
        (SURGE, "minor: 0.05", "minor: 0.001", r"SURGE\.trigger\[0\]\.p_below is not below its clear limit 0\.001"),
        (SURGE, "min_ratio: 3,", "p_below: 0.1,", r"SURGE\.trigger\[2\]\.p_below stands there twice; keep one"),
        (SURGE, "p_below: 0.000001}", "p_below: 0.01}", r"SURGE\.trigger\[1\]\.p_below is not below its clear limit"),
        (SURGE, "major: 0.001,", "major: 0.5,", r"SURGE\.trigger\[1\]\.p_below clears later"),
        (SURGE, "p_below: 0.000001, min", "p_below: 0.00001, min", r"SURGE\.trigger\[2\]\.p_below is easier to cross"),
        (SURGE, "    min_history: 1d\n", "", r"SURGE\.min_history is missing"),
        (SURGE, "trigger:", "trigger: []\n    labels:", r"SURGE\.trigger is not a list"),
        (SURGE, "hold: 30m", "hold: 0m", r"SURGE\.clear\.hold is '0m'; write a duration"),
        (GROWING, "measure: distinct", "measure: repeat / distinct", r"GROWING\.measure is a share; a growth is judged"),
        (GROWING, "    min_expected: 20\n", "", r"GROWING\.min_expected is missing"),
        (GROWING, "above: 1.3, for: 3", "above: 1.3", r"GROWING\.trigger\[1\]\.above is not beyond the step before"),
        (GROWING, "at_most: 1.15", "at_most: 1.3", r"GROWING\.trigger\[0\]\.above is not beyond its clear limit 1\.3"),
        (GROWING, "above: 1.3}", "above: 0.9}", r"GROWING\.trigger\[0\]\.above is 0\.9; write a number from 1 "),
        (RISING, "step: 1h", "step: 30m", r"RISING\.step is shorter than window; each event adds to the evidence once"),
        (RISING, "    rise: 1.5\n", "", r"RISING\.rise is missing"),
        (RISING, "rise: 1.5", "rise: 1", r"RISING\.rise is 1; write a number from 1\.05 "),
        (RISING, "above: 22", "above: 11", r"RISING\.trigger\[1\]\.above is not beyond the step before"),
        (RISING, "minor: 0,", "minor: 11,", r"RISING\.trigger\[0\]\.above is not beyond its clear limit 11"),
        (RISING, "above: 11}", "above: 11, for: 2}", r"RISING\.trigger\[0\]\.for is not known; use one of severity, above"),
        (RISING, "    min_history: 3h\n", "", r"RISING\.min_history is missing"),
        (RISING, "measure: distinct", "measure: repeat / distinct", r"RISING\.measure is a share; a drift is judged"),
        (REPEATED, "baseline: 3h", "baseline: 90m", r"REPEATED\.baseline cannot be kept; use whole hours from 2h"),
        (REPEATED, "baseline: 3h", "baseline: 31d", r"REPEATED\.baseline cannot be kept"),
        (REPEATED, "repeat / distinct", "repeat", r"REPEATED\.measure is no mean; use a mean \(there is none of complaints\)"),
        (HANDLED, "measure: aht", "measure: handle_seconds / handled", r"HANDLED\.measure is no mean; use a mean \(aht\)"),
        (HANDLED, "measure: aht", "measure: nps", r"HANDLED\.measure names 'nps'; .*; means are aht"),
        (RECOMMENDED, "measure: nps", "measure: nps_n", r"RECOMMENDED\.measure is no mean; use a mean \(nps, csat, ces\)"),
        (RECOMMENDED, "baseline: 8h", "baseline: 3h", r"RECOMMENDED\.baseline leaves too little past"),
        (RECOMMENDED, "at_most: 5", "at_most: 10", r"RECOMMENDED\.trigger\[0\]\.drop is not beyond its clear limit 10"),
        (SATISFIED, "csat_satisfied / csat_n", "csat", r"SATISFIED\.measure is a mean; name a field of surveys"),
        (NOVEL, "baseline: 6h", "baseline: 90m", r"NOVEL\.baseline cannot be kept; use whole hours from 2h"),
        (NOVEL, "new_for: 2h", "new_for: 6h", r"NOVEL\.new_for does not lie between window and baseline"),
        (NOVEL, "new_for: 2h", "new_for: 30m", r"NOVEL\.new_for does not lie between window and baseline"),
        (NOVEL, "    absent: 5\n", "", r"NOVEL\.absent is missing"),
        (NOVEL, "above: 9, for: 2", "above: 9", r"NOVEL\.trigger\[1\]\.above is not beyond the step before"),
        (NOVEL, "at_most: 2", "at_most: 9", r"NOVEL\.trigger\[0\]\.above is not beyond its clear limit 9"),
        (NOVEL, "measure: distinct", "measure: repeat / distinct", r"NOVEL\.measure is a share; a novelty is judged"),
        (SILENT, "at_least: 15m", "at_least: 4h", r"SILENT\.at_least is longer than window"),
        (SILENT, "p_below: 0.0001}", "p_below: 0.0001, for: 2}", r"SILENT\.trigger\[0\]\.for is not known"),
        (SILENT, ", times: 3", "", r"SILENT\.trigger\[1\]\.p_below is not beyond the step before"),
        (SILENT, "{hold: 0m}", "{hold: 0m, p_above: 0.1}", r"SILENT\.clear\.p_above is not known; use one of hold"),
        (BUDGET, "window: 3h", "window: 1h", r"BUDGET\.window is not the longest of trigger; write 3h"),
        (BUDGET, "short: 30m", "short: 3h", r"BUDGET\.trigger\[0\]\.any\[0\]\.short is not shorter than long"),
        (BUDGET, "short: 30m", "short: 90m", r"BUDGET\.trigger\[0\]\.any\[0\]\.short cannot be kept"),
        (BUDGET, "above: 2,", "above: 1,", r"BUDGET\.trigger\[0\]\.any\[0\]\.above is not beyond its clear limit 1"),
        (BUDGET, "region=44: 4500", "channel=app: 4500", r"BUDGET\.budget\.baseline\.channel=app is no cell of dimensions"),
        (BUDGET, "region=44: 4500", "here: 4500", r"BUDGET\.budget\.baseline\.here is no cell of dimensions"),
        (BUDGET, "      frozen: simulated, 2026-01\n", "", r"BUDGET\.budget\.frozen is missing"),
        (BUDGET, "reduce: 0.2", "reduce: 20", r"BUDGET\.budget\.reduce is 20; write a number from 0 to 0\.99"),
    ],
)  # fmt: skip
def test_wrong_rule_is_refused_by_file_rule_field_and_remedy(
    text: str, old: str, new: str, message: str
) -> None:
    """Each fault has a message that says where it is and what to do."""
    assert old in text
    with pytest.raises(DataFileError, match=message) as refused:
        parse_rules("rules:\n" + text.replace(old, new, 1), "mine.yaml")
    assert str(refused.value).startswith("mine.yaml: ")
    assert "; " in str(refused.value)


SLIPS = [
    ("kind: threshold", "kind: magic", "kind"),
    ("name: Many complaints", "name: ''", "name"),
    ("[[region]]", "[[city], [region], [town]]", "dimensions[0]", "dimensions[2]"),
    ("step: 5m", "step: 5", "step"),
    ("min_sample: 3", "min_sample: none", "min_sample"),
    ("above: 9}", "above: x, four: 1}", "trigger[0].four", "trigger[0].above"),
    ("for: 2}", "for: -1}", "trigger[1].for"),
    ("hold: 10m", "hold: soon", "clear.hold"),
    ("{warning: 5", "{warning: no", "clear.at_most.warning"),
    ('summary: "{cell}', 'summary: "{sell}', "summary"),
    ("measure: raw", "measure: raw\n    nonsense: 1", "nonsense"),
]
"""What is written, what somebody wrote instead, and the fields that are then wrong."""


@given(
    st.lists(st.lists(st.sampled_from(SLIPS), unique_by=lambda slip: slip[0]), min_size=1, max_size=4).filter(
        any
    )
)
def test_every_mistake_of_a_file_is_told_with_its_line(slips: list[list[tuple[str, ...]]]) -> None:
    """However many there are and wherever they stand; the line is the one with the field."""
    source = "rules:\n"
    wrong = set()
    for number, of_rule in enumerate(slips):
        text = COUNT.replace("id: COUNT", f"id: R{number}")
        has_kind = not any(slip[1] == "kind: magic" for slip in of_rule)
        for old, new, *fields in of_rule:
            text = text.replace(old, new, 1)
            # Without a kind nobody knows what its steps and limits have to be.
            wrong |= {
                f"R{number}.{field}"
                for field in fields
                if has_kind or not field.startswith(("trigger", "clear.at"))
            }
        source += text
    found = check_rules(source, "mine.yaml")
    assert found.rules is None
    assert sorted(mistake.place for mistake in found.mistakes) == sorted(wrong)
    lines = source.splitlines()
    for mistake in found.mistakes:
        field = mistake.place.rpartition(".")[2].partition("[")[0]
        assert field in lines[mistake.line - 1]


def test_what_is_missing_is_told_where_it_should_stand() -> None:
    """A missing key has the line of what it is missing in. The loader names the first and counts the rest."""
    source = "rules:" + COUNT.replace("    window: 10m\n", "").replace("hold: 10m, ", "")
    found = check_rules(source)
    lines = source.splitlines()
    assert [(one.place, lines[one.line - 1].split(":")[0].strip("- ")) for one in found.mistakes] == [
        ("COUNT.window", "id"),
        ("COUNT.clear.hold", "clear"),
    ]
    with pytest.raises(
        DataFileError, match=r"COUNT\.window is missing; .* \(line 2; 1 more: barometer rules check\)$"
    ):
        parse_rules(source)


def test_a_file_that_is_no_yaml_is_told_by_its_place() -> None:
    """The parser stops at the first fault; a loop of aliases is no trouble, and a strange key neither."""
    found = check_rules("rules:\n  - {id: [}", "mine.yaml")
    assert [(one.line, one.column) for one in found.mistakes] == [(2, 11)]
    assert not found.rules
    for source in ("", "[]", "rules: &r [*r]", "rules: [{'a[b': 1}]", "a: 1", "rules: [1, {id: 2}]"):
        assert check_rules(source).mistakes, source


def test_two_rules_of_one_id_are_refused() -> None:
    """An id is part of a warning's identity."""
    with pytest.raises(DataFileError, match="COUNT is defined twice"):
        rule_set(COUNT, COUNT)


def test_rules_are_a_list() -> None:
    """A mapping would lose their order, and nothing at all is what is left when every rule is commented out."""
    for text, found in (("{}", "a mapping"), ("7", "a number"), ("yes", "a yes or no"), ("", "empty")):
        said = rf"^mine\.yaml: rules is {found}, not a list; write one `- id: \.\.\.` entry for each rule \(line 3\)$"
        with pytest.raises(DataFileError, match=said):
            parse_rules(f"# mine\n\nrules: {text}\n", "mine.yaml")


def test_rules_over_other_counted_dimensions() -> None:
    """What settings count may be judged, and nothing else."""
    text = "rules:\n" + COUNT.replace("[[region]]", "[[channel, product]]")
    counted = dict.fromkeys(Stream, ((), ("channel", "product")))
    assert parse_rules(text, counted=counted).rules[0].dimensions == (("channel", "product"),)
    with pytest.raises(DataFileError, match="is not counted"):
        parse_rules(text)


def test_rule_file_by_path(tmp_path: Path) -> None:
    """A file of one's own is read and named in its errors; one that is not there is an error, too."""
    path = tmp_path / "mine.yaml"
    path.write_text("rules:\n" + COUNT, encoding="utf-8")
    assert load_rules(path).rules[0].steps[0].severity is PerceivedSeverity.WARNING
    path.write_text("rules: [", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"mine\.yaml: line"):
        load_rules(path)
    with pytest.raises(DataFileError, match="cannot be read"):
        load_rules(tmp_path / "none.yaml")
