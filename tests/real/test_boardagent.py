"""The board agent on real Kafka and Redis: whatever happens to Redis, the board is right again by itself.

The truth is the fold of what stands in the topics, made here a second time.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from confluent_kafka import Producer
from redis import Redis

from agents.boardagent import TOPICS, BoardAgent, Projector, board_of, consumer_of
from agents.cluster import topic_ids
from agents.embedded.kafka import KafkaCluster
from agents.embedded.redis import RedisServer
from agents.reading import TopicReader
from agents.settings import load_settings
from models.incident import Status
from monitoring.board import Board
from monitoring.boardimage import KIND_OF, BoardKind
from tests.incidents import incident
from tests.real.pipeline import until
from tests.real.redises import command
from topics.catalogue import ACTIVE_WARNINGS, INCIDENTS, WINDOWS, by_name
from topics.provision import provision

PARTITIONS: Final = 2
RIGHT_SECONDS: Final = 30.0
"""A few seconds are promised; the machine may be busy."""
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def brokers(installed_kafka: None) -> Iterator[str]:
    """A Kafka with the topics of the board. The tests of this file share it: what one wrote stays there."""
    with KafkaCluster() as cluster:
        provision(
            cluster.bootstrap, [by_name(topic) for topic in TOPICS], partitions=PARTITIONS, replication=1
        )
        yield cluster.bootstrap


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis for this test alone, to be mistreated."""
    with RedisServer() as server:
        yield server


class Writer:
    """Writes what workers would, and knows what must stand on the board in the end."""

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._producer = Producer({"bootstrap.servers": brokers, "linger.ms": 5})

    def send(self, topic: str, key: str, sequence: int, value: dict[str, Any] | bytes | None) -> None:
        body = msgspec.json.encode(value) if isinstance(value, dict) else value
        headers: list[tuple[str, str | bytes | None]] = [("ce_id", f"{key}/{sequence}".encode())]
        partition = sum(key.encode()) % PARTITIONS
        self._producer.produce(topic, body, key.encode(), partition, headers=headers)

    def some(self, name: str, count: int = 30) -> None:
        """Write warnings of which every third is cleared, windows of which some end, incidents of which some close."""
        for number in range(count):
            key = f"{name}-{number}"
            for sequence in (1, 2, 1):
                self.send(ACTIVE_WARNINGS, key, sequence, {"id": key, "sequence": sequence})
                window = {
                    "stream": "calls",
                    "cell": key,
                    "closedUntil": sequence * 60,
                    "windows": {"300": [number]},
                }
                self.send(WINDOWS, f"calls|{key}", sequence * 60, window)
                self.send(INCIDENTS, key, sequence, incident(key, sequence))
            if number % 3 == 0:
                self.send(ACTIVE_WARNINGS, key, 3, None)
                self.send(WINDOWS, f"calls|{key}", 180, None)
                self.send(INCIDENTS, key, 3, incident(key, 3, Status.CLOSED))
        assert self._producer.flush(30) == 0

    def truth(self) -> dict[BoardKind, dict[str, tuple[int, bytes]]]:
        """Return the board as the topics have it: of each key the largest sequence, if it has not ended."""
        found: dict[BoardKind, dict[str, tuple[int, bytes]]] = {}
        for topic, kind in KIND_OF.items():
            newest: dict[str, tuple[int, bytes | None]] = {}
            with TopicReader(self._brokers, topic) as reader:
                for record in reader.read():
                    key = (record.key or b"").decode()
                    sequence = int(dict(record.headers)["ce_id"].rpartition(b"/")[2])  # type: ignore[union-attr]
                    is_over = record.value is None or b'"closed"' in record.value
                    if sequence > newest.get(key, (-1, None))[0]:
                        newest[key] = sequence, None if is_over else record.value
            found[kind] = {key: (at, value) for key, (at, value) in newest.items() if value is not None}
        return found


class Started:
    """Agents as workers have them, and a reader's look at the board."""

    def __init__(self, brokers: str, url: str) -> None:
        self.settings = load_settings(
            brokers=brokers,
            partitions=PARTITIONS,
            redis_url=url,
            session_timeout_seconds=3,
            heartbeat_interval_seconds=0.5,
        )
        self.rebuilds: list[tuple[str, str]] = []
        self.agents: list[BoardAgent] = []

    def start(self) -> BoardAgent:
        board = board_of(self.settings)
        assert board is not None
        ids = topic_ids(self.settings.brokers, list(TOPICS), PARTITIONS)
        agent = BoardAgent(
            self.settings,
            board,
            ids,
            facts=lambda: {"events": 7},
            on_rebuild=lambda topic, why: self.rebuilds.append((topic, why)),
        )
        agent.start()
        self.agents.append(agent)
        return agent

    def is_right(self, truth: dict[BoardKind, dict[str, tuple[int, bytes]]]) -> Callable[[], bool]:
        """Return a condition: the board is complete, fresh and what `truth` says."""
        board = board_of(self.settings)
        assert board is not None

        def right() -> bool:
            try:
                view = board.read(PARTITIONS)
            except Exception:  # noqa: BLE001 - whatever is wrong, it is not right yet
                return False
            finally:
                board.close()
            return view.is_complete(int(time.time() * 1000)) and dict(view.entries) == truth

        return right

    def wait(self, writer: Writer, what: str) -> None:
        until(
            self.is_right(writer.truth()), what, seconds=RIGHT_SECONDS, told=lambda: str(self.rebuilds[-6:])
        )


