"""Which rule sets that were ordered can be obeyed here."""

import pytest

from models import ruleorder
from models.cells import DEFAULT_DIMENSIONS
from models.errors import ContractError, DataFileError
from models.measures import Stream
from models.rule import RuleSource
from models.ruleorder import admitted
from models.rules import load_rules, parse_rules
from tests.unit.models.judging import SURGE, rule_set

SHIPPED = load_rules()
VALUES = {name: frozenset("ab") for names in DEFAULT_DIMENSIONS.values() for one in names for name in one}


def test_a_set_that_reads_as_it_was_ordered_is_obeyed() -> None:
    """The whole set travels: what is read is what was pushed."""
    found = admitted(SHIPPED.version, SHIPPED.source, DEFAULT_DIMENSIONS, 4, VALUES)
    assert found.version == SHIPPED.version
    assert [rule.version for rule in found.rules] == [rule.version for rule in SHIPPED.rules]


def test_a_set_rests_on_the_prior_that_travels_with_it() -> None:
    """Not on the packaged one, which another release may have changed."""
    prior = SHIPPED.source.prior.replace("memory_days: ", "memory_days: 1")
    other = parse_rules(SHIPPED.source.rules, prior=prior)
    assert other.version != SHIPPED.version
    found = admitted(other.version, RuleSource(SHIPPED.source.rules, prior), DEFAULT_DIMENSIONS, 4, VALUES)
    assert found.prior == other.prior != SHIPPED.prior


def test_a_set_is_read_for_the_dimensions_that_are_counted_here() -> None:
    """Where calls are counted for the nation alone, nothing is known of those of a region."""
    counted = {**DEFAULT_DIMENSIONS, Stream.CALLS: ((),)}
    with pytest.raises(DataFileError, match=r"EW13\.dimensions\[1\] is not counted"):
        admitted(SHIPPED.version, SHIPPED.source, counted, 4, VALUES)


def test_a_set_whose_judges_may_outgrow_a_record_is_refused_for_as_many_partitions() -> None:
    """Ten thousand cells that learn are more than one record holds; spread over four partitions they fit."""
    surges = rule_set(SURGE)
    wide = {name: [f"{name}-{number}" for number in range(100)] for name in ("region", "category")}
    with pytest.raises(ContractError, match="what the rules of complaints remember may take"):
        admitted(surges.version, surges.source, DEFAULT_DIMENSIONS, 1, wide)
    assert admitted(surges.version, surges.source, DEFAULT_DIMENSIONS, 4, wide).version == surges.version


def test_a_set_that_reads_as_another_version_is_refused() -> None:
    """A release that reads a field otherwise would judge otherwise, under the same name."""
    with pytest.raises(
        ContractError, match=f"rule set 0123 reads as version {SHIPPED.version} here; push it anew"
    ):
        admitted("0123", SHIPPED.source, DEFAULT_DIMENSIONS, 4, VALUES)


def test_what_cannot_be_read_is_refused_whatever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order stays in the log: it must end no owner, neither by a mistake in it nor by a defect of the parser."""
    with pytest.raises(DataFileError, match="rule set x: rules is a number"):
        admitted("x", RuleSource("rules: 7", SHIPPED.source.prior), DEFAULT_DIMENSIONS, 4, VALUES)

    def stumbles(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(ruleorder, "parse_rules", stumbles)
    with pytest.raises(ContractError, match=r"rule set x cannot be read \(RecursionError\)"):
        admitted("x", SHIPPED.source, DEFAULT_DIMENSIONS, 4, VALUES)
