"""Batches that no client of this machine's would write: made byte by byte, and sent as they are."""

import asyncio
from collections.abc import Sequence
from struct import pack
from typing import Final, NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c, encode_varint

CRC_AT: Final = 17
"""Where a batch's checksum stands; it covers what follows it (Kafka's record batch, magic 2)."""
CODEC_AT: Final = 22
RECORDS_AT: Final = 61
LENGTH_AT: Final = 8
LENGTH_FROM: Final = 12
GZIP: Final = 1
SNAPPY: Final = 2
LZ4: Final = 3
ZSTD: Final = 4
ENCODERS: Final = {GZIP: gzip_encode, SNAPPY: snappy_encode, LZ4: lz4_encode, ZSTD: zstd_encode}


class Raw(NamedTuple):
    """One record; header names are bytes, as they are on the wire."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[bytes, bytes | None]] = ()


def batch_of(records: Sequence[Raw], *, codec: int = 0) -> bytes:
    """Return a batch of `records` as it goes over the wire; `codec` 0 compresses nothing."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 30)
    for offset in range(len(records)):
        builder.append(offset, 0, None, None, [])
    head = bytes(builder.build())[:RECORDS_AT]
    body = b"".join(_record(offset, record) for offset, record in enumerate(records))
    if codec:
        body = ENCODERS[codec](body)
        head = head[:CODEC_AT] + bytes([codec]) + head[CODEC_AT + 1 :]
    length = pack(">i", len(head) + len(body) - LENGTH_FROM)
    head = head[:LENGTH_AT] + length + head[LENGTH_FROM:]
    crc = pack(">I", calc_crc32c(head[CRC_AT + 4 :] + body))
    return head[:CRC_AT] + crc + head[CRC_AT + 4 :] + body


def _record(offset: int, record: Raw) -> bytes:
    out = bytearray(b"\0")
    for number in (0, offset):
        encode_varint(number, out.append)
    for content in (record.key, record.value):
        _content(content, out)
    encode_varint(len(record.headers), out.append)
    for name, content in record.headers:
        _content(name, out)
        _content(content, out)
    length = bytearray()
    encode_varint(len(out), length.append)
    return bytes(length + out)


def _content(content: bytes | None, out: bytearray) -> None:
    encode_varint(-1 if content is None else len(content), out.append)
    out += content or b""


def send_batch(brokers: str, topic: str, partition: int, batch: bytes) -> int:
    """Send one batch to the only broker and return the offset of its first record."""

    async def sent() -> int:
        client = AIOKafkaClient(bootstrap_servers=brokers)
        await client.bootstrap()
        try:
            await client.set_topics([topic])
            (node,) = [broker.nodeId for broker in client.cluster.brokers()]
            request = ProduceRequest(
                required_acks=-1,
                timeout=30_000,
                topics=[(topic, [(partition, batch)])],
                transactional_id=None,
            )
            answer = await client.send(node, request)
            _, ((_, code, offset, *_),) = answer.topics[0]
            assert code == 0, f"the broker refused the batch with code {code}"
            return int(offset)
        finally:
            await client.close()

    return asyncio.run(sent())