@contextmanager
def started(brokers: str, url: str, agents: int = 1) -> Iterator[Started]:
    running = Started(brokers, url)
    try:
        for _ in range(agents):
            running.start()
        yield running
    finally:
        for agent in running.agents:
            agent.stop()


def test_the_board_is_built_and_followed(brokers: str, redis: RedisServer) -> None:
    """From nothing, then change by change; a page that follows the stream ends with the same entries."""
    writer = Writer(brokers)
    writer.some("first")
    with started(brokers, redis.url) as running:
        running.wait(writer, "the board is built")
        assert {why for _, why in running.rebuilds} == {"missing"}
        assert len(running.rebuilds) == PARTITIONS * len(BoardKind)
        board = board_of(running.settings)
        assert board is not None
        after = board.newest_change()
        shown = {kind: dict(entries) for kind, entries in board.read(PARTITIONS).entries.items()}
        writer.some("second")
        running.wait(writer, "the board follows")
        found = board.changes(after)
        assert found.is_gapless
        for change in found.changes:
            if change.op == "set":
                shown[BoardKind(change.kind)][change.key] = int(change.sequence), change.value
            else:
                del shown[BoardKind(change.kind)][change.key]
        assert shown == writer.truth()
        assert len(running.rebuilds) == PARTITIONS * len(BoardKind)
        assert [worker["events"] for worker in board.read(PARTITIONS).workers] == [7]
        board.close()
        (agent,) = running.agents
        until(lambda: set(agent.lags.values()) == {0}, "no lag")


def test_a_restarted_agent_goes_on_at_the_sentinel(brokers: str, redis: RedisServer) -> None:
    """Nothing is read again that the board shows."""
    writer = Writer(brokers)
    writer.some("before")
    with started(brokers, redis.url) as running:
        running.wait(writer, "the board is built")
    writer.some("meanwhile")
    with started(brokers, redis.url) as running:
        running.wait(writer, "the board has caught up")
        assert running.rebuilds == []


def test_two_agents_share_and_take_over(brokers: str, redis: RedisServer) -> None:
    """
    agent 0   ####|##|########
    agent 1       |##| stopped
    """
    writer = Writer(brokers)
    with started(brokers, redis.url, agents=2) as running:
        first, second = running.agents
        until(
            lambda: len(first.lags) == len(second.lags) == len(BoardKind),
            "each has a partition of each topic",
        )
        writer.some("shared")
        running.wait(writer, "both project")
        second.stop()
        writer.some("alone")
        until(lambda: len(first.lags) == PARTITIONS * len(BoardKind), "the first one has everything")
        running.wait(writer, "the first one projects everything")


