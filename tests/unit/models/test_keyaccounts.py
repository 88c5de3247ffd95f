"""Key accounts: what the file says, and that each of its mistakes is told."""

import pytest

from models.errors import DataFileError
from models.keyaccounts import MOST, NONE, load_key_accounts, parse_key_accounts

FILE = "accounts:\n  harbour-group: [g44-17, g44-18]\n  northern-grid: [g11-1]\n"


def test_every_account_has_its_customer() -> None:
    """Several accounts may belong to one; all others belong to none."""
    found = parse_key_accounts(FILE, "keys.yaml")
    assert [found.of(account) for account in ("g44-17", "g44-18", "g11-1", "g11-2", "")] == [
        "harbour-group",
        "harbour-group",
        "northern-grid",
        "",
        "",
    ]


def test_without_a_file_there_are_none() -> None:
    """The rule about them is then silent, since no cell has a value."""
    assert load_key_accounts(None) == NONE
    assert NONE.of("g44-17") == ""


def test_the_order_of_lines_is_no_other_list() -> None:
    """The digest stands in the version of the judge: a state of another list is not gone on with."""
    turned = "accounts:\n  northern-grid: [g11-1]\n  harbour-group: [g44-18, g44-17]\n"
    moved = FILE.replace("[g11-1]", "[g11-2]")
    assert parse_key_accounts(turned, "x").digest == parse_key_accounts(FILE, "x").digest
    assert parse_key_accounts(moved, "x").digest != parse_key_accounts(FILE, "x").digest


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("accounts: 7", r"keys\.yaml: accounts is a number"),
        ("others: {}", r"keys\.yaml: others"),
        (FILE.replace("harbour-group", "Harbour Group"), r"accounts\.Harbour Group is no code; use up to 32"),
        (FILE.replace("[g11-1]", "[g44-17]"), r"accounts\.northern-grid has 'g44-17', as harbour-group does"),
        (FILE.replace("[g11-1]", "[11]"), r"accounts\.northern-grid\[0\] is 11"),
        (
            "accounts:\n" + "".join(f"  c{number}: [a{number}]\n" for number in range(MOST + 1)),
            r"accounts has 1,001 customers; name 1,000 at most",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_remedy(source: str, told: str) -> None:
    """A worker with a wrong list does not start, and says why."""
    with pytest.raises(DataFileError, match=told):
        parse_key_accounts(source, "keys.yaml")
