"""The policy file: what it says, and that every mistake is named with line, place and remedy."""

from pathlib import Path

import pytest

from models.dutyfile import check_duty, load_duty
from models.errors import DataFileError

GOOD = """groups:
  - {id: all, by: [region], wait: 0s, interval: 5m, repeat: 4h, ladder: duty}
ladders:
  - {id: duty, from: major, steps: [{after: 15m, notify: team_lead}]}
"""


def test_the_packaged_policy_is_sound() -> None:
    """It groups by department and region, and both ways of explaining a surge are in it."""
    policy = load_duty()
    assert policy.groups[-1].by == ("department", "region")
    assert [one.relation for one in policy.inhibitions] == ["part", "whole"]
    assert check_duty(GOOD).policy is not None


@pytest.mark.parametrize(
    ("wrong", "line", "place", "fault"),
    [
        (GOOD.replace("0s", "0x"), 2, "groups[0].wait", "is '0x'"),
        (GOOD.replace("wait: 0s, ", ""), 2, "groups[0].wait", "is missing"),
        (GOOD.replace("4h", "1m"), 2, "groups[0].repeat", "is shorter than interval"),
        (GOOD.replace("4h", "31d"), 2, "groups[0].repeat", "is '31d'"),
        (GOOD.replace("[region]", "[severity]"), 2, "groups[0].by", "names severity"),
        (GOOD.replace("ladder: duty", "ladder: other"), 2, "groups[0].ladder", "is 'other'"),
        (GOOD.replace("id: all", "id: all, match: {rule: EW01}"), 1, "groups", "leave some warnings"),
        (GOOD.replace("from: major", "from: red"), 4, "ladders[0].from", "is 'red'"),
        (GOOD.replace("team_lead", "boss"), 4, "ladders[0].steps[0].notify", "is 'boss'"),
        (
            GOOD.replace("team_lead}", "team_lead}, {after: 5m, notify: agent}"),
            4,
            "ladders[0].steps[1].after",
            "is no later",
        ),
        (GOOD + "alarms: []\n", 5, "alarms", "is not known"),
        (GOOD + "inhibit: [{id: p, source: {a: b}, target: {a: b}, relation: part}]\n", 5, "inhibit[0].share", "is missing"),
        (GOOD + "inhibit: [{id: p, source: {}, target: {a: b}, relation: whole}]\n", 5, "inhibit[0].source", "is empty"),
        (GOOD + "inhibit: [{id: p, source: {a: b}, target: {a: b}, relation: same}]\n", 5, "inhibit[0].target", "is what"),
        (GOOD + "outages: [{id: o, outage: {cell: x}, target: {a: b}, after: 0s}]\n", 5, "outages[0].outage.cell", "is no label"),
        (GOOD + "groups: []\n", 5, "groups", "stands there twice"),
        ("groups: [}", 1, "line 1", "is not readable YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(wrong: str, line: int, place: str, fault: str) -> None:
    """With where it stands; the remedy is never empty."""
    found = check_duty(wrong, "own.yaml")
    assert found.policy is None
    assert any(
        one.line == line and one.place.startswith(place) and one.fault.startswith(fault) and one.remedy
        for one in found.mistakes
    ), found.mistakes


def test_a_file_that_cannot_be_used_is_refused_with_its_name(tmp_path: Path) -> None:
    """The first mistake, and how many more there are."""
    path = tmp_path / "own.yaml"
    path.write_text(GOOD.replace("0s", "0x").replace("major", "red"), encoding="utf-8")
    with pytest.raises(DataFileError, match=r"own\.yaml: ladders\[0\]\.from .*line 4; 2 more"):
        load_duty(path)
    with pytest.raises(DataFileError, match="cannot be read"):
        load_duty(tmp_path / "none.yaml")
