"""What happens to the log behind a worker's back: retention that overtakes it while it runs."""

from pathlib import Path
from typing import Final

import pytest

from agents.batch import BatchCore, Partition
from agents.embedded.kafka import KafkaCluster
from tests.real.test_transport import (
    ENDS,
    PARTITIONS,
    TOPIC,
    delete_before,
    living,
    numbers,
    topics,
    until,
    write,
)

LARGE: Final = "0" * 4_000 + "1"
"""A number of four kilobytes: a fetch holds a few hundred of them."""


async def test_retention_that_overtakes_a_worker_is_told_as_lost_offsets(
    fresh_kafka: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lags (its outputs are not confirmed), and what it has not fetched yet is deleted under it.

    log       0 ..... 500 ... fetched ... | deleted ........ | 2490 .. 2500
    told                                  first         next
    """
    admin = topics(fresh_kafka)
    write(fresh_kafka, TOPIC, numbers(500 * PARTITIONS))
    async with living(fresh_kafka, tmp_path) as life:
        await until(lambda: life.at(ENDS))
        with monkeypatch.context() as lagging:
            lagging.setattr(BatchCore, "saturated", True)
            write(fresh_kafka, TOPIC, [(0, "large", LARGE)] * 2_000)
            delete_before(admin, 0, 2_490)
        await until(lambda: life.at(ENDS | {0: 2_500}))
        taken = life.owner(0).taken
        ((source, first, following),) = life.lost
        assert (source, following) == (Partition(TOPIC, 0), 2_490)
        assert taken == [*range(first), *range(2_490, 2_500)]
        assert 500 <= first < 2_490
