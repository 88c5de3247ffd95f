"""Recorded events: the envelope, its line in a file, and reading a file with the number of every bad line.

Owns the format that `simulate` writes and `replay` reads. Knows neither Kafka nor what is inside a value, beyond the
two fields that sending needs: `time`, to keep the pace, and `id`, to name the record. One JSON object a line:

    {"topic": "cx.complaints.v1", "key": "c44-17", "value": {"id": ..., "time": ..., ...}}     optional "headers"
    {"topic": "cx.complaints.v1", "key": "c44-17", "bytes": "/w=="}        a value that is no JSON object, in base64
    {"topic": "cx.complaints.v1", "heartbeat": "2025-03-10T16:02:00Z"}                    ends the recording

Lines stand in the order in which their events arrived; event times may be a little out of order.
"""

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from msgspec import UNSET, Raw, Struct, UnsetType, ValidationError, field
from msgspec.json import Decoder, Encoder

from models.errors import BarometerError
from models.events import Time
from models.iso import iso

BAD_LINES_KEPT: Final = 20
"""So many bad lines are told; a file of another kind has one on every line."""


class Envelope(Struct, frozen=True, gc=False):
    """One recorded event, or the heartbeat that ends its topic."""

    topic: str
    key: str | None
    value: bytes
    """JSON object in UTF-8, or whatever a faulty producer sent; of a heartbeat the value that goes into every partition."""
    time: int
    """Event time, epoch milliseconds."""
    id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers of its own; CloudEvents headers here win over those that `replay` makes."""
    heartbeat: bool = False


class Summary(NamedTuple):
    """What a whole recording holds."""

    events: int
    heartbeats: int
    topics: tuple[str, ...]
    first: int
    """Smallest event time, epoch milliseconds; 0 if there is none."""
    last: int


class RecordingError(BarometerError):
    """A file is no recording. The message names its bad lines (number and reason)."""


class _Line(Struct, frozen=True, gc=False):
    topic: str
    key: str | None = None
    value: Raw | UnsetType = UNSET
    octets: bytes | UnsetType = field(default=UNSET, name="bytes")
    headers: dict[str, str] = {}
    heartbeat: datetime | UnsetType = UNSET


class _Identity(Struct, frozen=True, gc=False):
    time: Time | None = None
    id: str = ""


_line: Final = Decoder(_Line)
_identity: Final = Decoder(_Identity)
_encode: Final = Encoder().encode
_object: Final = Decoder(dict[str, Raw])
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def heartbeat(topic: str, time: int) -> Envelope:
    """Return the heartbeat that tells every partition of `topic` that event time has reached `time` (epoch ms)."""
    return Envelope(topic, None, b'{"time":%b}' % _encode(iso(time // 1000)), time, heartbeat=True)


def line_of(envelope: Envelope) -> bytes:
    """Return the line of `envelope`, newline included; the inverse of `envelope_of` for values that have a time."""
    if envelope.heartbeat:
        return b'{"topic":%b,"heartbeat":%b\n' % (_encode(envelope.topic), envelope.value[8:])
    headers = b',"headers":%b' % _encode(dict(envelope.headers)) if envelope.headers else b""
    start = (_encode(envelope.topic), _encode(envelope.key), headers)
    if not _is_object(envelope):
        return b'{"topic":%b,"key":%b%b,"bytes":%b}\n' % (*start, _encode(envelope.value))
    return b'{"topic":%b,"key":%b%b,"value":%b}\n' % (*start, envelope.value)


def envelope_of(line: bytes, before: int = 0) -> Envelope:
    """Read one line.

    A value without a readable time is kept, faults and all: it takes the time of the line before it, so that
    recordings of bad events can be sent too.

    Args:
        line: with or without its newline.
        before: event time of the line before, epoch milliseconds.

    Raises:
        RecordingError: the reason, without the line's number.
    """
    try:
        read = _line.decode(line)
    except ValueError as error:
        raise RecordingError(_plain(error)) from None
    if not read.topic:
        raise RecordingError("the topic is empty")
    if read.heartbeat is not UNSET:
        if read.heartbeat.tzinfo is None:
            raise RecordingError("the heartbeat is a time without an offset")
        return heartbeat(read.topic, _millis(read.heartbeat))
    if read.octets is not UNSET:
        return Envelope(read.topic, read.key, read.octets, before, "", tuple(read.headers.items()))
    if read.value is UNSET:
        raise RecordingError("there is neither a value nor a heartbeat")
    value = bytes(read.value)
    if not value.startswith(b"{"):
        raise RecordingError("the value is not an object")
    try:
        identity = _identity.decode(value)
    except ValueError:
        identity = _Identity()
    time = before if identity.time is None else _millis(identity.time)
    return Envelope(read.topic, read.key, value, time, identity.id, tuple(read.headers.items()))


def envelopes(path: Path) -> Iterator[Envelope]:
    """Yield the envelopes of the recording at `path` (`.gz`: compressed). Blank lines are passed over.

    Raises:
        RecordingError: at the first bad line.
    """
    before = 0
    for number, line in _numbered(path):
        try:
            envelope = envelope_of(line, before)
        except RecordingError as error:
            raise RecordingError(f"{path.name}: line {number}: {error}") from None
        before = envelope.time
        yield envelope


def readable(
    path: Path, on_bad: Callable[[int, str], None], on_line: Callable[[int], None]
) -> Iterator[Envelope]:
    """Yield the envelopes of the recording at `path`, and go on behind bad lines.

    Args:
        path: as for `envelopes`.
        on_bad: told the number of each bad line, and what is wrong with it.
        on_line: told the bytes of each line.

    Raises:
        RecordingError: the file cannot be read on.
    """
    before = 0
    for number, line in _numbered(path):
        on_line(len(line))
        try:
            envelope = envelope_of(line, before)
        except RecordingError as error:
            on_bad(number, str(error))
            continue
        before = envelope.time
        yield envelope


def survey(path: Path) -> Summary:
    """Read the whole recording at `path` and return what it holds, so that nothing is sent of a file that is half bad.

    Raises:
        RecordingError: names up to `BAD_LINES_KEPT` bad lines and says how many there are.
    """
    events = heartbeats = bad = before = 0
    first: int | None = None
    last = 0
    topics: dict[str, None] = {}
    told: list[str] = []
    for number, line in _numbered(path):
        try:
            envelope = envelope_of(line, before)
        except RecordingError as error:
            bad += 1
            if len(told) < BAD_LINES_KEPT:
                told.append(f"{path.name}: line {number}: {error}")
            continue
        topics[envelope.topic] = None
        if envelope.heartbeat:
            heartbeats += 1
            continue
        events += 1
        before = envelope.time
        if before:
            first = before if first is None else min(first, before)
            last = max(last, before)
    if bad:
        raise RecordingError("\n".join([*told, f"{bad:,} bad lines; nothing was sent"]))
    return Summary(events, heartbeats, tuple(topics), first or 0, last)


def create(path: Path) -> IO[bytes]:
    """Open `path` for writing a recording; compressed where it ends in `.gz`, with nothing in it that depends on today."""
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.GzipFile(path, "wb", compresslevel=5, mtime=0))
    return path.open("wb", buffering=1 << 20)


def _is_object(envelope: Envelope) -> bool:
    """Say whether the value may stand in a line as it is. What has an id was written by somebody who writes JSON."""
    if envelope.id:
        return True
    try:
        _object.decode(envelope.value)
    except ValueError:
        return False
    return b"\n" not in envelope.value


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb", buffering=1 << 20) as lines:
            for number, line in enumerate(lines, 1):
                if not line.isspace():
                    yield number, line
    except (gzip.BadGzipFile, EOFError) as error:
        raise RecordingError(f"{path.name}: is not whole or not gzip: {error}") from None


def _millis(time: Time) -> int:
    return time if isinstance(time, int) else (time - _EPOCH) // timedelta(milliseconds=1)


def _plain(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        return str(error)
    return f"not JSON ({error})"
