"""The board of running workers: through a Redis that is killed and emptied, as people and verify see it."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from click.testing import CliRunner
from redis import Redis

from agents.commands.board import board as command
from agents.commands.verify import verify as verify_command
from agents.embedded.kafka import KafkaCluster
from agents.embedded.redis import RedisServer
from agents.settings import ENV_PREFIX
from models.outcomes import WindowSnapshot
from monitoring.board import PREFIX
from tests.real.pipeline import Pipeline, differences, until
from tests.real.test_worker import CAUGHT_UP_SECONDS, day, send
from topics.catalogue import ACTIVE_WARNINGS, INCIDENTS, WARNING_STATES, WINDOWS

pytestmark = pytest.mark.timeout(400)
PARTITIONS: Final = 2
EVENTS: Final = len(day(6_000))


@pytest.fixture
def redis() -> object:
    """A Redis for this test alone."""
    with RedisServer() as server:
        yield server


def test_workers_repair_the_board_and_verify_compares_it(
    fresh_kafka: KafkaCluster, tmp_path: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    events    ################|            |
    redis     #####|  |#######| emptied ###| an entry is changed by hand
    board show                  complete     verify finds it; rebuild mends it
    """
    events = day(6_000)
    with Pipeline(
        fresh_kafka, tmp_path, partitions=PARTITIONS, redis_url=redis.url, heartbeats=False
    ) as pipeline:
        workers = pipeline.start_sharing(2)
        monkeypatch.setenv(f"{ENV_PREFIX}BROKERS", pipeline.brokers)
        monkeypatch.setenv(f"{ENV_PREFIX}REDIS_URL", redis.url)
        monkeypatch.setenv(f"{ENV_PREFIX}PARTITIONS", str(PARTITIONS))
        send(pipeline, events[:3_000])
        redis.kill()
        for worker in workers:
            worker.until(
                lambda one=worker: (
                    one.samples("barometer_dependency_up")  # type: ignore[misc]
                    and one.metric("barometer_dependency_up", dependency="redis") == 0
                ),
                "the metric says that Redis is away",
            )
            assert worker.answers("/health/ready") == 200
            assert "the live board is behind" in worker.get("/health/ready")[1]
        send(pipeline, events[3_000:])
        redis.restart()
        report = pipeline.verify(CAUGHT_UP_SECONDS)
        assert report.clean, differences(report)
        tables = {table.name: table.compared for table in report.tables}
        assert tables["windows"] > 100
        assert tables["board"] > tables["windows"]
        with Redis.from_url(redis.url) as client:
            client.flushall()
        until(lambda: run("show", "--json")[0] == 0, "the board is complete again")
        shown = until(both_told, "both workers have told of themselves")
        assert shown["complete"]
        assert {worker["ready"] for worker in shown["workers"]} == {True}
        assert len(shown["windows"]) == tables["windows"]
        taken = pipeline.metric("barometer_records_total")
        assert taken == EVENTS
        assert len(shown["workers"]) == 2
        assert pipeline.metric("barometer_board_rebuilds_total", reason="missing") >= 2 * 4 * PARTITIONS
        until(lambda: pipeline.metric("barometer_board_lag_records") == 0, "no lag")
        assert {topic for worker in workers for topic in lags(worker)} == {
            ACTIVE_WARNINGS,
            WARNING_STATES,
            WINDOWS,
            INCIDENTS,
        }
        code, text = run("show", "--cell", "region=44", "--lang", "zh")
        assert code == 0
        assert "完整" in text
        assert "广东" in text
        change_an_entry(redis.url)
        assert CliRunner().invoke(verify_command, ["--wait", "30", "--processes", "1"]).exit_code == 1
        code, text = run("rebuild", "--yes")
        assert code == 0, text
        until(lambda: run("show")[0] == 0, "the rebuilt board is complete")
        assert CliRunner().invoke(verify_command, ["--wait", "30", "--processes", "1"]).exit_code == 0
        redis.kill()
        code, text = run("show")
        assert "cannot be reached" in text


def both_told() -> dict[str, Any]:
    """Return the board as JSON if it shows two workers that have read everything, else nothing."""
    found: dict[str, Any] = json.loads(run("show", "--json")[1])
    return found if sum(worker["events"] for worker in found["workers"]) == EVENTS else {}


def lags(worker: object) -> set[str]:
    """Return the topics whose lag on the board a worker tells."""
    return {sample.labels["topic"] for sample in worker.samples("barometer_board_lag_records")}  # type: ignore[attr-defined]


def run(*arguments: str) -> tuple[int, str]:
    """Run `barometer board`, and return exit code and output."""
    result = CliRunner().invoke(command, list(arguments))
    return result.exit_code, result.output + str(result.exception or "")


def change_an_entry(url: str) -> None:
    """Count one more in a window on the board."""
    with Redis.from_url(url) as client:
        key = f"{PREFIX}:windows:0"
        fields: dict[bytes, bytes] = client.hgetall(key)
        name = next(name for name in sorted(fields) if name.startswith(b"=calls|"))
        sequence, _, value = fields[name].partition(b" ")
        found = msgspec.json.decode(value, type=WindowSnapshot)
        found.windows["2592000"][0] += 1
        client.hset(key, name, sequence + b" " + msgspec.json.encode(found))
