"""The live board in Redis: its keys, what is written into them, and how a page follows. Redis holds a projection only.

    barometer:{board}:<kind>:<partition>     hash: entries, graves and sentinel of one partition of the kind's topic
    barometer:{board}:changes                stream: each change of an entry, the latest CHANGES_MAX or so
    barometer:{board}:worker:<id>            what a worker saw of itself (JSON), for WORKER_TTL_MS
    barometer:{board}:workers                sorted set: ids of those workers

Kinds are `warnings`, `windows`, `incidents`, `states`. The hash of a partition and its sentinel (topic id, next offset) are one key and
change in one step: whatever Redis loses, it loses both, so a sentinel that stands is true. All keys share a hash tag and so
live on one node of a cluster.

Bounds: four hashes for each partition and the stream; in the hashes two entries for each open warning (1-2 KB each), one for each
cell whose 30-day window is not empty (0.3-0.7 KB) and each open incident, and `GRAVES_MAX` graves of 100 bytes for each; the stream some
10 MB. A rebuild needs one partition a second time. Everything expires `TTL_MS` after the last projector has gone.

What workers tell of themselves (`beat`) is observed and ephemeral: facts from Kafka (offsets, watermarks, counts since the
worker's start) as that worker last saw them. It takes no part in completeness.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec

from monitoring import boardscripts as scripts
from monitoring.boardimage import GRAVES_MAX, BoardKind, Change, Image
from monitoring.boardview import BoardView, view_of
from monitoring.redisclient import FAULTS, Client, RedisPlace, connect, explain

PREFIX: Final = "barometer:{board}"
PERMISSIONS: Final = (
    *("+eval", "+hget", "+hset", "+hdel", "+hlen", "+hgetall", "+del", "+rename", "+pexpire"),
    *("+xadd", "+xrange", "+xrevrange", "+set", "+mget", "+zadd", "+zrange", "+zremrangebyscore"),
)
"""What a user needs, for the keys `~barometer:*`."""
CLUSTER_PERMISSIONS: Final = ("+cluster|slots", "+command")
"""What a user of a cluster needs besides."""
TIMEOUT_SECONDS: Final = 1.0
"""A Redis that takes longer counts as away: a batch is some milliseconds' work."""
TTL_MS: Final = 24 * 3600 * 1000
"""How long the board outlives its last projector."""
IMAGE_TTL_MS: Final = 60_000
"""What a projector that died in the middle of a rebuild leaves behind is gone after this."""
WORKER_TTL_MS: Final = 15_000
CHANGES_MAX: Final = 10_000
"""Changes that a page can resume from, approximately (Redis trims whole nodes of its tree)."""
FILL_ENTRIES: Final = 200
"""Entries of a rebuilt image in one call, so that Redis is not held up."""


class Position(NamedTuple):
    """A sentinel: the board shows the records of this topic (by its id) below this offset."""

    topic_id: str
    offset: int

    def __str__(self) -> str:
        return f"{self.topic_id} {self.offset}"


class Details(msgspec.Struct, frozen=True):
    """What a projector knew when it last wrote; for people, decides nothing."""

    at: int
    """Milliseconds since 1970 UTC, the projector's clock."""
    end: int
    """Offset at which the Kafka partition ended."""
    append: int | None = None
    """Append time (ms) of the last record that was taken."""


class BoardChange(NamedTuple):
    """One entry of the stream of changes."""

    id: str
    kind: str
    partition: int
    op: str
    """set, delete, or reset: the partition was rebuilt, read it anew."""
    key: str
    sequence: str
    value: bytes


class Changes(NamedTuple):
    """What came after an id."""

    is_gapless: bool
    """False: changes since that id may be lost. Take the newest id, read the board anew, then follow from there."""
    changes: list[BoardChange]


_encode = msgspec.json.Encoder().encode


