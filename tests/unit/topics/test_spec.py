"""A contract becomes broker settings, and one that contradicts itself cannot be written."""

from datetime import timedelta
from typing import Any

import pytest

from models.errors import ContractError
from topics.spec import MAX_MESSAGE_BYTES, Cleanup, Direction, TopicSpec


def spec_of(**changes: Any) -> TopicSpec:
    """Return a sound contract with `changes`."""
    given: dict[str, Any] = {
        "name": "cx.things.v1",
        "title": "Things",
        "title_zh": "事物",
        "direction": Direction.OUT,
        "key": "id; of the thing",
        "values": (),
        "ce_types": ("cx.thing.seen.v1", "cx.heartbeat.v1"),
        "retention": timedelta(days=35),
        "order": "per key; in one partition",
        "delivery": "at least once",
        "description": "Things.",
    }
    return TopicSpec(**(given | changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "things"}, "no topic name"),
        ({"name": "cx.Things.v1"}, "no topic name"),
        ({"name": "cx.things"}, "no topic name"),
        ({"name": "cx.work_orders.v1"}, "no topic name"),
        ({"ce_types": ()}, "no CloudEvents type"),
        ({"ce_types": ("thing",)}, "'thing' is no CloudEvents type"),
        ({"partitions": 0}, "a partition"),
        ({"retention": None}, "retention"),
        ({"cleanup": Cleanup.COMPACT}, "retention"),
        ({"cleanup": Cleanup.COMPACT_DELETE, "retention": None}, "retention"),
        ({"retention": timedelta(minutes=59)}, "an hour"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(changes: dict[str, Any], said: str) -> None:
    """At the place where it is written, not when a broker is asked."""
    with pytest.raises(ContractError, match=said):
        spec_of(**changes)


def test_every_topic_has_append_time_and_no_bound_but_time() -> None:
    """Replayed history stays as long as anything else, and nothing is deleted for its size."""
    for spec in (spec_of(), spec_of(retention=None, cleanup=Cleanup.COMPACT)):
        config = spec.config(1)
        assert config["message.timestamp.type"] == "LogAppendTime"
        assert config["retention.bytes"] == "-1"
        assert config["unclean.leader.election.enable"] == "false"
        assert config["max.message.bytes"] == str(MAX_MESSAGE_BYTES)


def test_retention_becomes_milliseconds_and_segments_a_part_of_it() -> None:
    """Only whole segments are deleted, so a record outlives its retention by a twentieth at most."""
    assert spec_of(retention=timedelta(hours=1)).config(1)["retention.ms"] == "3600000"
    for hours in (1, 24, 35 * 24, 400 * 24):
        config = spec_of(retention=timedelta(hours=hours)).config(1)
        assert int(config["segment.ms"]) <= min(int(config["retention.ms"]) / 20, 7 * 86_400_000)
    compacted = spec_of(retention=None, cleanup=Cleanup.COMPACT).config(1)
    assert compacted["retention.ms"] == "-1"


def test_cleanup_is_written_as_the_broker_writes_it() -> None:
    """Compacted topics keep their tombstones for readers that were away; others have no such setting."""
    assert spec_of().config(1)["cleanup.policy"] == "delete"
    assert "delete.retention.ms" not in spec_of().config(1)
    both = spec_of(cleanup=Cleanup.COMPACT_DELETE).config(1)
    assert (both["cleanup.policy"], both["delete.retention.ms"]) == ("compact,delete", "604800000")


@pytest.mark.parametrize(("replication", "in_sync"), [(1, "1"), (2, "1"), (3, "2"), (5, "4")])
def test_a_record_is_acknowledged_by_all_replicas_but_one(replication: int, in_sync: str) -> None:
    """One broker may be down without stopping anybody, and its loss loses nothing acknowledged."""
    assert spec_of().config(replication)["min.insync.replicas"] == in_sync


def test_stream_topics_have_the_frozen_number_of_partitions() -> None:
    """Others have their own, whatever the streams have."""
    assert spec_of().partition_count(12) == 12
    assert spec_of(partitions=1).partition_count(12) == 1


def test_short_forms_end_at_the_first_semicolon() -> None:
    """Tables show these; the whole sentence follows elsewhere."""
    spec = spec_of()
    assert (spec.short("key"), spec.short("order"), spec.short("delivery")) == (
        "id",
        "per key",
        "at least once",
    )


def test_the_first_type_is_that_of_the_events() -> None:
    """Heartbeats and other control records come behind it."""
    assert spec_of().ce_type == "cx.thing.seen.v1"
