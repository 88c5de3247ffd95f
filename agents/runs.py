"""What a partition's owner is handed of a fetch: a run of records, from which offset it is whole, and of a changelog the newest alone.

aiokafka makes of each record another one, and tells nobody from where on it has read. Here

    records of the batch path   are handed on as they were parsed
    a run                       knows where it begins, also where the log itself lacks records (compaction, transactions' markers)
    a run of a changelog        has of each key the last record, as compaction would leave it: without compaction most are overtaken
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from sys import maxsize
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.structs import ConsumerRecord, TopicPartition


class Run(list[Any]):
    """Records of one partition, in offset order."""

    since = 0
    """From here on the log has nothing before the last record that is not here, or was not overtaken."""
    read = 0
    """How many records it was made of."""


def beginning_of(records: Sequence[Any]) -> int:
    """Return from which offset on nothing is missing before the last of `records`; they are not empty."""
    return records.since if isinstance(records, Run) else int(records[0].offset)


def read_for(records: Sequence[Any]) -> int:
    """Return how many records were read for `records`."""
    return records.read if isinstance(records, Run) else len(records)


def whole(tp: TopicPartition, record: Any) -> ConsumerRecord:
    """Return a record as Faust wants it."""
    return _consumer_record(_PLAIN, tp, record)


_consumer_record: Final = fetcher.PartitionRecords._consumer_record


class _Plain:
    """Stands in for aiokafka's reader of a partition, whose function asks it for these alone."""

    _key_deserializer = None
    _value_deserializer = None


_PLAIN: Final[Any] = _Plain()


class Reader(fetcher.PartitionRecords):  # type: ignore[misc]
    """aiokafka's reader of a partition, which leaves records as they were parsed where their topic is read in runs."""

    def _consumer_record(self, tp: TopicPartition, record: Any) -> Any:
        return record if tp.topic in _topics else super()._consumer_record(tp, record)


class _Result(fetcher.FetchResult):  # type: ignore[misc]
    """A fetch of a partition, handed on in runs."""

    _partition_records: Any

    def getall(self, max_records: int | None = None) -> Run:
        run = Run()
        most = maxsize if max_records is None else max_records
        tp = self._topic_partition
        if not self.check_assignment(tp) or not self.has_more():
            return run
        records = self._partition_records
        run.since = records.next_fetch_offset
        run += _newest(records, most, run) if _topics.get(tp.topic) else islice(records, most)
        run.read = max(run.read, len(run))
        self._update_position()
        if len(run) < most:
            self._partition_records = None
        return run


def _newest(records: Iterable[Any], most: int, run: Run) -> Iterable[Any]:
    """Return the last record of each key, `most` at most; `run` counts what was read."""
    newest: dict[bytes | None, Any] = {}
    for record in records:
        run.read += 1
        # Behind those that come before it: a dictionary would leave the newer one in the place of the older.
        newest.pop(record.key, None)
        newest[record.key] = record
        if len(newest) >= most:
            break
    return newest.values()


_topics: Final[dict[str, bool]] = {}
"""Topics that are read in runs -> whether they are changelogs."""


def install(topics: Mapping[str, bool]) -> None:
    """Let the consumers of this process read these topics in runs; the value tells whether one is a changelog."""
    _topics.update(topics)
    fetcher.FetchResult = _Result
