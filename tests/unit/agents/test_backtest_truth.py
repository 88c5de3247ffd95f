"""The truth of the simulator, read back, and files that are none."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from agents.backtest.truth import OWN_RULE, TruthError, incident_of, read_truth
from agents.simulator.simulate import truth
from agents.simulator.spec import FIRST_DAY, IncidentKind, SimulationSpec, days_from
from models.rules import load_rules


def test_every_kind_of_the_simulator_is_read(tmp_path: Path) -> None:
    """From its lines and from its values, the same; eleven kinds must be found."""
    start, end = days_from(FIRST_DAY, 5)
    lines = truth(SimulationSpec(start, end, seed=9, scale=0.05, kinds=tuple(IncidentKind)))
    path = tmp_path / "truth.jsonl"
    path.write_text("".join(json.dumps(line) + "\n\n" for line in lines))
    found = read_truth(path)
    assert found == tuple(map(incident_of, lines))
    assert len(found) == len(IncidentKind)
    assert sum(one.expect == "raised" for one in found) == 11
    for one, line in zip(found, lines, strict=True):
        assert one.begin == datetime.fromisoformat(line["from"]).timestamp()
        assert one.cells <= one.touched
        assert one.begin < one.end <= max(one.end, one.also_end)


def test_each_kind_that_must_be_found_names_a_shipped_rule_over_one_of_its_cells() -> None:
    """Otherwise nothing could find it; and every shipped rule has an id that a truth can name."""
    start, end = days_from(FIRST_DAY, 5)
    lines = truth(SimulationSpec(start, end, seed=9, scale=0.05, kinds=tuple(IncidentKind)))
    rules = load_rules().rules
    assert all(OWN_RULE.fullmatch(rule.id) for rule in rules)
    for one in map(incident_of, lines):
        finders = [rule for rule in rules if rule.id in one.rules]
        assert one.expect != "raised" or any(rule.covers(cell) for rule in finders for cell in one.cells), one


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"from": "2025-03-10T08:00:00"}, r"Expected `datetime` with a timezone component - at `\$.from`"),
        ({"expect": "maybe"}, r"Invalid enum value 'maybe' - at `\$.expect`"),
        ({"cells": [1]}, r"Expected `str`, got `int` - at `\$.cells\[0\]`"),
        ({"rule": {}}, r"missing required field `rules` - at `\$.rule`"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(change: dict[str, object], why: str, tmp_path: Path) -> None:
    """The good line before it is counted."""
    start, end = days_from(FIRST_DAY, 1)
    line = truth(SimulationSpec(start, end, scale=0.05))[0]
    path = tmp_path / "truth.jsonl"
    path.write_text(f"{json.dumps(line)}\n{json.dumps(line | change)}\n")
    with pytest.raises(TruthError, match=rf"truth\.jsonl, line 2: .*{why}"):
        read_truth(path)


def test_what_is_no_truth_is_refused() -> None:
    """Values that come from elsewhere."""
    with pytest.raises(TruthError, match="missing required field"):
        incident_of({"id": "a"})
