"""Keys are put where Kafka's own partitioner puts them."""

from aiokafka.partitioner import murmur2 as aiokafka
from hypothesis import given
from hypothesis import strategies as st

from agents.backtest.spread import Spread, murmur2


def test_the_hash_is_the_published_one() -> None:
    """Kafka's own test vectors (org.apache.kafka.common.utils.UtilsTest), signed there."""
    vectors = {
        b"21": -973932308,
        b"foobar": -790332482,
        b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        b"abc": 479470107,
    }
    assert {key: murmur2(key) for key in vectors} == {key: value % 2**32 for key, value in vectors.items()}


@given(st.binary(max_size=40))
def test_it_agrees_with_another_client(key: bytes) -> None:
    """For any bytes."""
    assert murmur2(key) & 0x7FFFFFFF == aiokafka(key) & 0x7FFFFFFF


def test_events_of_one_key_meet_and_those_without_go_round() -> None:
    """Also the second time that a key is seen; Chinese keys too."""
    spread = Spread(4)
    keys = [f"客户{number}" for number in range(50)]
    first = [spread.place(key) for key in keys]
    assert first == [spread.place(key) for key in keys]
    assert set(first) == {0, 1, 2, 3}
    assert {spread.place(None) for _ in range(4)} == {0, 1, 2, 3}
