"""Real parts for tests: Kafka and Redis, started when the first test asks for them, ended with the session.

Nothing is faked. A missing part fails in CI; elsewhere its tests are skipped and the closing summary says so in a line.
"""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from warnings import catch_warnings

import hypothesis
import pytest

from agents.embedded.errors import PartUnavailable
from agents.embedded.jars import fetch_jars
from agents.embedded.java import find_java
from agents.embedded.kafka import KafkaCluster
from agents.embedded.redis import RedisServer, find_redis
from tests.examples import examples

# Examples are not timed: the machine may be busy. In CI they are the same in every run; locally each run looks further.
hypothesis.settings.register_profile("local", deadline=None, max_examples=examples(100))
hypothesis.settings.register_profile("ci", deadline=None, max_examples=examples(100), derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")

REAL = Path(__file__).with_name("real")

LONGEST: Final = (
    "test_chaos", "test_endings", "test_worker", "test_stop", "test_security", "test_faults", "test_pipeline", "test_duty",
    "test_rulesets", "test_fuzzed", "test_delivery", "test_transport", "test_edges_records", "test_embedded", "test_subscribers",
)  # fmt: skip
"""Files that take a minute and more, the longest first."""

_missing: dict[str, str] = {}
"""Part -> why it cannot be had, for the summary."""


@pytest.hookimpl(trylast=True)  # after whatever shuffles them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in tests/real, and let the longest files begin first: no process is left with one when the others have ended."""
    for item in items:
        if REAL in item.path.parents:
            item.add_marker("real")
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(LONGEST)))


@pytest.fixture(autouse=True)
def _leftovers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Drop the connections that aiokafka leaves where it is stopped while it connects, so that no other test finds and is blamed for them."""
    yield
    if REAL in request.path.parents:
        with catch_warnings(action="ignore", category=ResourceWarning):
            gc.collect()


def pytest_report_header() -> list[str]:
    """Say which real parts the tests will use."""
    told = []
    for part, find in (("java", find_java), ("redis", find_redis)):
        try:
            found = find()
            told.append(f"{part} {found.major} ({found.origin})")
        except PartUnavailable as error:
            told.append(f"no {part}: {error}")
    return [f"real parts: Apache Kafka on {told[0]}; {told[1]}"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each part whose tests could not run."""
    for part, why in _missing.items():
        terminalreporter.write_line(f"MISSING PART, its tests did not run: {part}: {why}", red=True)


def without(part: str, error: PartUnavailable) -> None:
    """Skip the test that asked for a part that cannot be had; in CI, fail it."""
    if os.environ.get("CI"):
        pytest.fail(f"{part} is missing, and CI runs everything: {error}", pytrace=False)
    _missing[part] = str(error)
    pytest.skip(f"no {part}: {error}")


def _installed_kafka() -> None:
    """Skip or fail where Java or the jars cannot be had. A broker that does not start is a failure everywhere."""
    try:
        find_java()
        fetch_jars()
    except PartUnavailable as error:
        without("Kafka", error)


@pytest.fixture(scope="session")
def installed_kafka() -> None:
    """What a test asks for that starts a cluster of its own."""
    _installed_kafka()


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaCluster]:
    """One Kafka node for the session. Tests share it: take topic and group names of your own."""
    _installed_kafka()
    with KafkaCluster() as cluster:
        yield cluster


@pytest.fixture
def fresh_kafka() -> Iterator[KafkaCluster]:
    """One Kafka node for one test (3 s): for pipelines, whose topic names are fixed, and for killing it."""
    _installed_kafka()
    with KafkaCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """One Redis for the session, as a URL. Tests share it: take keys of your own."""
    try:
        find_redis()
    except PartUnavailable as error:
        without("Redis", error)
    with RedisServer() as server:
        yield server.url
