"""The records of one fetched partition, where aiokafka's own reading would end the worker or take all of its memory.

aiokafka decompresses a batch whole, copies each record out of it, and raises at a header name that is not UTF-8. But a
batch of a megabyte may hold gigabytes (Kafka bounds it compressed: `max.message.bytes`), and Kafka does not look at
names. Here

    a header name that is not UTF-8    becomes `UNREADABLE_NAME`
    a pass over a fetch                ends after `PASS_BYTES`; the rest is fetched again
    a batch beyond that                is decompressed into a file, and of a value beyond `WHOLE_BYTES` the beginning is read
    a batch beyond `FILE_BYTES_MAX`    is refused

so that what a partition takes of memory is bounded by `PASS_BYTES`, not by what a producer has sent. A key or headers
that are giants by themselves are read whole.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from mmap import ACCESS_READ, MADV_DONTNEED, mmap
from pathlib import Path
from struct import Struct
from typing import Any, ClassVar, Final, NamedTuple

import cramjam
from aiokafka.codec import snappy_decode
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

from agents.deadletter import Cut
from agents.runs import Reader
from models.errors import ContractError
from models.events import MAX_RECORD_BYTES
from topics.headers import UNREADABLE_NAME

PASS_BYTES: Final = 16 * 1024 * 1024
"""Decompressed bytes of one partition that are handed on at once, and in one piece: sixteen times an honest batch."""
WHOLE_BYTES: Final = 8 * 1024 * 1024
"""Values up to this are read whole also where their batch is not: more than a dead letter keeps whole."""
CUT_BYTES: Final = MAX_RECORD_BYTES + 1
"""What is read of a larger value: enough to be refused for its size."""
FILE_BYTES_MAX: Final = 1024 * 1024 * 1024
"""Largest batch that is read at all, since the group hears nothing of the worker while it decompresses (a few seconds). With Kafka's `max.message.bytes` of a megabyte only zstd can exceed it: it makes
32,768 bytes of one at most, gzip 1,032, lz4 255, snappy 22."""

_GZIP, _SNAPPY, _LZ4, _ZSTD = 1, 2, 3, 4
_INTO: Final[dict[int, Callable[[Any, Any], int]]] = {
    _GZIP: cramjam.gzip.decompress_into,
    _LZ4: cramjam.lz4.decompress_into,
    _ZSTD: cramjam.zstd.decompress_into,
}
_LENGTH: Final = Struct(">i")
_LENGTH_AT, _LENGTH_FROM = 8, 12
_CODEC_AT: Final = 22
_CODEC_MASK: Final = 0x07
_RECORDS_AT: Final = 61
"""Where the records of a batch begin (Kafka's format, magic 2)."""


class _Room(threading.local):
    """Where this thread decompresses into, kept: a new place for each batch is filled with zeros for longer than a small batch is read."""

    room = bytearray()

    def of(self, size: int) -> bytearray:
        if len(self.room) != size:
            self.room = bytearray(size)
        return self.room


_room = _Room()


class _Read(NamedTuple):
    """A record as aiokafka's own have it."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    checksum: None = None


class FetchedRecords:
    """Stands in for aiokafka's `MemoryRecords`: the batches of one partition in one answer of a broker.

    Args:
        data: the answer's bytes; its last batch may be cut off.
        folder: where batches that are too large for memory go while they are read.
    """

    _spilled: ClassVar[tuple[bytes, mmap] | None] = None
    """Head (with its offset and checksum) and content of the last batch that went into a file."""

    def __init__(self, data: bytes, folder: Path) -> None:
        self._data = data
        self._folder = folder
        self._at = 0
        self._taken = 0
        self.wanted = 0
        """The offset that was asked for; the batch that contains it begins before."""

    def size_in_bytes(self) -> int:
        return len(self._data)

    def has_next(self) -> bool:
        return self._taken < PASS_BYTES and self._at < self._end()

    def _end(self) -> int:
        """Where the next batch ends; 0 where it is not whole."""
        if self._at + _LENGTH_FROM > len(self._data):
            return 0
        end = self._at + _LENGTH_FROM + int(_LENGTH.unpack_from(self._data, self._at + _LENGTH_AT)[0])
        return end if end <= len(self._data) else 0

    def next_batch(self) -> "_Batch":
        end = self._end()
        raw = self._data[self._at : end]
        self._at = end
        return _Batch(raw, self)

    def plain(self, raw: bytes) -> bytes | None:
        """Return a batch as it is without compression, None where it is larger than a pass."""
        codec = raw[_CODEC_AT] & _CODEC_MASK
        if not codec:
            self._taken += len(raw)
            return raw
        head = raw[:_CODEC_AT] + bytes([raw[_CODEC_AT] & ~_CODEC_MASK]) + raw[_CODEC_AT + 1 : _RECORDS_AT]
        packed = memoryview(raw)[_RECORDS_AT:]
        if codec == _SNAPPY:
            body = memoryview(snappy_decode(packed))
        else:
            room = _room.of(PASS_BYTES)
            try:
                body = memoryview(room)[: _INTO[codec](packed, room)]
            except cramjam.DecompressionError as error:
                if "whole buffer" not in str(error):
                    raise
                self._taken = PASS_BYTES
                return None
        self._taken += len(body)
        return b"".join((head, body))

    def spilled(self, raw: bytes, at: str) -> mmap:
        """Decompress a batch into a file, which is gone when nobody reads it any more.

        The last one is kept for the passes over it that follow: doing it again each time would take longer than a session.

        Raises:
            ContractError: it is larger than anything that is read.
        """
        head = raw[:_RECORDS_AT]
        if FetchedRecords._spilled is not None and FetchedRecords._spilled[0] == head:
            return FetchedRecords._spilled[1]
        FetchedRecords._spilled = None
        packed = raw[_RECORDS_AT:]
        codec = raw[_CODEC_AT] & _CODEC_MASK
        if codec == _ZSTD and zstd_bound(packed) > FILE_BYTES_MAX:
            raise ContractError(
                f"the batch at offset {at} decompresses to more than {FILE_BYTES_MAX >> 20} MiB. No worker reads it: delete the records "
                "before the offset that follows it (kafka-delete-records.sh), which is recorded as lost, and see who may write there."
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="batch-", dir=self._folder)
        try:
            _INTO[codec](packed, cramjam.File(name, write=True, truncate=True))
            plain = mmap(handle, 0, access=ACCESS_READ)
        finally:
            os.close(handle)
            Path(name).unlink()
        FetchedRecords._spilled = head, plain
        return plain

    def drop(self) -> None:
        """The batch that was decompressed into a file has been read to its end."""
        FetchedRecords._spilled = None


class _Batch:
    """One batch, read in the way that it needs. What is not here is the batch of aiokafka's."""

    def __init__(self, raw: bytes, records: FetchedRecords) -> None:
        self._raw = raw
        self._records = records
        self._batch: Any = MemoryRecords(raw).next_batch()
        self.next_offset: int = self._batch.next_offset
        """Where the next fetch goes on: behind this batch, or inside it where a pass was not enough."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        if self._batch.magic < 2:
            yield from self._batch
            return
        plain = self._records.plain(self._raw)
        if plain is None:
            yield from self._large()
            return
        following = self._records.wanted
        try:
            for record in DefaultRecordBatch(plain):
                yield record
                following = record.offset + 1
        except UnicodeDecodeError:
            yield from self._slowly(plain, _RECORDS_AT, following)

    def _large(self) -> Iterator[_Read]:
        plain = self._records.spilled(self._raw, str(self._batch.base_offset))
        taken = 0
        for record in self._slowly(plain, 0, self._records.wanted):
            if taken >= PASS_BYTES:
                _release(plain)
                self.next_offset = record.offset
                return
            yield record
            taken += len(record.key or b"") + len(record.value or b"")
            taken += sum(len(content or b"") for _, content in record.headers)
        _release(plain)
        self._records.drop()

    def _slowly(self, plain: Any, at: int, wanted: int) -> Iterator[_Read]:
        """Yield the records of `plain`, which begin at `at`, from offset `wanted` on, whatever their headers are called."""
        batch = self._batch
        by_append = bool(batch.timestamp_type)
        while at < len(plain):
            length, at = decode_varint(plain, at)
            end = at + length
            delta, at = decode_varint(plain, at + 1)
            timestamp = batch.max_timestamp if by_append else batch.first_timestamp + delta
            number, at = decode_varint(plain, at)
            offset = batch.base_offset + number
            if offset < wanted:
                at = end
                continue
            key, at = _content(plain, at)
            value, at = _content(plain, at, WHOLE_BYTES)
            count, at = decode_varint(plain, at)
            headers = []
            for _ in range(count):
                name, at = _content(plain, at)
                content, at = _content(plain, at)
                headers.append((_name(name or b""), content))
            yield _Read(offset, timestamp, batch.timestamp_type, key, value, headers)
            at = end


def _content(plain: Any, at: int, most: int | None = None) -> tuple[bytes | None, int]:
    length, at = decode_varint(plain, at)
    if length < 0:
        return None, at
    end = at + length
    if most is None or length <= most:
        return bytes(plain[at:end]), end
    digest = sha256()
    for piece in range(at, end, WHOLE_BYTES):
        digest.update(plain[piece : min(piece + WHOLE_BYTES, end)])
        _release(plain)
    return Cut.of(bytes(plain[at : at + CUT_BYTES]), length, digest.hexdigest()), end


def _release(plain: Any) -> None:
    """Pages of a file that have been read are no memory of this process any more; they can be read again."""
    if isinstance(plain, mmap):
        plain.madvise(MADV_DONTNEED)


def _name(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return UNREADABLE_NAME


def zstd_bound(packed: bytes) -> int:
    """Return how many bytes zstd frames can decompress to at most, by the headers of their blocks (RFC 8878).

    What is no frame counts for nothing: decompressing it fails.
    """
    at, bound = 0, 0
    while at + 6 < len(packed) and packed[at + 1 : at + 4] == b"\xb5\x2f\xfd":
        descriptor = packed[at + 4]
        single = descriptor >> 5 & 1
        size_bytes = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
        at += 5 + (not single) + (0, 1, 2, 4)[descriptor & 3] + size_bytes
        last = False
        while not last and at + 3 <= len(packed):
            block = int.from_bytes(packed[at : at + 3], "little")
            last, kind, size = bool(block & 1), block >> 1 & 3, block >> 3
            bound += _ZSTD_BLOCK if kind == _ZSTD_COMPRESSED else size
            at += 3 + (1 if kind == _ZSTD_REPEATED else size)
        at += 4 * (descriptor >> 2 & 1)
    return bound


_ZSTD_BLOCK: Final = 128 * 1024
_ZSTD_REPEATED, _ZSTD_COMPRESSED = 1, 2


class _Wanted(Reader):
    """Tells the records which offset was asked for: a pass has to get beyond it."""

    def __init__(self, tp: Any, records: FetchedRecords, aborted: Any, fetch_offset: int, *rest: Any) -> None:
        records.wanted = fetch_offset
        super().__init__(tp, records, aborted, fetch_offset, *rest)


def install(folder: Path) -> None:
    """Let the consumers of this process read so; `folder` takes batches that are too large for memory."""
    fetcher.MemoryRecords = lambda data: FetchedRecords(data, folder)
    fetcher.PartitionRecords = _Wanted
