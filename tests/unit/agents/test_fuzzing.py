"""The fuzzed records are what they claim to be: each invalid, for the reason and the field that it states."""

from collections import Counter

import pytest

from models.errors import RejectedEvent, RejectReason
from models.measures import Stream
from tests.unit.agents.fuzzing import KINDS, SCREENED, fuzzed
from topics.catalogue import decoders, input_of

COUNT = 6_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_is_refused_for_what_is_wrong_with_it(seed: int) -> None:
    """By the decoder itself; those whose time is the flaw do decode."""
    decoder_of = decoders()
    for record in fuzzed(COUNT, seed):
        decode = decoder_of[input_of(record.stream)].decode
        if record.kind in SCREENED:
            decode(record.value, record.headers)
            continue
        with pytest.raises(RejectedEvent) as caught:
            decode(record.value, record.headers)
        assert (caught.value.reason, caught.value.field) == (record.reason, record.field), record


def test_every_kind_of_every_stream_and_every_reason_occurs() -> None:
    """Otherwise a pipeline could lose one of them unnoticed. A defect of the program cannot be fuzzed from outside."""
    records = list(fuzzed(COUNT, 1))
    assert {record.reason for record in records} == set(RejectReason) - {RejectReason.INTERNAL_ERROR}
    pairs = Counter((record.kind, record.stream) for record in records)
    assert set(pairs) == {(kind, stream) for kind in KINDS for stream in Stream}


def test_each_can_be_found_again_and_is_the_same_every_time() -> None:
    """By its key; and a failure can be repeated with its seed."""
    records = list(fuzzed(COUNT, 4))
    assert len({record.key for record in records}) == COUNT
    assert records == list(fuzzed(COUNT, 4))
    assert records != list(fuzzed(COUNT, 5))
