"""Rule sets as they come into force while workers run: the order in `panes`, what became of it, and who may obey.

An order carries the whole set, so that what is decided follows from one partition of `panes` alone: neither the file of a
worker nor another topic is looked at. An order that cannot be obeyed changes nothing, and is reported with the reason.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta

from models.capacity import Values, refuse_wide_judges
from models.errors import BarometerError, ContractError
from models.rule import RuleSet, RuleSource
from models.rules import Counted, parse_rules
from models.wire import IsoTime, Wire

ORDER_TYPE: Final = "cx.rule-set.in-force.v1"
REPORT_TYPE: Final = "cx.rule-set.reported.v1"
SOURCE_CHARACTERS_MAX: Final = 200_000
"""Longest rule file that is pushed; the shipped one has 12,000. With it an order is less than a megabyte."""


class RuleSetInForce(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """This rule set is in force here from the first pane that neither is closed yet at this record nor starts before `from_pane`.

    Closed are, for each stream, the panes that end at or before the smallest of its sources' watermarks in the records
    before this one. Of several the later record counts, for its panes.
    """

    version: str
    """Content hash of rules and prior."""
    rules: str
    """The YAML text, whole."""
    prior: str
    """YAML: what baselines start from."""
    from_pane: int = 0
    """Start of the first pane that is to be judged by it, epoch seconds; 0: as soon as can be."""
    pushed_at: IsoTime
    name: str = ""
    """What people call it, for example the file's name."""
    actor: str = ""
    """Who pushed it."""
    note: str = ""


class RuleSetFate(StrEnum):
    """What became of an order."""

    IN_FORCE = "in_force"
    REFUSED = "refused"


class RuleSetReport(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """What the owner of one partition of `panes` made of an order: from which panes the set is in force there, or why not."""

    version: str
    state: Annotated[str, Meta(extra_json_schema={"enum": [one.value for one in RuleSetFate]})]
    partition: int
    """Of `panes`: every cell that lives there is concerned."""
    offset: int
    """Where the order stands in it; -1: no order, but the set with which the partition began."""
    from_panes: dict[str, int]
    """Stream -> start of the first pane that is judged by it, epoch seconds; empty where it was refused."""
    reason: str = ""
    """Why it was refused, and what to do."""
    pushed_at: str = ""
    name: str = ""
    actor: str = ""
    note: str = ""


def admitted(version: str, source: RuleSource, counted: Counted, partitions: int, values: Values) -> RuleSet:
    """Return the rule set of an order, if it can be obeyed here.

    Args:
        version: as the order has it.
        source: what it carries.
        counted: the dimensions that are counted.
        partitions: of `panes`.
        values: of every dimension.

    Raises:
        DataFileError: it cannot be read by this release, or asks for dimensions that are not counted.
        ContractError: its judges may outgrow a record, or it reads as another version.
    """
    try:
        rules = parse_rules(source.rules, f"rule set {version}", counted, source.prior)
    except BarometerError:
        raise
    except Exception as error:
        # An order stands in the log for ever: whatever a parser stumbles over must not end every owner that reads it.
        raise ContractError(f"rule set {version} cannot be read ({type(error).__name__})") from error
    if rules.version != version:
        raise ContractError(
            f"rule set {version} reads as version {rules.version} here; push it anew with this release"
        )
    refuse_wide_judges(rules, partitions, values)
    return rules
