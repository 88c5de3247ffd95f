"""What the doctor concludes from what it was told; asking is tested on real parts (tests/real)."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner
from redis.exceptions import ResponseError

from agents.clusterfacts import ClusterFacts
from agents.commands.doctor import doctor
from agents.doctor import board, brokers, clocks, configuration, versions
from agents.doctor.finding import Finding, State
from agents.settings import load_settings
from models.errors import BarometerError

CLUSTER = {
    "min.insync.replicas": "2",
    "message.max.bytes": "1048588",
    "group.min.session.timeout.ms": "6000",
    "group.max.session.timeout.ms": "1800000",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "unclean.leader.election.enable": "false",
    "offsets.retention.minutes": "10080",
}


def states(found: Iterator[Finding]) -> dict[str, State]:
    """Return each sentence that is not ok, with its state; each has a meaning and a remedy."""
    told = list(found)
    assert told
    bad = [one for one in told if one.state is not State.OK]
    assert all(one.means and one.remedy for one in bad)
    return {one.what: one.state for one in bad}


def cluster(
    nodes: int = 3, *, replication: int = 3, session: float = 6.0, **changed: str
) -> dict[str, State]:
    values = {**CLUSTER, **{name.replace("_", "."): value for name, value in changed.items()}}
    facts = ClusterFacts(tuple(range(nodes)), dict.fromkeys(range(nodes), values))
    settings = load_settings(replication=replication, session_timeout_seconds=session)
    return states(brokers.judge(facts, settings))


def test_a_session_that_nobody_chose_is_the_one_that_workers_take() -> None:
    """Brokers that want ten seconds refuse the default of six, and no worker asks for it."""
    facts = ClusterFacts((1,), {1: {**CLUSTER, "group.min.session.timeout.ms": "10000"}})
    told = [one.what for one in brokers.judge(facts, load_settings(replication=3))]
    assert "sessions of 10 s are allowed (group.min.session.timeout.ms=10000)" in told


def test_a_good_cluster_is_blamed_for_nothing() -> None:
    """Three brokers, three replicas, two that confirm."""
    assert cluster() == {}


@pytest.mark.parametrize(
    ("found", "said", "state"),
    [
        (lambda: cluster(2), "2 brokers for 3 replicas", State.WRONG),
        (lambda: cluster(1, replication=1), "min.insync.replicas is 2, with 1 replicas", State.WRONG),
        (
            lambda: cluster(1, replication=1, min_insync_replicas="1"),
            "1 replica of each record",
            State.WARNING,
        ),
        (
            lambda: cluster(min_insync_replicas="1"),
            "min.insync.replicas is 1, with 3 replicas",
            State.WARNING,
        ),
        (
            lambda: cluster(session=3),
            "the brokers allow sessions of 6 to 1800 s, and 3 s are set",
            State.WRONG,
        ),
        (lambda: cluster(message_max_bytes="1000"), "message.max.bytes is 1000", State.WARNING),
        (
            lambda: cluster(offsets_topic_replication_factor="1"),
            "offsets.topic.replication.factor is 1, with 3 brokers",
            State.WARNING,
        ),
        (
            lambda: cluster(unclean_leader_election_enable="true"),
            "unclean.leader.election.enable is true on 0, 1, 2",
            State.WARNING,
        ),
        (lambda: cluster(offsets_retention_minutes="60"), "offsets.retention.minutes is 60", State.WARNING),
    ],
)
def test_a_cluster_that_does_not_fit_is_told_with_what_to_do(found: object, said: str, state: State) -> None:
    """Each setting on which something of Barometer depends."""
    assert callable(found)
    assert found().get(said) is state


def test_settings_that_may_not_be_read_are_a_warning() -> None:
    """Not knowing is not being wrong."""
    facts = ClusterFacts((1, 2, 3), {}, "Cluster authorization failed")
    told = states(brokers.judge(facts, load_settings(replication=3)))
    assert set(told.values()) == {State.WARNING}


def test_versions_are_compared_with_those_that_were_tested() -> None:
    """Other ones are a warning, missing ones are wrong; the list is the lock's."""
    wanted = {"faust-streaming": "0.15.3", "redis": "8.1.0"}
    assert states(versions.judge((3, 12, 1), "1", {"faust-streaming": "0.15.3"}, wanted)) == {}
    told = states(versions.judge((3, 10, 0), "1", {"redis": "6.0.0", "faust-streaming": None}, wanted))
    assert told == {
        "Python 3.10.0": State.WRONG,
        "not installed: faust-streaming": State.WRONG,
        "redis is 6.0.0": State.WARNING,
    }
    assert states(versions.judge((3, 14, 0), "1", {}, wanted)) == {"Python 3.14.0": State.WARNING}
    assert versions.tested()["faust-streaming"] == version("faust-streaming")
    assert "aiokafka" in versions.needed()
    assert "jgo" not in versions.needed(), "the extra is for the demo"


