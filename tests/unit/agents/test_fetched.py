"""Whatever stands in a fetch, it is read as aiokafka reads it, and where that fails it is read all the same."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import cramjam
import pytest
from aiokafka.codec import snappy_encode
from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from agents import fetched
from agents.deadletter import Cut
from agents.fetched import CUT_BYTES, FetchedRecords, _Wanted, zstd_bound
from models.errors import ContractError
from tests.real.rawbatch import GZIP, LZ4, SNAPPY, ZSTD, Raw, batch_of
from topics.headers import UNREADABLE_NAME

CODECS = {None: 0, "gzip": GZIP, "snappy": SNAPPY, "lz4": LZ4, "zstd": ZSTD}
SMALL = 1_000

names = st.text(max_size=5)
contents = st.none() | st.binary(max_size=40)
raws = st.builds(
    Raw, contents, contents, st.lists(st.tuples(names.map(str.encode), contents), max_size=3).map(tuple)
)


def read(data: bytes, folder: Path, wanted: int = 0) -> tuple[list[Any], int]:
    """Return the records of one pass, and where the next one begins."""
    records = _Wanted(
        TopicPartition("t", 0), FetchedRecords(data, folder), [], wanted, None, None, True, READ_COMMITTED
    )
    return list(records), records.next_fetch_offset


def read_whole(data: bytes, folder: Path, end: int) -> tuple[list[Any], int]:
    """Return all records, and how many passes it took."""
    found: list[Any] = []
    following, passes = 0, 0
    while following < end:
        some, following = read(data, folder, following)
        found += some
        passes += 1
        assert passes <= end, "each pass gets further"
    return found, passes


def plain(record: Any) -> tuple[Any, ...]:
    return record.offset, record.timestamp, record.key, record.value, tuple(record.headers)


def told(records: Sequence[Raw], name: Any = bytes.decode) -> list[tuple[Any, ...]]:
    return [
        (at, 0, one.key, one.value, tuple((name(key), content) for key, content in one.headers))
        for at, one in enumerate(records)
    ]


def test_the_codecs_of_the_tests_are_those_of_the_clients() -> None:
    """Or each test here would be about something that nobody sends."""
    for name, codec in CODECS.items():
        data = batch_of([Raw(b"k", b"v")], codec=codec)
        assert [one.value for one in MemoryRecords(data).next_batch() or ()] == [b"v"], name
    assert snappy_encode(b"")[:8] == b"\x82SNAPPY\0"


@given(st.lists(raws, min_size=1, max_size=20), st.sampled_from(list(CODECS.values())))
def test_what_aiokafka_can_read_is_read_the_same(records: list[Raw], codec: int) -> None:
    """Every codec, nulls, empty contents, any valid name."""
    data = batch_of(records, codec=codec)
    found, following = read(data, Path("unused"))
    assert [plain(one) for one in found] == told(records)
    assert following == len(records)
    assert [plain(one) for one in MemoryRecords(data).next_batch() or ()] == told(records)


@given(
    st.lists(raws, min_size=1, max_size=20),
    st.integers(0, 19),
    st.sampled_from(list(CODECS.values())),
    st.integers(0, 19),
)
def test_a_name_that_is_not_utf_8_costs_no_record(
    records: list[Raw], bad: int, codec: int, wanted: int
) -> None:
    """It is told as unreadable; everything around it is as it was, from wherever the fetch begins."""
    bad %= len(records)
    records[bad] = records[bad]._replace(headers=((b"\xff", b"1"), *records[bad].headers))
    wanted %= len(records)
    found, following = read(batch_of(records, codec=codec), Path("unused"), wanted)

    def name(raw: bytes) -> str:
        return UNREADABLE_NAME if raw == b"\xff" else raw.decode()

    assert [plain(one) for one in found] == told(records, name)[wanted:]
    assert following == len(records)


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD])
def test_a_batch_that_is_larger_than_a_pass_is_read_from_a_file_in_passes(
    codec: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is decompressed once, and the file is gone afterwards.

    pass 1   0 1 2 3     pass 2   4 5 6 7     ...     each begins inside the batch
    """
    made: list[str] = []

    def counted(**how: Any) -> tuple[int, str]:
        handle, name = mkstemp(**how)
        made.append(name)
        return handle, name

    monkeypatch.setattr("tempfile.mkstemp", counted)
    monkeypatch.setattr(fetched, "PASS_BYTES", SMALL)
    records = [Raw(b"k", bytes([at]) * (SMALL // 4), [(b"\xff", b"1")]) for at in range(20)]
    found, passes = read_whole(batch_of(records, codec=codec), tmp_path / "new", len(records))
    assert [(one.offset, one.value) for one in found] == [(at, one.value) for at, one in enumerate(records)]
    assert passes == len(records) // 4
    assert len(made) == 1
    assert FetchedRecords._spilled is None
    assert list((tmp_path / "new").iterdir()) == []


def test_several_batches_of_one_fetch_are_taken_up_to_a_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was left out is not skipped: the next fetch begins there."""
    monkeypatch.setattr(fetched, "PASS_BYTES", SMALL)
    one = batch_of([Raw(b"k", b"v" * (SMALL - 100))], codec=LZ4)
    data = one + b"\0" * 7 + b"\1" + one[8:] + b"\0" * 7 + b"\2" + one[8:]
    found, following = read(data, tmp_path)
    assert ([one.offset for one in found], following) == ([0, 1], 2)


def test_a_batch_that_is_cut_off_is_left_for_the_next_fetch(tmp_path: Path) -> None:
    """Brokers cut an answer at its size."""
    one = batch_of([Raw(b"k", b"v")])
    for end in (0, 5, 11, 12, len(one) - 1):
        records = FetchedRecords(one[:end], tmp_path)
        assert not records.has_next()
        assert records.size_in_bytes() == end
    assert [one.offset for one in read(one + one[:20], tmp_path)[0]] == [0]


def test_of_a_giant_value_the_beginning_is_read_and_the_rest_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enough to be refused for its size, with the length and the digest of the whole."""
    monkeypatch.setattr(fetched, "PASS_BYTES", SMALL)
    monkeypatch.setattr(fetched, "WHOLE_BYTES", CUT_BYTES * 2)
    giant = b"ab" * CUT_BYTES + b"!"
    records = [Raw(b"k", giant), Raw(b"k", giant[:-1])]
    found, _ = read_whole(batch_of(records, codec=ZSTD), tmp_path, 2)
    value = found[0].value
    assert isinstance(value, Cut)
    assert value == giant[:CUT_BYTES]
    assert (value.whole_bytes, value.whole_sha256) == (len(giant), sha256(giant).hexdigest())
    assert found[1].value == giant[:-1]


def test_what_no_disk_should_hold_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is decompressed."""
    monkeypatch.setattr(fetched, "PASS_BYTES", SMALL)
    monkeypatch.setattr(fetched, "FILE_BYTES_MAX", 3 << 20)
    head = batch_of([Raw(b"k", b"v")], codec=ZSTD)
    frame = bytes(cramjam.zstd.compress(b"\0" * (4 << 20)))
    records = FetchedRecords(head, tmp_path)
    with pytest.raises(
        ContractError, match=r"batch at offset 7 decompresses to more than 3 MiB.*kafka-delete"
    ):
        records.spilled(head[:61] + frame, "7")
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=3_000), st.integers(1, 300), st.integers(1, 4))
def test_the_bound_of_zstd_frames_holds(content: bytes, times: int, frames: int) -> None:
    """Also of several frames, and of blocks that are repeated bytes."""
    one = bytes(cramjam.zstd.compress(content * times))
    plain_bytes = frames * len(content) * times
    bound = zstd_bound(one * frames)
    assert plain_bytes <= bound <= plain_bytes + frames * 128 * 1024


def test_the_bound_of_zeros_is_known_without_decompressing() -> None:
    """A few kilobytes say that they are hundreds of megabytes."""
    size = 300 << 20
    packed = bytes(cramjam.zstd.compress(b"\0" * size))
    assert len(packed) < 16_384
    assert size <= zstd_bound(packed) < size + (1 << 20)
    assert zstd_bound(b"no frame at all") == 0


def test_a_batch_whose_checksum_is_wrong_is_refused_as_before(tmp_path: Path) -> None:
    """Nothing here is more lenient than it says."""
    data = bytearray(batch_of([Raw(b"k", b"v")]))
    data[-1] ^= 1
    with pytest.raises(CorruptRecordException):
        read(bytes(data), tmp_path)
