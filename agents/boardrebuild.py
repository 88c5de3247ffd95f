"""The board emptied and projected anew from Kafka, in this process; safe beside running workers.

Workers notice that the board is gone and rebuild it too. Whoever has read further puts its image up, the others adopt it;
both images are the fold of the same records.
"""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final

from agents.boardagent import TOPICS, Projector, consumer_of
from agents.kafkaclient import Brokers
from agents.projection import Stage
from monitoring.board import Board
from monitoring.redisclient import RedisFault

ROUND_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 15.0
"""How long Redis may fail before the rebuild gives up; the workers go on trying."""


def rebuild(
    board: Board,
    brokers: Brokers,
    topic_ids: Mapping[str, str],
    partitions: int,
    progress: Callable[[int, int], None],
) -> int:
    """Delete the board's keys and return when it is whole again, with the number of records that were read for it.

    Args:
        board: where; used by this call alone.
        brokers: Kafka.
        topic_ids: of the topics of the board.
        partitions: of each of them.
        progress: called with (records read, records that there are), often.

    Raises:
        RedisFault: Redis cannot be written to; what is missing then is rebuilt by the workers.
    """
    board.clear(partitions)
    consumer = consumer_of(brokers)
    try:
        projector = Projector(consumer, board, topic_ids)
        projector.own((topic, partition) for topic in TOPICS for partition in range(partitions))
        worked_at = monotonic()
        while True:
            projector.work(ROUND_SECONDS)
            one_by_one = projector.projections.values()
            total = sum(one.end for one in one_by_one)
            progress(sum(min(one.position or 0, one.end) for one in one_by_one), total)
            if all(one.stage is Stage.LIVE for one in one_by_one):
                return total
            if projector.fault is None:
                worked_at = monotonic()
            elif monotonic() - worked_at > PATIENCE_SECONDS:
                raise RedisFault(projector.fault)
    finally:
        consumer.close()