@pytest.mark.parametrize(
    ("ahead", "state"), [(-3_600.0, None), (0.0, None), (0.9, None), (2.0, State.WARNING), (6.0, State.WRONG)]
)
def test_a_record_from_the_future_says_that_a_clock_is_wrong(ahead: float, state: State | None) -> None:
    """One from the past says nothing: it may be old."""
    found = states(clocks.judge_broker(1_000.0 + ahead, 1_000.0))
    assert list(found.values()) == ([] if state is None else [state])


def test_a_log_without_records_is_a_warning() -> None:
    """Nothing was seen."""
    assert list(states(clocks.judge_broker(None, 1_000.0)).values()) == [State.WARNING]


@pytest.mark.parametrize(
    ("theirs", "trip", "state"),
    [(1_000.4, 0.1, None), (1_002.0, 0.1, State.WARNING), (1_002.0, 3.0, None), (990.0, 0.1, State.WRONG)],
)
def test_the_clock_of_redis_is_compared_within_the_round_trip(
    theirs: float, trip: float, state: State | None
) -> None:
    """A slow answer may explain a difference."""
    assert list(states(clocks.judge_redis(theirs, 1_000.0, trip)).values()) == (
        [] if state is None else [state]
    )


class Told:
    """A Redis that says this of its memory; None: the user may not ask."""

    def __init__(self, memory: dict[str, object] | None) -> None:
        self._memory = memory

    def info(self, section: str) -> dict[str, object]:
        if self._memory is None:
            raise ResponseError("NOPERM this user has no permissions to run the 'info' command")
        return self._memory


@pytest.mark.parametrize(
    ("memory", "state"),
    [
        ({"maxmemory_policy": "noeviction", "maxmemory": 0}, None),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": 0}, None),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": 10**9}, State.WRONG),
        ({"maxmemory_policy": "noeviction", "maxmemory": 10**6}, State.WARNING),
        (None, State.WARNING),
    ],
)
def test_redis_must_not_throw_away_what_it_was_given(
    memory: dict[str, object] | None, state: State | None
) -> None:
    """A policy without a bound never evicts."""
    assert list(states(board._memory(Told(memory))).values()) == ([] if state is None else [state])


def test_settings_are_judged_too(tmp_path: Path) -> None:
    """The demo key, an open connection, heartbeats that are too rare, and files that are wrong."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: [{id: X}]\n", encoding="utf-8")
    settings = load_settings(session_timeout_seconds=3, heartbeat_interval_seconds=2, rules_file=rules)
    told = states(configuration.examine(settings, {"rules_file": "flag"}))
    assert sorted(told.values()) == [State.WARNING, State.WARNING, State.WRONG, State.WRONG]
    good = load_settings(
        customer_key="a key of our own, long enough", kafka_security="SSL", kafka_ca_file=tmp_path / "ca.pem"
    )
    assert states(configuration.examine(good, {})) == {}


def test_without_a_broker_the_exit_code_is_three_and_the_rest_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As JSON too; every finding has its area and state."""
    monkeypatch.setenv("BAROMETER_REDIS_URL", "")
    done = CliRunner().invoke(doctor, ["--brokers", "127.0.0.1:1", "--json"])
    assert done.exit_code == 3, done.output
    told = json.loads(done.stdout)
    (broker,) = [one for one in told["findings"] if one["area"] == "broker"]
    assert (broker["state"], broker["what"]) == ("wrong", "no broker answers at 127.0.0.1:1")
    assert {one["area"] for one in told["findings"]} == {"settings", "versions", "broker", "redis"}
    assert told["wrong"] == 1


def test_a_setting_that_cannot_be_used_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its name and the remedy, as every command does; `main` makes exit code 3 of it."""
    monkeypatch.setenv("BAROMETER_PARTITIONS", "0")
    done = CliRunner().invoke(doctor, [])
    assert isinstance(done.exception, BarometerError)
    assert "BAROMETER_PARTITIONS" in str(done.exception)
