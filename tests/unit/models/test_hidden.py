"""What a refused term hid is found again, and what that hides in its turn."""

import re

from models.hidden import Match, uncover

SPELLINGS = ("my ex", "excessive", "e bills", "bills", "could u", "upgrade")


def find(text: str) -> list[Match]:
    """Of overlapping spellings the leftmost and longest, wherever words end."""
    longest = sorted(SPELLINGS, key=len, reverse=True)
    found = re.finditer("|".join(map(re.escape, longest)), text)
    return [(SPELLINGS.index(one.group()), *one.span()) for one in found]


def uncovered(text: str) -> list[str]:
    """Return the spellings that are left when the first one of `text` is refused."""
    matches = find(text)
    uncover(matches, find, text, matches[0])
    return [SPELLINGS[index] for index, _, _ in matches[1:]]


def test_what_begins_within_a_refused_term_is_found() -> None:
    """It took the longer one's letters."""
    assert uncovered("could upgrade") == ["upgrade"]


def test_what_a_term_hid_that_goes_for_it_is_found_too() -> None:
    """`my ex` gives way to `excessive`, which takes the place of `e bills`, which hid `bills`."""
    assert uncovered("my excessive bills") == ["excessive", "bills"]


def test_nothing_is_put_in_where_nothing_was_hidden() -> None:
    """What comes behind stays as it is."""
    assert uncovered("my exam, could upgrade") == ["could u"]