def test_redis_killed_emptied_and_restarted(
    brokers: str, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """
    redis    ####| killed |(empty)####| FLUSHALL |####
    board    ####|  away  | rebuilt   | rebuilt  |
    """
    writer = Writer(brokers)
    writer.some("kill-0")
    with started(brokers, redis.url) as running:
        (agent,) = running.agents
        running.wait(writer, "the board is built")
        redis.kill()
        writer.some("kill-1")
        until(lambda: agent.redis_ok is False, "it is noticed that Redis is away")
        until(lambda: sum(agent.lags.values()) > 0, "the lag is told")
        redis.restart()
        running.wait(writer, "the board is right after a kill")
        assert agent.redis_ok
        complaints = [one.getMessage() for one in caplog.records if "the stream goes on" in one.getMessage()]
        assert 1 <= len(complaints) <= 3, "said once for each thing that is wrong, not for each try"
        running.rebuilds.clear()
        with Redis.from_url(redis.url) as client:
            client.flushall()
        running.wait(writer, "the board is right after it was emptied")
        assert {why for _, why in running.rebuilds} == {"missing"}
        writer.some("kill-2")
        running.wait(writer, "it follows again")


def test_a_part_that_was_lost_is_rebuilt_alone(brokers: str, redis: RedisServer) -> None:
    """An eviction or a hand takes one key; what was strange in it is gone as well."""
    writer = Writer(brokers)
    with started(brokers, redis.url) as running:
        running.wait(writer, "the board is built")
        running.rebuilds.clear()
        board = board_of(running.settings)
        assert board is not None
        with Redis.from_url(redis.url) as client:
            client.delete(board.key("windows", 1))
        running.wait(writer, "the part is back")
        assert running.rebuilds == [(WINDOWS, "missing")]
        with Redis.from_url(redis.url) as client:
            client.hset(board.key("warnings", 0), mapping={"@": "foreign 3", "=strange": "1 {}"})
        running.wait(writer, "the stranger is gone")
        assert running.rebuilds[1:] == [(ACTIVE_WARNINGS, "foreign topic")]
        with Redis.from_url(redis.url) as client:
            held = client.hget(board.key("incidents", 0), "@") or b""
            client.hset(board.key("incidents", 0), "@", bytes(held).split()[0] + b" 999999999")
        until(lambda: len(running.rebuilds) == 3, "a sentinel beyond the log is noticed")
        running.wait(writer, "it is put right")
        assert running.rebuilds[2:] == [(INCIDENTS, "outside the log")]


def test_redis_slow(brokers: str, redis: RedisServer) -> None:
    """Stopped as by SIGSTOP it neither answers nor refuses: the agent waits a second at a time and catches up."""
    writer = Writer(brokers)
    with started(brokers, redis.url) as running:
        (agent,) = running.agents
        running.wait(writer, "the board is built")
        signal_to(redis, signal.SIGSTOP)
        try:
            writer.some("slow")
            until(lambda: agent.redis_ok is False, "it is noticed that Redis does not answer")
        finally:
            signal_to(redis, signal.SIGCONT)
        running.wait(writer, "the board has caught up")


def signal_to(redis: RedisServer, number: signal.Signals) -> None:
    """Send a signal to the server's process."""
    os.kill(redis.pid, number)


def test_redis_full(brokers: str, redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is half written, the remedy is in the log, and when there is room the board catches up."""
    writer = Writer(brokers)
    with started(brokers, redis.url) as running, Redis.from_url(redis.url) as client:
        (agent,) = running.agents
        running.wait(writer, "the board is built")
        before = board_of(running.settings)
        assert before is not None
        shown = before.read(PARTITIONS).entries
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        writer.some("full")
        until(lambda: agent.redis_ok is False, "it is noticed that Redis is full")
        assert before.read(PARTITIONS).entries == shown
        assert "is full (maxmemory)" in caplog.text
        client.config_set("maxmemory", 0)
        running.wait(writer, "the board has caught up")
        client.flushall()
        client.config_set("maxmemory", 1)
        until(lambda: agent.redis_ok is False, "it cannot be rebuilt either")
        client.config_set("maxmemory", 0)
        running.wait(writer, "the board is rebuilt")
        before.close()


def test_a_password_that_changes_and_no_secret_in_the_log(
    brokers: str, redis: RedisServer, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """The user is disabled while the agent runs, and allowed again."""
    secret = "never-in-a-log"
    caplog.set_level("DEBUG", logger="agents")
    with Redis.from_url(redis.url) as client:
        rules = ["on", f">{secret}", "~*", "&*", "+@all"]
        command(client, "ACL", "SETUSER", "board", *rules)
        writer = Writer(brokers)
        with started(brokers, redis.url.replace("://", f"://board:{secret}@")) as running:
            (agent,) = running.agents
            running.wait(writer, "the board is built")
            command(client, "ACL", "SETUSER", "board", "off")
            command(client, "CLIENT", "KILL", "USER", "board")
            until(lambda: agent.redis_ok is False, "it is noticed")
            until(lambda: "refuses user 'board'" in caplog.text, "the reason is in the log")
            command(client, "ACL", "SETUSER", "board", "on")
            running.wait(writer, "the board goes on")
    assert secret not in caplog.text


def test_a_worker_that_lost_its_group_does_no_harm(brokers: str, redis: RedisServer) -> None:
    """Two who believe to own the same partitions: each adopts what the other wrote, and the board stays the fold."""
    writer = Writer(brokers)
    with started(brokers, redis.url) as running, zombie(running) as other:
        running.wait(writer, "the board is built")
        for number in range(4):
            writer.some(f"zombie-{number}", 10)
            other()
        running.wait(writer, "the board is right")


@contextmanager
def zombie(running: Started) -> Iterator[Callable[[], None]]:
    """Project every partition beside the group; yields what does some rounds of it."""
    board = board_of(running.settings)
    assert isinstance(board, Board)
    consumer = consumer_of(running.settings.brokers)
    projector = Projector(consumer, board, topic_ids(running.settings.brokers, list(TOPICS), PARTITIONS))
    projector.own((topic, partition) for topic in TOPICS for partition in range(PARTITIONS))

    def rounds() -> None:
        for _ in range(8):
            projector.work(0.1)

    try:
        yield rounds
    finally:
        consumer.close()
        board.close()
