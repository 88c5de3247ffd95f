"""Which rule sets that were ordered can be obeyed here."""

import pytest

from models import ruleorder
from models.cells import DEFAULT_DIMENSIONS
from models.errors import ContractError, DataFileError
from models.rule import RuleSource
from models.ruleorder import admitted
from models.rules import load_rules

SHIPPED = load_rules()
VALUES = {name: frozenset("ab") for names in DEFAULT_DIMENSIONS.values() for one in names for name in one}


def test_a_set_that_reads_as_it_was_ordered_is_obeyed() -> None:
    """The whole set travels: what is read is what was pushed."""
    found = admitted(SHIPPED.version, SHIPPED.source, DEFAULT_DIMENSIONS, 4, VALUES)
    assert found.version == SHIPPED.version
    assert [rule.version for rule in found.rules] == [rule.version for rule in SHIPPED.rules]


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
