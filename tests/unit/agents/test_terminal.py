"""What reaches a terminal is harmless, and readable."""

import unicodedata
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.lines import duration, number
from agents.terminal import local_text, local_time, printable

SHANGHAI = ZoneInfo("Asia/Shanghai")


@given(st.text(st.characters()))
def test_nothing_printable_controls_a_terminal(text: str) -> None:
    """No control character, no change of direction, no half of a surrogate pair, no separator of lines."""
    shown = printable(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    assert not [
        c
        for c in shown
        if unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    ]


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Chinese and emoji too."""
    assert printable(text) == text
    assert printable(text + "\n\t", lines=True) == text + "\n\t"


def test_control_characters_are_written_out() -> None:
    """So that one sees what was tried."""
    assert printable("a\x1b[2J\u202e\n") == "a\\x1b[2J\\u202e\\n"


def test_times_are_those_of_the_zone() -> None:
    """And a time that is none is shown as it came."""
    assert local_time(1_777_600_000, SHANGHAI) == "2026-05-01 09:46:40"
    assert local_text("2026-05-01T01:46:40Z", SHANGHAI) == "2026-05-01 09:46:40"
    assert local_text("soon\x1b", SHANGHAI) == "soon\\x1b"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (57, "57"),
        (57.0, "57"),
        (1234567, "1,234,567"),
        (12.3456, "12.35"),
        (0.000123456, "0.0001235"),
        (1e300, "1e+300"),
    ],
)
def test_numbers_are_short(value: float, said: str) -> None:
    """Whole ones whole."""
    assert number(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(300, "5 min"), (3600, "1 h"), (5400, "90 min"), (604_800, "7 d"), (61, "61 s")]
)
def test_durations_are_in_their_largest_whole_unit(seconds: int, said: str) -> None:
    """As rules are talked about."""
    assert duration(seconds) == said
