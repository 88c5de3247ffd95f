"""Promises: what is taken for granted is restored sooner, for those to whom it was promised, and never later than its tier."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.datafile import packaged
from models.errors import DataFileError
from models.pane import HOUR
from models.promise import FILE, NEEDS, expected_seconds, load_promises, parse_promises
from models.taxonomy import load_taxonomy
from models.triage import Tiering
from models.vocabulary import Segment

TAXONOMY = load_taxonomy()
PROMISES = load_promises()


@pytest.mark.parametrize(
    ("code", "segment", "need", "hours"),
    [
        ("BRD.DOWN", "family", "must_be", 24),
        ("BRD.DOWN", "group", "must_be", 8),
        ("ENT.LINE", "unknown", "must_be", 4),
        ("BIL.OVER", "individual", "must_be", 0),
        ("NET.SPEED", "individual", "performance", 0),
        ("BRD.WIFI", "family", "performance", 48),
        ("SUG.SUG", "individual", "attractive", 0),
        ("NOT.KNOWN", "individual", "performance", 0),
    ],
)
def test_a_promise_follows_from_need_and_segment(code: str, segment: str, need: str, hours: int) -> None:
    """The first that applies is given."""
    promise = PROMISES.of(code, segment)
    assert (promise.need, promise.resolve_seconds) == (need, hours * HOUR)


@given(
    st.sampled_from(list(TAXONOMY.subcategories)),
    st.sampled_from(Segment),
    st.lists(st.integers(0, 200 * HOUR), min_size=3, max_size=3),
)
def test_a_promise_only_shortens(code: str, segment: Segment, times: list[int]) -> None:
    """Between the tier's first response and the time that the tier itself expects."""
    respond, resolve, limit = sorted(times)
    promise = PROMISES.of(code, segment)
    assert promise.need in NEEDS
    tiering = Tiering("P2", ("r",), False, respond, limit, resolve, limit)
    assert respond <= expected_seconds(promise, tiering) <= resolve


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("otherwise: performance", "otherwise: nice", "otherwise is 'nice'"),
        ("need: attractive", "need: lovely", "promises.extras.need is 'lovely'"),
        ("codes: [SUG.*, VAS.CONTENT, PLN.FLEX, MKT.PROMO]", "codes: [NET.COV]", "applies to nothing"),
        ("segments: [family]", "segments: [cats]", "cats"),
        ("resolve: 4h", "resolve: soon", "resolve"),
        ("  attractive: not expected - its lack annoys nobody for long\n", "", "attractive"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    """And a promise that nobody can get is wrong."""
    source = packaged(FILE)
    assert old in source
    with pytest.raises(DataFileError) as caught:
        parse_promises(source.replace(old, new, 1), TAXONOMY)
    assert said in str(caught.value)


def test_the_tier_decides_where_nothing_shorter_is_promised() -> None:
    """And no promise is kept before anybody has answered."""
    tiering = Tiering("P4", ("r",), False, 24 * HOUR, 72 * HOUR, 72 * HOUR, 72 * HOUR)
    promise = PROMISES.of("BIL.OVER", "individual")
    assert expected_seconds(promise, tiering) == 72 * HOUR
    assert expected_seconds(promise._replace(resolve_seconds=HOUR), tiering) == 24 * HOUR
    assert replace(PROMISES, given={}).of("BRD.DOWN", "family") == PROMISES.otherwise