class Board:
    """One board on one Redis. Connects when first used and again after a failure; not thread-safe.

    Every method but `close` raises RedisFault: Redis is away, slow, full, or refuses; nothing is half written then.
    """

    def __init__(
        self, place: RedisPlace, *, prefix: str = PREFIX, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self.place: Final = place
        self._prefix = prefix
        self._timeout = timeout_seconds
        self._client: Client | None = None
        self.answers = 0
        """How often Redis has answered."""

    def key(self, *parts: object) -> str:
        """Return the name of a key."""
        return ":".join([self._prefix, *map(str, parts)])

    def position(self, kind: BoardKind, partition: int) -> Position | None:
        """Return what the sentinel of a partition says, None where there is none."""
        return _position(self._run("hget", self.key(kind, partition), "@"))

    def apply(
        self,
        kind: BoardKind,
        partition: int,
        expected: Position,
        reached: Position,
        details: Details,
        changes: Iterable[Change],
    ) -> Position | None:
        """Write what the records from `expected` up to `reached` changed, if the board stands at `expected`.

        Returns:
            `reached`; or where the board stands instead (None: nowhere), and nothing was written.
        """
        rows = [
            (change.key, "" if change.sequence is None else change.sequence, change.value or b"")
            for change in changes
        ]
        arguments = [
            str(expected),
            str(reached),
            _encode(details),
            TTL_MS,
            CHANGES_MAX,
            GRAVES_MAX,
            kind,
            partition,
        ]
        keys = [self.key(kind, partition), self.key("changes")]
        done, found = self._eval(scripts.APPLY, keys, [*arguments, *chain.from_iterable(rows)])
        return reached if done else _position(found)

    def mark(self, kind: BoardKind, partition: int, done: int, total: int, at: int) -> None:
        """Say that a partition is being rebuilt; readers see it until it is."""
        progress = _encode({"done": done, "total": total, "at": at})
        self._eval(scripts.MARK, [self.key(kind, partition)], [progress, TTL_MS])

    def swap(
        self,
        kind: BoardKind,
        partition: int,
        replaces: Position | None,
        reached: Position,
        details: Details,
        image: Image,
        writer: str,
    ) -> Position | None:
        """Put a rebuilt image in the place of what there is, in one step.

        Args:
            kind: with `partition`, which part of the board.
            partition: of the kind's topic.
            replaces: the sentinel for whose sake the image was built.
            reached: what the image contains.
            details: for people.
            image: everything that the partition shows.
            writer: makes the name of the image on its way unique.

        Returns:
            `reached`; or the sentinel of somebody who was faster; or None: the image was lost on its way (Redis was emptied
            meanwhile), fill it again.
        """
        fresh = self.key(kind, partition, writer)
        fields: list[tuple[str, bytes]] = [
            (f"={key}", b"%d %b" % (sequence, value)) for key, (sequence, value) in image.entries.items()
        ]
        fields += [
            (f"~{key}", b"%d %d" % (sequence, reached.offset)) for key, sequence in image.graves.items()
        ]
        self._run("delete", fresh)
        for start in range(0, len(fields), FILL_ENTRIES):
            part = chain.from_iterable(fields[start : start + FILL_ENTRIES])
            self._eval(scripts.FILL, [fresh], [IMAGE_TTL_MS, *part])
        keys = [fresh, self.key(kind, partition), self.key("changes")]
        arguments = [
            *(
                str(replaces or ""),
                reached.topic_id,
                reached.offset,
                _encode(details),
                len(fields),
                len(image.graves),
            ),
            *(TTL_MS, CHANGES_MAX, kind, partition),
        ]
        done, found = self._eval(scripts.SWAP, keys, arguments)
        if done < 0:
            return None
        return reached if done else _position(found)

    def beat(self, worker: str, facts: Mapping[str, Any], now_ms: int) -> None:
        """Tell what a worker saw of itself; gone `WORKER_TTL_MS` after the last time."""
        keys = [self.key("worker", worker), self.key("workers")]
        self._eval(scripts.BEAT, keys, [_encode(facts), WORKER_TTL_MS, now_ms, worker])

    def read(self, partitions: int) -> BoardView:
        """Return everything; each partition as of one moment."""
        places = [(kind, partition) for kind in BoardKind for partition in range(partitions)]
        client = self._connected()
        try:
            with client.pipeline(transaction=False) as pipe:
                for kind, partition in places:
                    pipe.hgetall(self.key(kind, partition))
                pipe.zrange(self.key("workers"), 0, -1)
                *hashes, workers = pipe.execute()
            keys = [self.key("worker", worker.decode()) for worker in workers]
            told = client.mget(keys) if keys else []
        except FAULTS as error:
            raise self._failed(error) from None
        return view_of(
            dict(zip(places, hashes, strict=True)), [one for one in told if isinstance(one, bytes)]
        )

    def look(self, partitions: int) -> BoardView:
        """Return how far every partition is and what workers tell, without any entry."""
        places = [(kind, partition) for kind in BoardKind for partition in range(partitions)]
        names = ("@", "@at", "@rebuilding")
        client = self._connected()
        try:
            with client.pipeline(transaction=False) as pipe:
                for kind, partition in places:
                    for name in names:
                        pipe.hget(self.key(kind, partition), name)
                pipe.zrange(self.key("workers"), 0, -1)
                *found, workers = pipe.execute()
            keys = [self.key("worker", worker.decode()) for worker in workers]
            told = client.mget(keys) if keys else []
        except FAULTS as error:
            raise self._failed(error) from None
        hashes = {
            place: {
                name.encode(): held
                for name, held in zip(names, found[3 * number : 3 * number + 3], strict=True)
                if held is not None
            }
            for number, place in enumerate(places)
        }
        return view_of(hashes, [one for one in told if isinstance(one, bytes)])

    def newest_change(self) -> str:
        """Return the id of the latest change, `0-0` before the first; take it before `read`, and follow from it."""
        found = self._run("xrevrange", self.key("changes"), "+", "-", 1)
        return found[0][0].decode() if found else "0-0"

    def changes(self, after: str, limit: int = 1_000) -> Changes:
        """Return the changes after the one with id `after`, the oldest first."""
        name = self.key("changes")
        oldest = self._run("xrange", name, "-", "+", 1)
        is_gapless = bool(oldest) and _order(oldest[0][0].decode()) <= _order(after)
        found = self._run("xrange", name, f"({after}", "+", limit) if oldest else []
        return Changes(is_gapless, [_change(id_.decode(), fields) for id_, fields in found])

    def clear(self, partitions: int) -> int:
        """Delete the keys of the board, and nothing else; return how many there were."""
        keys = [self.key(kind, partition) for kind in BoardKind for partition in range(partitions)]
        workers = self._run("zrange", self.key("workers"), 0, -1)
        keys += [self.key("worker", worker.decode()) for worker in workers]
        return int(self._run("delete", *keys, self.key("workers"), self.key("changes")))

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _eval(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        return self._run("eval", script, len(keys), *keys, *arguments)

    def _run(self, command: str, *arguments: Any) -> Any:
        client = self._connected()
        try:
            answer = getattr(client, command)(*arguments)
        except FAULTS as error:
            raise self._failed(error) from None
        self.answers += 1
        return answer

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connect(self.place, self._timeout)
        return self._client

    def _failed(self, error: Exception) -> Exception:
        # A cluster or a master may be elsewhere by the next time.
        self.close()
        return explain(error, self.place)


def _position(found: bytes | None) -> Position | None:
    topic_id, _, offset = (found or b"").decode(errors="replace").partition(" ")
    return Position(topic_id, int(offset)) if offset.isdecimal() else None


def _order(id_: str) -> tuple[int, int]:
    time, _, number = id_.partition("-")
    return int(time), int(number or 0)


def _change(id_: str, fields: Mapping[bytes, bytes]) -> BoardChange:
    text = {name.decode(): value for name, value in fields.items()}
    kind, partition, op, key, sequence = (
        text[name].decode() for name in ("kind", "partition", "op", "key", "sequence")
    )
    return BoardChange(id_, kind, int(partition), op, key, sequence, text["value"])
